"""Where packs lie, and which version of one is at hand.

A pack is a folder of YAML files named by its id. The bundled packs lie in ``deploy/packs`` beside
this package's parent, in a checkout and in a container alike; further folders may be added.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from shared.policy.errors import PackUnknown

BUNDLED_PACKS = Path(__file__).resolve().parents[2] / "deploy" / "packs"
PACK_FILE = "pack.yaml"
_PACK_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")


def pack_folders(
    extra_dirs: Iterable[Path] = (), *, bundled: Path | None = BUNDLED_PACKS
) -> dict[str, Path]:
    """Pack id to folder. An extra folder's pack stands before a bundled one of the same id."""
    found: dict[str, Path] = {}
    roots = [*extra_dirs, *([bundled] if bundled is not None else [])]
    for root in roots:
        if not root.is_dir():
            continue
        for folder in sorted(root.iterdir()):
            if _PACK_ID.fullmatch(folder.name) and (folder / PACK_FILE).is_file():
                found.setdefault(folder.name, folder)
    return found


def find_pack(
    pack_id: str, extra_dirs: Iterable[Path] = (), *, bundled: Path | None = BUNDLED_PACKS
) -> Path:
    """The pack's folder.

    Raises:
        PackUnknown: no such pack.
    """
    folders = pack_folders(extra_dirs, bundled=bundled)
    if pack_id not in folders:
        raise PackUnknown(pack_id, folders)
    return folders[pack_id]


def content_hash(folder: Path) -> str:
    """The pack's version: SHA-256 (hex) over the names and texts of its YAML files.

    Line ends are made one kind first, so that a checkout on another system has the same version.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml"), key=lambda p: p.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix().encode()
        text = path.read_bytes().replace(b"\r\n", b"\n")
        digest.update(len(name).to_bytes(4, "big") + name + len(text).to_bytes(8, "big") + text)
    return digest.hexdigest()
