"""From a template and data to the bytes of a PDF, off the event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from shared.documents.coverage import FONTS, printable
from shared.http.problem import Problem, ServiceUnavailable

if TYPE_CHECKING:
    import typst

FRAME = Path(__file__).parent / "templates" / "frame.typ"
MOST_BYTES: Final = 4 * 1024 * 1024
"""Of the data: a document of some hundred pages."""
AT_ONCE: Final = 2
"""Documents typeset at the same time: each takes a core."""
MOST_WAITING: Final = 100
"""More are told to come again: nobody waits that long for a printer."""


class DocumentTooLarge(Problem):
    status = 413
    code = "document_too_large"
    title = "The document would be too large to print"
    title_zh = "文件过大，无法打印"


async def pdf(template: Path, data: Mapping[str, Any], *, made_at: datetime) -> bytes:
    """Typeset a document.

    The same template, data and ``made_at`` give the same bytes.

    Args:
        template: a Typst file that uses ``sheet`` of the shared frame and reads ``data``.
        data: JSON-like; every string is printed as it is, whatever it holds.
        made_at: when the document's facts were made; stands in the file's properties.

    Raises:
        DocumentTooLarge: more data than :data:`MOST_BYTES`.
        ServiceUnavailable: too many documents are asked for at once.
    """
    written = json.dumps(printable(dict(data)), ensure_ascii=False)
    if len(written.encode()) > MOST_BYTES:
        raise DocumentTooLarge("print fewer rows at once")
    async with _turn():
        return await asyncio.to_thread(_typeset, template, written, int(made_at.timestamp()))


def _typeset(template: Path, written: str, timestamp_s: int) -> bytes:
    import typst

    made = typst.compile(
        _source(template),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": written},
        format="pdf",
        timestamp=timestamp_s,
    )
    if not isinstance(made, bytes) or not made.startswith(b"%PDF-"):
        raise AssertionError("the typesetter gives one PDF")
    return made


@cache
def _source(template: Path) -> bytes:
    """The frame and the template as one source: no file is read while typesetting."""
    return FRAME.read_bytes() + b"\n" + template.read_bytes()


@cache
def _fonts() -> typst.Fonts:
    import typst

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONTS])


@dataclass
class _Queue:
    """Of one event loop: a semaphore belongs to the loop that made it."""

    gate: asyncio.Semaphore
    waiting: int = 0


_queues: WeakKeyDictionary[asyncio.AbstractEventLoop, _Queue] = WeakKeyDictionary()


@asynccontextmanager
async def _turn() -> AsyncIterator[None]:
    queue = _queues.setdefault(asyncio.get_running_loop(), _Queue(asyncio.Semaphore(AT_ONCE)))
    if queue.waiting >= MOST_WAITING:
        raise ServiceUnavailable("many documents are being printed; try again in a moment")
    queue.waiting += 1
    try:
        async with queue.gate:
            yield
    finally:
        queue.waiting -= 1
