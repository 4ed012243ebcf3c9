"""What the command line shares and every command can afford: its console, its files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console

from deploy.embedded.layout import default_data_dir
from shared.runtime.settings import RuntimeSettings

console = Console(highlight=False)


def data_dir_of(settings: RuntimeSettings) -> Path:
    """The embedded data folder: ``YIZHAN_DATA_DIR``, else the user's own."""
    return (settings.data_dir or default_data_dir()).expanduser().absolute()


def clients_file_of(settings: RuntimeSettings) -> Path:
    return settings.clients_file or data_dir_of(settings) / "clients.json"


def users_file_of(settings: RuntimeSettings) -> Path:
    return settings.users_file or data_dir_of(settings) / "users.json"


def end(sentence: str) -> NoReturn:
    """Say why nothing more is done, and end the program with 1."""
    console.print(sentence, soft_wrap=True, markup=False)
    raise typer.Exit(1) from None


def write_private(target: Path, content: bytes) -> None:
    """Write a file that tells of people: for its owner alone, from its first byte."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
