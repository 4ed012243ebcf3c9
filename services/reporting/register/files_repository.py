"""All SQL of evidence files; names and contents are encrypted."""

from __future__ import annotations

import hashlib
from uuid import UUID

from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import register_files
from services.reporting.register.files import EvidenceFile
from shared.db.session import ReadSession, WriteSession
from shared.security.crypto import Vault

_NAME = "register_files.name"
_CONTENT = "register_files.content"
_f = register_files.c
_TOLD = (
    _f.file_id,
    _f.item_id,
    _f.name_enc,
    _f.media_type,
    _f.size_bytes,
    _f.sha256,
    _f.added_at,
    _f.added_by,
)


class FileAltered(RuntimeError):
    """A file's content is not the one whose digest was kept when it was added."""


async def count(session: ReadSession, item_id: UUID) -> int:
    """How many files an item has."""
    counted = await session.scalar(
        select(func.count()).select_from(register_files).where(_f.item_id == item_id)
    )
    return int(counted or 0)


async def add(session: WriteSession, vault: Vault, file: EvidenceFile, content: bytes) -> bool:
    """Keep a file; False where the item has the same content already."""
    added = await session.scalar(
        insert(register_files)
        .values(
            file_id=file.file_id,
            item_id=file.item_id,
            name_enc=vault.encrypt(file.name, column=_NAME),
            media_type=file.media_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            content_enc=vault.encrypt_bytes(content, column=_CONTENT),
            added_at=file.added_at,
            added_by=file.added_by,
        )
        .on_conflict_do_nothing()
        .returning(_f.file_id)
    )
    return added is not None


async def of_item(session: ReadSession, vault: Vault, item_id: UUID) -> list[EvidenceFile]:
    """The files of an item without their contents, the oldest first."""
    found = await session.execute(
        select(*_TOLD).where(_f.item_id == item_id).order_by(_f.added_at, _f.file_id)
    )
    return [_file(vault, row) for row in found.mappings()]


async def content_of(
    session: ReadSession, vault: Vault, item_id: UUID, file_id: UUID
) -> tuple[EvidenceFile, bytes] | None:
    """A file of an item with its content; None: the item has no such file.

    Raises:
        FileAltered: somebody has put another content in its place.
    """
    found = await session.execute(
        select(*_TOLD, _f.content_enc).where(_f.item_id == item_id, _f.file_id == file_id)
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    content = vault.decrypt_bytes(row["content_enc"], column=_CONTENT)
    if hashlib.sha256(content).hexdigest() != row["sha256"]:
        raise FileAltered(f"the content of file {file_id} is not the one that was added")
    return _file(vault, row), content


def _file(vault: Vault, row: RowMapping) -> EvidenceFile:
    return EvidenceFile(
        file_id=row["file_id"],
        item_id=row["item_id"],
        name=vault.decrypt(row["name_enc"], column=_NAME),
        media_type=row["media_type"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
        added_at=row["added_at"],
        added_by=row["added_by"],
    )
