"""The signed file of a month: verified alone, and every changed byte is found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from services.reporting.month_closes import file
from services.reporting.month_closes.domain import due_on, end_of
from shared.security import signing

KEY = signing.new_key(file.PURPOSE)
HEAD = {"number": "511113-2016-05-1", "month": "2016-05", "figures": {"个人支付占比": "0.2132"}}
ROWS = [
    {"of_month": "2016-05", "dataset": "settled", "record_id": f"S{n}", "after": {"total_fen": n}}
    for n in range(3)
]
CONTENT, SHA256 = file.write(HEAD, ROWS, KEY)


def test_what_was_signed_verifies() -> None:
    """Goal: the same month gives the same bytes, and all of it is read back."""
    assert file.write(HEAD, ROWS, KEY) == (CONTENT, SHA256)
    found = file.verify(CONTENT)
    assert (found.number, found.rows, found.sha256) == (HEAD["number"], 3, SHA256)
    assert list(file.rows_of(CONTENT)) == ROWS
    assert file.verify(CONTENT, [signing.public(KEY)]) == found


def test_every_changed_byte_is_found() -> None:
    """Goal: no byte moves unseen. Method: each byte in turn gets another value; a line is
    dropped, doubled, moved; the end is cut; something is added."""
    for at in range(len(CONTENT)):
        altered = bytearray(CONTENT)
        altered[at] ^= 1
        with pytest.raises(file.FileAltered):
            file.verify(bytes(altered))
    lines = CONTENT.splitlines(keepends=True)
    for altered_lines in (
        [*lines[:1], *lines[2:]],
        [*lines[:2], lines[1], *lines[2:]],
        [lines[0], lines[2], lines[1], *lines[3:]],
        lines[:-1],
        [*lines, b"\n"],
        [*lines, lines[-1]],
        [],
    ):
        with pytest.raises(file.FileAltered):
            file.verify(b"".join(altered_lines))


def test_another_key_is_found_when_the_true_one_is_known() -> None:
    """Goal: who signs a forged month with his own key is found. Method: trusted keys."""
    forger = signing.new_key(file.PURPOSE)
    forged, _ = file.write(HEAD | {"figures": {}}, ROWS, forger)
    assert file.verify(forged).kid == forger.kid
    with pytest.raises(file.FileAltered, match="trusted"):
        file.verify(forged, [signing.public(KEY)])


def test_the_command_needs_no_service(tmp_path: Path) -> None:
    """Goal: an auditor with the file alone, who may compare its hash. Method: good, altered, and a
    stranger's key; a terminal of 80 columns."""
    month, keys = tmp_path / "month.jsonl", tmp_path / "keys.json"
    month.write_bytes(CONTENT)
    keys.write_text(json.dumps({"keys": [signing.public(signing.new_key("close"))]}))
    run = CliRunner().invoke
    known = run(app, ["reporting", "verify-close", str(month)], env={"COLUMNS": "80"})
    assert (known.exit_code, file.verify(CONTENT).sha256 in known.output) == (0, True)
    stranger = run(app, ["reporting", "verify-close", str(month), "--keys", str(keys)])
    assert (stranger.exit_code, "trusted" in stranger.output) == (1, True)
    month.write_bytes(CONTENT.replace(b"0.2132", b"0.0932"))
    assert run(app, ["reporting", "verify-close", str(month)]).exit_code == 1
    assert run(app, ["reporting", "verify-close", "nowhere"]).exit_code == 2


@pytest.mark.parametrize(
    ("month", "last", "due"),
    [
        ("2016-05", "2016-05-31", "2016-06-05"),
        ("2016-02", "2016-02-29", "2016-03-05"),
        ("2016-12", "2016-12-31", "2017-01-05"),
        ("2016-11", "2016-11-30", "2016-12-05"),
    ],
)
def test_ends_of_months(month: str, last: str, due: str) -> None:
    """Goal: the calendar. Method: a long, a leap, a year's last, and the month before it."""
    assert (str(end_of(month)), str(due_on(month, 5))) == (last, due)
