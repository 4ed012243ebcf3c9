"""Where packs lie, and which version of one is at hand.

A pack is a folder of YAML files named by its id. The bundled packs lie in ``deploy/packs`` beside
this package's parent, in a checkout and in a container alike; further folders may be added. A pack
that was sent, or kept from an earlier year, is a folder in memory.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO, Any

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


class MemoryFile(Traversable):
    """A file of a folder in memory."""

    def __init__(self, name: str, content: bytes) -> None:
        self._name = name
        self._content = content

    @property
    def name(self) -> str:
        return self._name

    def is_dir(self) -> bool:
        return False

    def is_file(self) -> bool:
        return True

    def iterdir(self) -> Iterator[Traversable]:
        raise NotADirectoryError(self._name)

    def joinpath(self, *parts: Any) -> Traversable:  # noqa: ARG002
        raise NotADirectoryError(self._name)

    def read_bytes(self) -> bytes:
        return self._content

    def read_text(self, encoding: str | None = None) -> str:
        return self._content.decode(encoding or "utf-8")

    def open(self, mode: str = "r", *args: Any, **kwargs: Any) -> IO[Any]:
        file = io.BytesIO(self._content)
        return file if "b" in mode else io.TextIOWrapper(file, *args, **kwargs)


class MemoryFolder(Traversable):
    """A flat folder in memory: file name to content. Nothing outside it can be named."""

    def __init__(self, name: str, files: Mapping[str, bytes]) -> None:
        self._name = name
        self._files = {key: MemoryFile(key, files[key]) for key in sorted(files)}

    @property
    def name(self) -> str:
        return self._name

    def is_dir(self) -> bool:
        return True

    def is_file(self) -> bool:
        return False

    def iterdir(self) -> Iterator[Traversable]:
        return iter(self._files.values())

    def joinpath(self, *parts: Any) -> Traversable:
        name = "/".join(str(part) for part in parts)
        if name not in self._files:
            raise FileNotFoundError(name)
        return self._files[name]

    def read_bytes(self) -> bytes:
        raise IsADirectoryError(self._name)

    def read_text(self, encoding: str | None = None) -> str:  # noqa: ARG002
        raise IsADirectoryError(self._name)

    def open(self, mode: str = "r", *args: Any, **kwargs: Any) -> IO[Any]:  # noqa: ARG002
        raise IsADirectoryError(self._name)


def yaml_files(folder: Traversable, *, below: str = "") -> dict[str, bytes]:
    """The YAML files of a pack by their path inside it, in the order of the paths."""
    found: dict[str, bytes] = {}
    for entry in folder.iterdir():
        path = f"{below}{entry.name}"
        if entry.is_dir():
            found |= yaml_files(entry, below=f"{path}/")
        elif entry.name.endswith(".yaml"):
            found[path] = entry.read_bytes()
    return dict(sorted(found.items()))


def content_hash(folder: Traversable) -> str:
    """The pack's version: SHA-256 (hex) over the names and texts of its YAML files.

    Line ends are made one kind first, so that a checkout on another system has the same version.
    """
    digest = hashlib.sha256()
    for path, content in yaml_files(folder).items():
        name, text = path.encode(), content.replace(b"\r\n", b"\n")
        digest.update(len(name).to_bytes(4, "big") + name + len(text).to_bytes(8, "big") + text)
    return digest.hexdigest()
