"""``yizhan users``: what an operator does about people."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from shared.security.users import UsersFile

run = CliRunner()


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> UsersFile:
    monkeypatch.setenv("YIZHAN_USERS_FILE", str(tmp_path / "users.json"))
    return UsersFile.ensure(tmp_path / "users.json", "511113")[0]


def test_a_life_of_an_account(users: UsersFile) -> None:
    """Goal: add, give a password, close, open. Method: each command, then what the file says."""
    added = run.invoke(
        app,
        ["users", "add", "window-2", "--name-zh", "二号窗口", "--organisation", "facility:H1",
         "--scope", "identity:recognise", "--scope", "claims:settle"],
    )  # fmt: skip
    assert added.exit_code == 0, added.output
    first = added.output.strip().removeprefix("window-2: ")
    found = users.authenticate("window-2", first)
    assert found is not None
    assert (found.must_change, found.scopes) == (True, {"identity:recognise", "claims:settle"})
    second = run.invoke(app, ["users", "set-password", "window-2"]).output.strip().split(": ")[1]
    assert users.authenticate("window-2", first) is None
    assert users.authenticate("window-2", second) is not None
    assert run.invoke(app, ["users", "disable", "window-2"]).exit_code == 0
    assert users.authenticate("window-2", second) is None
    listed = run.invoke(app, ["users", "list"], env={"COLUMNS": "200"}).output
    assert "disabled" in listed
    assert second not in listed
    assert run.invoke(app, ["users", "enable", "window-2"]).exit_code == 0
    assert users.authenticate("window-2", second) is not None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["disable", "nobody"], "no user 'nobody'"),
        (["set-password", "nobody"], "no user 'nobody'"),
        (["enable", "nobody"], "no user 'nobody'"),
        (["add", "window", "--name-zh", "x", "--organisation", "facility:H1", "--scope",
          "claims:settle"], "exists"),
        (["add", "w", "--name-zh", "x", "--organisation", "facility:H1", "--scope", "all"],
         "unknown scopes all"),
        (["add", "W 2", "--name-zh", "x", "--organisation", "facility:H1", "--scope",
          "claims:settle"], "lower-case"),
    ],
)  # fmt: skip
def test_a_slip_is_told(users: UsersFile, arguments: list[str], told: str) -> None:
    """Goal: one sentence and status 1, and nothing changed. Method: each kind of slip."""
    before = users.path.read_bytes()
    answer = run.invoke(app, ["users", *arguments])
    assert answer.exit_code == 1
    assert told in answer.output
    assert users.path.read_bytes() == before


def test_without_a_file_the_way_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: no traceback before the first start. Method: a folder without the file."""
    monkeypatch.setenv("YIZHAN_USERS_FILE", str(tmp_path / "none.json"))
    answer = run.invoke(app, ["users", "list"])
    assert answer.exit_code == 1
    assert "yizhan run" in answer.output
