"""Commands about a database that is not there: a sentence with the cure, and nothing is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from shared.runtime.settings import SERVICES
from shared.security.clients import ClientsFile
from shared.security.files import write_secret_file
from tests.support.postgres import database
from tests.support.process import free_port

run = CliRunner()
COMMANDS = (
    ["audit", "verify"],
    ["dead-letters", "list"],
    ["outbox", "list"],
    ["ledger", "verify"],
    ["contracts", "plan"],
    ["vault", "list"],
)


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("YIZHAN_DATA_DIR", str(tmp_path / "data"))
    for service in SERVICES:
        monkeypatch.delenv(f"{service.upper()}_DATABASE_URL", raising=False)
    return tmp_path / "data"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_without_a_database(command: list[str], data_dir: Path) -> None:
    """Goal: a wrong folder is told, no new cluster is made there. Method: an empty one."""
    told = run.invoke(app, command)
    assert told.exit_code == 1, told.output
    assert isinstance(told.exception, SystemExit)
    assert "There is no database in" in told.output
    assert "YIZHAN_DATA_DIR" in told.output
    assert not data_dir.exists()


@pytest.mark.parametrize("command", [["rebuild"], ["reporting", "reconcile"]], ids=" ".join)
def test_a_server_that_does_not_answer(command: list[str], data_dir: Path) -> None:
    """Goal: a server that is down is told. Method: no clients file yet, then no server."""
    told = run.invoke(app, command)
    assert (told.exit_code, "no clients file" in told.output) == (1, True), told.output
    data_dir.mkdir()
    ClientsFile.ensure(data_dir / "clients.json", "511113")
    told = run.invoke(app, [*command, "--base-url", f"http://127.0.0.1:{free_port()}"])
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, "start the server" in told.output) == (1, True), told.output


@pytest.mark.parametrize("command", COMMANDS[:2], ids=" ".join)
def test_a_database_that_does_not_answer(
    command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: a wrong address is told. Method: a port on which nobody listens."""
    for service in SERVICES:
        address = f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/none"
        monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", address)
    told = run.invoke(app, command)
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, "does not answer" in told.output) == (1, True), told.output


@pytest.mark.parametrize("command", COMMANDS[:2], ids=" ".join)
def test_a_database_without_tables(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: one that was never migrated is told, with the command. Method: an empty database."""
    with database() as url:
        for service in SERVICES:
            monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", url)
        told = run.invoke(app, command)
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, "yizhan migrate" in told.output) == (1, True), told.output


@pytest.mark.parametrize(
    "command",
    [["reporting", "check-sums"], ["contracts", "plan"], ["identity", "rotate-card-key"]],
    ids=" ".join,
)
def test_a_database_without_its_keys(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: whoever names a database of the cluster and not its keys is told which setting lacks.
    Method: the address alone."""
    for service in SERVICES:
        monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", "postgresql+asyncpg://nobody@h/none")
    told = run.invoke(app, command)
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, "YIZHAN_KEYS_FILE" in told.output) == (1, True), told.output


@pytest.mark.parametrize("command", [["new-key"], ["list"], ["reencrypt"]], ids=" ".join)
def test_a_keys_file_that_is_not_there(
    command: list[str], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: a wrong folder and a file of something else are told, and no key is made. Method: an
    empty folder, then a file that holds no keys."""
    for service in SERVICES:
        monkeypatch.setenv(f"{service.upper()}_DATABASE_URL", "postgresql+asyncpg://nobody@h/none")
    data_dir.mkdir()
    told = run.invoke(app, ["vault", *command])
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, "no keys file" in told.output) == (1, True), told.output
    assert list(data_dir.iterdir()) == []
    write_secret_file(data_dir / "keys.json", b"{}", replace=False)
    told = run.invoke(app, ["vault", *command])
    assert isinstance(told.exception, SystemExit), told.exception
    assert (told.exit_code, "is not a keys file" in told.output) == (1, True), told.output
