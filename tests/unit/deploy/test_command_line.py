"""The list of commands is made without the code behind them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
import typer
from typer.testing import CliRunner

from deploy.cli.in_service import refusals_told
from deploy.cli.main import _GROUPS, app
from deploy.cli.reach import each_database, reached
from shared.http.problem import FieldFault, NotFound, Unprocessable
from shared.runtime.settings import SERVICES

SLOW = ("services", "sqlalchemy", "asyncpg", "aiokafka", "fastapi", "httpx")
HELP_AND_WHAT_IT_READ = f"""
import sys
from deploy.cli.main import app
app(["--help"], standalone_mode=False)
print("read:", [name for name in {SLOW} if name in sys.modules])
"""


def test_help_reads_no_service_and_no_driver() -> None:
    """Goal: `yizhan --help` and a mistyped command answer at once: with the services' code it took
    four seconds. Method: a process of its own, which says what it has imported."""
    told = subprocess.run(
        [sys.executable, "-c", HELP_AND_WHAT_IT_READ], capture_output=True, text=True, check=True
    )
    assert "read: []" in told.stdout
    for group in _GROUPS:
        assert f" {group} " in told.stdout


@pytest.mark.parametrize("group", _GROUPS)
def test_each_group_has_its_module(group: str) -> None:
    assert importlib.util.find_spec(f"deploy.cli.{group.replace('-', '_')}") is not None


def test_a_group_is_told_by_its_line_there_too() -> None:
    """Goal: the group's own help begins with the line of the list. Method: a light one."""
    told = CliRunner().invoke(app, ["users", "--help"])
    assert told.exit_code == 0
    assert _GROUPS["users"] in " ".join(told.output.split())
    assert "set-password" in told.output


def test_a_command_that_is_not_there_is_told() -> None:
    told = CliRunner().invoke(app, ["users", "nonsense"])
    assert (told.exit_code, "nonsense" in told.output) == (2, True)


def test_a_command_of_a_service_that_is_not_here_says_where_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Goal: in another service's container one sentence, no traceback. Method: the import ends as
    it does where the package is not."""

    def not_here(_name: str) -> None:
        raise ModuleNotFoundError("No module named 'services.claims'", name="services.claims")

    monkeypatch.setattr("deploy.cli.main.importlib.import_module", not_here)
    told = CliRunner().invoke(app, ["claims", "monitor"])
    assert told.exit_code == 1
    assert "run this in the container of claims" in " ".join(told.output.split())


def test_a_command_asks_the_databases_that_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: a container, which is told its own database's address, looks at no other."""
    for service in SERVICES:
        monkeypatch.delenv(f"{service.upper()}_DATABASE_URL", raising=False)
    assert reached() == SERVICES
    monkeypatch.setenv("CLAIMS_DATABASE_URL", "postgresql+asyncpg://claims@postgres/claims")
    assert reached() == ("claims",)
    with each_database() as found:
        assert list(found) == ["claims"]


def test_what_a_service_refuses_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Goal: an operator reads the cure in both languages, no traceback. Method: a refusal that
    names a field, and one that does not."""
    fault = FieldFault("to", "out_of_range", "give a later day", "请填写更晚的日期")
    for refusal, told in (
        (Unprocessable(errors=[fault]), "give a later day\n请填写更晚的日期\n"),
        (
            NotFound("take the id from the list"),
            f"take the id from the list\n{NotFound.title_zh}\n",
        ),
    ):
        with pytest.raises(typer.Exit) as ended, refusals_told():
            raise refusal
        assert ended.value.exit_code == 1
        assert capsys.readouterr().out == told
