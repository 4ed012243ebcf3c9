"""``yizhan vault``: the keys under which names and numbers are stored."""

from __future__ import annotations

import asyncio
import importlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from rich.table import Table

from deploy.cli.console import console, data_dir_of, end
from deploy.cli.reach import each_database
from shared.db.session import Database
from shared.runtime.settings import RuntimeSettings
from shared.security.crypto import (
    CiphertextMalformed,
    KeysFileMalformed,
    KeyUnknown,
    Vault,
    add_key,
)
from shared.security.files import SecretFileTooOpen
from shared.security.resealing import (
    Portion,
    RowsHeld,
    StillUnderOldKeys,
    reseal,
    values_by_key,
)

app = typer.Typer(no_args_is_help=True, add_completion=False)

Found = dict[str, Counter[str]]


@app.command("new-key")
def new_key() -> None:
    """Let a new key encrypt from now on; what old ones encrypted stays readable."""
    with _keys_file() as path:
        kid = add_key(path)
    console.print(
        f"{kid} encrypts from now on; running processes take it up within a second, containers when"
        " they are started anew. Keep a copy of the keys file elsewhere, then run: yizhan vault"
        " reencrypt",
        soft_wrap=True,
    )


@app.command()
def reencrypt() -> None:
    """Encrypt everything under the key in use, while the services go on; ends with the proof.

    May be stopped at any moment and started again. Exit code 1 when a value of another key is left.
    """
    left = 0
    with each_database() as databases:
        for service, url in databases.items():
            found, vault = asyncio.run(_reencrypt(service, url))
            left += _show(service, found, vault)
    if left:
        console.print(f"{left:,} values are left under other keys: start it again", soft_wrap=True)
        raise typer.Exit(1)
    console.print(
        "every value is under the key in use. The old keys are needed as long as a dump of before is"
        " kept.",
        soft_wrap=True,
    )


@app.command("list")
def list_keys() -> None:
    """How many values are under which key, counted in every column of bytes."""
    with each_database() as databases:
        for service, url in databases.items():
            found, vault = asyncio.run(_count(service, url))
            _show(service, found, vault)


async def _reencrypt(service: str, url: str) -> tuple[Found, Vault]:
    metadata = importlib.import_module(f"services.{service}.module").MODULE.metadata
    vault, database = _vault(), Database(url, service=service, pool_size=2)
    try:
        with _showing(service) as moved:
            try:
                await reseal(database, metadata, vault, moved=moved)
            except (StillUnderOldKeys, RowsHeld) as still:
                console.print(f"{service}: {still}", soft_wrap=True)
            except (KeyUnknown, CiphertextMalformed) as fault:
                # The proof counts what known keys opened: it would not see this value.
                end(f"{service}: {fault}")
        return await values_by_key(database, vault), vault
    finally:
        await database.close()


async def _count(service: str, url: str) -> tuple[Found, Vault]:
    vault, database = _vault(), Database(url, service=service, pool_size=2)
    try:
        return await values_by_key(database, vault), vault
    finally:
        await database.close()


def _vault() -> Vault:
    with _keys_file() as path:
        return Vault.from_file(path)


@contextmanager
def _keys_file() -> Iterator[Path]:
    """Where the keys are; what is wrong with the file is told in a sentence, and ends with 1."""
    settings = RuntimeSettings()
    path = settings.keys_file or data_dir_of(settings) / "keys.json"
    if not path.is_file():
        end(
            f"There is no keys file at {path}: set YIZHAN_KEYS_FILE, or YIZHAN_DATA_DIR to the"
            " folder that yizhan run uses."
        )
    try:
        yield path
    except (SecretFileTooOpen, KeysFileMalformed) as fault:
        end(str(fault))


@contextmanager
def _showing(service: str) -> Iterator[Callable[[Portion], None]]:
    """A bar for each table."""
    bar = Progress(
        TextColumn("  {task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    tasks: dict[str, TaskID] = {}

    def moved(portion: Portion) -> None:
        name = f"{service}.{portion.table}"
        if name not in tasks:
            tasks[name] = bar.add_task(name, total=portion.total)
        bar.update(tasks[name], completed=portion.done, total=portion.total)

    with bar:
        yield moved


def _show(service: str, found: Found, vault: Vault) -> int:
    """Print what is under which key; gives how many values are not under the one in use."""
    table = Table(service, *(_titled(each, vault) for each in vault.key_ids))
    for column, counts in found.items():
        table.add_row(column, *(f"{counts[each]:,}" for each in vault.key_ids))
    console.print(table)
    return sum(
        count for counts in found.values() for each, count in counts.items() if each != vault.active
    )


def _titled(key_id: str, vault: Vault) -> str:
    return f"{key_id} (in use)" if key_id == vault.active else key_id
