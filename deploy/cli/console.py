"""What the command line shares: its console, its settings, its data folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from deploy.embedded.databases import (
    Databases,
    databases,
    default_data_dir,
    of_running_server,
)
from deploy.embedded.errors import DataDirInUse
from shared.runtime.settings import RuntimeSettings

console = Console(highlight=False)


def data_dir_of(settings: RuntimeSettings) -> Path:
    """The embedded data folder: ``YIZHAN_DATA_DIR``, else the user's own."""
    return (settings.data_dir or default_data_dir()).expanduser().absolute()


def clients_file_of(settings: RuntimeSettings) -> Path:
    return settings.clients_file or data_dir_of(settings) / "clients.json"


@contextmanager
def reach_databases() -> Iterator[Databases]:
    """Every service's database: of the server that runs on the data folder, or started for this."""
    data_dir = data_dir_of(RuntimeSettings())
    try:
        with databases(data_dir) as found:
            yield found
    except DataDirInUse:
        yield of_running_server(data_dir)
