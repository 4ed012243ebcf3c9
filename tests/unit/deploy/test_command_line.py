"""The list of commands is made without the code behind them."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from deploy.cli.main import _GROUPS, app

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
