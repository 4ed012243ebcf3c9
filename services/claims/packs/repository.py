"""All SQL of the packs that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from services.claims.models import pack_versions
from shared.db.session import ReadSession, WriteSession


@dataclass(frozen=True)
class KeptVersion:
    """A version of a pack by which bills were settled."""

    pack: str
    version: str
    first_used_at: datetime


async def keep(
    session: WriteSession, pack: str, version: str, files: Mapping[str, str], at: datetime
) -> bool:
    """Keep a version's files; False when they are kept already."""
    inserted = await session.execute(
        insert(pack_versions)
        .values(pack=pack, version=version, files=dict(files), first_used_at=at)
        .on_conflict_do_nothing()
        .returning(pack_versions.c.version)
    )
    return inserted.scalar_one_or_none() is not None


async def files_of(session: ReadSession, pack: str, version: str) -> dict[str, str] | None:
    """The files of a version; None when no bill was settled by it."""
    found = await session.execute(
        select(pack_versions.c.files).where(
            pack_versions.c.pack == pack, pack_versions.c.version == version
        )
    )
    files: dict[str, str] | None = found.scalar_one_or_none()
    return files


async def versions_of(session: ReadSession, pack: str, *, limit: int) -> list[KeptVersion]:
    """The versions of a pack by which bills were settled, the newest first."""
    found = await session.execute(
        select(pack_versions.c.pack, pack_versions.c.version, pack_versions.c.first_used_at)
        .where(pack_versions.c.pack == pack)
        .order_by(pack_versions.c.first_used_at.desc())
        .limit(limit)
    )
    return [KeptVersion(row.pack, row.version, row.first_used_at) for row in found]
