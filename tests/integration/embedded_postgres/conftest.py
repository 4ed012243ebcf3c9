import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.embedded import layout
from deploy.embedded.postgres import EmbeddedPostgres
from tests.integration.embedded_postgres.looking import FAST


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of ours that every account may pass through (pytest's own are closed)."""
    folder = Path(tempfile.mkdtemp(prefix="yizhan-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def system_folder(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What root would put below /var/lib goes into the test's own folder."""
    folder = open_folder / "system"
    monkeypatch.setattr(layout, "SYSTEM_FOLDER", folder)
    return folder


@pytest.fixture
def server(open_folder: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(open_folder / "data", settings=FAST) as running:
        yield running
