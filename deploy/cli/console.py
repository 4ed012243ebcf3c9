"""What the command line shares: its console, its settings, its data folder."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from deploy.embedded.databases import default_data_dir
from shared.policy.region import RegionPack, load_region
from shared.runtime.settings import RuntimeSettings

console = Console(highlight=False)


def data_dir_of(settings: RuntimeSettings) -> Path:
    """The embedded data folder: ``YIZHAN_DATA_DIR``, else the user's own."""
    return (settings.data_dir or default_data_dir()).expanduser().absolute()


def clients_file_of(settings: RuntimeSettings) -> Path:
    return settings.clients_file or data_dir_of(settings) / "clients.json"


def region_of(settings: RuntimeSettings) -> RegionPack:
    extra = () if settings.packs is None else (settings.packs,)
    return load_region(settings.pack, extra)
