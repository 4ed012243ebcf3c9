"""A line between a client and a server that can be cut: with a word, or without one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_BYTES = 1 << 16


class Line:
    """Passes bytes on both ways until it is cut.

    ``cut`` ends every connection and refuses new ones, as a proxy that restarts. ``pull`` lets
    every connection stand and passes nothing on, as a pulled cable. ``mend`` lets new connections
    through; those that were pulled stay silent.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._whole = asyncio.Event()
        self._whole.set()
        self._refusing = False
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    def cut(self) -> None:
        self._refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def pull(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._refusing = False
        self._whole = asyncio.Event()
        self._whole.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        whole = self._whole
        there, back = await asyncio.open_connection("127.0.0.1", self._target_port)
        ours = {writer, back}
        self._writers |= ours
        try:
            await asyncio.gather(_pass(reader, back, whole), _pass(there, writer, whole))
        finally:
            self._writers -= ours
            for each in ours:
                each.transport.abort()


async def _pass(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, whole: asyncio.Event
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_BYTES):
            await whole.wait()
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    """A line to a port of this machine."""
    line = Line(port)
    server = await asyncio.start_server(line.accept, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        line.cut()
