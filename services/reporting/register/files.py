"""Evidence files: which kinds may be kept, told by what is in them and not by their name. Pure.

A file is kept to be looked at, never to be run: documents that carry macros are refused, and what
is given back is always a download.
"""

from __future__ import annotations

import io
import unicodedata
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

MediaKind = Literal["pdf", "jpeg", "png", "xlsx", "docx"]

MEDIA_TYPES: Final[Mapping[MediaKind, str]] = {
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
ENDINGS: Final[Mapping[MediaKind, tuple[str, ...]]] = {
    "pdf": (".pdf",),
    "jpeg": (".jpg", ".jpeg"),
    "png": (".png",),
    "xlsx": (".xlsx",),
    "docx": (".docx",),
}
"""The endings of a kind; the first is given to what is downloaded."""
MOST_NAME_CHARS: Final = 120
MOST_PARTS: Final = 5_000
"""Of a workbook or document; none has so many, an attack has."""
_BEGINNINGS: Final[Mapping[bytes, MediaKind]] = {
    b"%PDF-": "pdf",
    b"\xff\xd8\xff": "jpeg",
    b"\x89PNG\r\n\x1a\n": "png",
}
_ZIP: Final = b"PK\x03\x04"
_MAIN_PARTS: Final[Mapping[str, MediaKind]] = {
    "xl/workbook.xml": "xlsx",
    "word/document.xml": "docx",
}
_CONTENT_TYPES: Final = "[Content_Types].xml"
_MACROS: Final = ("vbaproject.bin", "vbadata.xml")


class FileKindRefused(ValueError):
    """None of the kinds that are kept, or its name says another."""


class FileHoldsMacros(ValueError):
    """A workbook or document with a program in it."""


@dataclass(frozen=True)
class EvidenceFile:
    """A file that is kept, without its content."""

    file_id: UUID
    item_id: UUID
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    """Of the content as it was sent, in hexadecimal digits."""
    added_at: datetime
    added_by: str


def kind_of(name: str, content: bytes) -> MediaKind:
    """What a file is by its first bytes and its parts; its name has to agree.

    Raises:
        FileKindRefused, FileHoldsMacros.
    """
    kind = next((k for begins, k in _BEGINNINGS.items() if content.startswith(begins)), None)
    if kind is None and content.startswith(_ZIP):
        kind = _office_kind(content)
    if kind is None:
        raise FileKindRefused("keep a PDF, JPEG, PNG, XLSX or DOCX file")
    if not name.lower().endswith(ENDINGS[kind]):
        raise FileKindRefused(
            f"the content is {kind.upper()}, the name says another: it ends with "
            f"{' or '.join(ENDINGS[kind])}"
        )
    return kind


def _office_kind(content: bytes) -> MediaKind | None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            names = parts.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        # No archive whose parts can be listed (cut off, of a version zipfile does not know) is
        # no office document; kind_of refuses it with a sentence.
        return None
    if len(names) > MOST_PARTS or _CONTENT_TYPES not in names:
        return None
    if any(name.lower().endswith(_MACROS) for name in names):
        raise FileHoldsMacros("it carries macros: save it without them")
    kinds = {kind for main, kind in _MAIN_PARTS.items() if main in names}
    return kinds.pop() if len(kinds) == 1 else None


def tidy_name(name: str) -> str:
    """The name without folders and unprintable signs, short enough to be shown; its ending stays."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    if len(shown) <= MOST_NAME_CHARS:
        return shown
    stem, dot, ending = shown.rpartition(".")
    return f"{stem[: MOST_NAME_CHARS - len(ending) - 1]}{dot}{ending}"[:MOST_NAME_CHARS]
