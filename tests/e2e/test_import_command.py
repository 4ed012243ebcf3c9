"""The operator's command that imports a roster, against the running product."""

from __future__ import annotations

from pathlib import Path

from openpyxl import load_workbook
from typer.testing import CliRunner

from deploy.cli.main import app
from tests.support.people import NEIGHBOUR, PATIENT, roster_csv
from tests.support.process import Yizhan
from tests.support.product import product


def yizhan_import(running: Yizhan, *arguments: str, answer: str = "") -> tuple[int, str]:
    done = CliRunner().invoke(
        app,
        ["identity", "import", *arguments],
        env={**running.environment, "COLUMNS": "200"},
        input=answer,
    )
    return done.exit_code, done.output


def test_one_uploads_and_another_applies(tmp_path: Path) -> None:
    """Goal: a roster gets in by two commands, and its faults into a file to send back.

    Method: two people, one of them with a mistyped number; the first answer to "are the figures
    right" is no.
    """
    roster = tmp_path / "roster.csv"
    wrong = NEIGHBOUR.number[:-1] + ("1" if NEIGHBOUR.number[-1] != "1" else "2")
    roster.write_bytes(
        roster_csv(PATIENT, NEIGHBOUR).replace(NEIGHBOUR.number.encode(), wrong.encode())
    )
    given = (str(roster), "--source", "poverty_office", "--effective-on", "2016-01-01")
    with product(tmp_path / "data") as running:
        running.start()
        code, said = yizhan_import(running, *given, "--mode", "full")
        assert code == 0, said
        faults = load_workbook(tmp_path / "roster-errors.xlsx").active
        assert faults is not None
        assert faults.max_row == 2
        assert (tmp_path / "roster-errors.xlsx").stat().st_mode & 0o777 == 0o600
        assert wrong not in said
        import_id = said.split("--apply ")[1].split()[0]
        path = f"/identity/v1/roster-imports/{import_id}"

        code, _ = yizhan_import(running, "--apply", import_id, answer="n\n")
        status = running.call("GET", path, client="poverty-office").json()["status"]
        assert (code, status) == (1, "validated")

        code, said = yizhan_import(running, "--apply", import_id, answer="y\n")
        assert code == 0, said
        status = running.call("GET", path, client="poverty-office").json()["status"]
        assert status == "applied"
        code, said = yizhan_import(running, "--apply", import_id)
        assert code == 0
        assert "applied already" in said

        code, said = yizhan_import(running, *given[:-1], "2099-01-01")
        assert code == 1
        assert "effective_on" in said
        code, said = yizhan_import(running, *given, "--client", "hospital")
        assert code == 1
        assert "scope" in said
    code, said = yizhan_import(running, *given)
    assert code == 1
    assert "does not answer" in said
