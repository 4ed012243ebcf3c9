"""Python processes that compute beside this one: a long list is worked on by every core.

A helper is begun for one function, which it is given by name, and lives no longer than what uses
it; a list that is short is worked on right here. What goes to a helper and comes back is pickled
and goes through a pair of sockets that nobody else can open, never through a file. A helper whose
parent is gone reads the end of its socket and ends, also after a kill -9.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager
from itertools import chain, islice
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_SIZE = struct.Struct("!Q")
_PROGRAM = "from shared.runtime.helpers import serve; serve()"
_FEW_PIECES = 4
"""So many are done here sooner than a helper is ready."""
_AHEAD = 2
"""Pieces under way for each helper: one that it works on, one that waits."""
_ENDS_WITHIN_S = 5.0


class HelperFailed(RuntimeError):
    """The helper's function raised, or the helper is gone; the message names no value."""


class HelperGone(HelperFailed):
    """The process was ended from outside, as one that takes too much memory is; the next may do."""


def spare_cores(wanted: int) -> int:
    """How many helpers are worth it: none where there is a single core."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return min(wanted, cores) if cores > 1 else 0


class Helper(Generic[T, R]):
    """One process that computes ``function``, one piece at a time.

    ``function`` is a function of a module, or a ``partial`` of one. What its module imports is
    what the helper takes to be ready: some 0.1 s for the standard library and little else.
    """

    def __init__(self, function: Callable[[T], R]) -> None:
        first = _packed(function)
        ours, theirs = socket.socketpair()
        self._socket = ours
        self._one_at_a_time = threading.Lock()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own arguments
                [sys.executable, "-c", _PROGRAM],
                stdin=theirs.fileno(),
                env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        try:
            self._send(first)
        except HelperGone:
            self.close()
            raise

    def __call__(self, piece: T) -> R:
        """What ``function`` gives for the piece.

        Raises:
            HelperFailed: it raised; HelperGone: the process was ended from outside.
        """
        with self._one_at_a_time:
            self._send(_packed(piece))
            try:
                found, result = _received(self._socket)
            except (EOFError, OSError):
                raise _gone() from None
        if not found:
            raise HelperFailed(f"a helper process failed: {result}")
        return result  # type: ignore[no-any-return] # what the function gave

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the process end; waits for it, and nobody may still wait for a result."""
        self._socket.close()
        try:
            self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _send(self, packed: bytes) -> None:
        try:
            _sent(self._socket, packed)
        except OSError:
            raise _gone() from None


@asynccontextmanager
async def helping(
    function: Callable[[T], R], *, pieces: int, helpers: int
) -> AsyncIterator[Callable[[T], R]]:
    """A helper for ``function`` while the block runs; the function itself for few pieces.

    Its end is waited for in a thread: the loop serves others meanwhile.
    """
    if not helpers or pieces <= _FEW_PIECES:
        yield function
        return
    helper = Helper(function)
    try:
        yield helper
    finally:
        await asyncio.shield(asyncio.to_thread(helper.close))


def spread(function: Callable[[T], R], pieces: Iterable[T], *, helpers: int) -> Iterator[R]:
    """``function`` of each piece, in order, by so many helpers; few pieces are done right here.

    The pieces are taken from this thread, not many more than are under way.

    Raises:
        HelperFailed: as :class:`Helper`.
    """
    coming = iter(pieces)
    first = list(islice(coming, _FEW_PIECES + 1))
    if not helpers or len(first) <= _FEW_PIECES:
        yield from map(function, chain(first, coming))
        return
    with ExitStack() as stack:
        idle = deque(stack.enter_context(Helper(function)) for _ in range(helpers))
        threads = stack.enter_context(ThreadPoolExecutor(helpers, "helper"))
        under_way: deque[Future[R]] = deque()

        def work(piece: T) -> R:
            # As many threads as helpers: there is one for each.
            helper = idle.popleft()
            try:
                return helper(piece)
            finally:
                idle.append(helper)

        try:
            for piece in chain(first, coming):
                under_way.append(threads.submit(work, piece))
                if len(under_way) >= helpers * _AHEAD:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()


def _gone() -> HelperGone:
    return HelperGone("a helper process is gone; was it killed for its memory?")


def serve() -> None:
    """The helper's side: the function first, then piece by piece until the parent is gone."""
    # Ctrl-C reaches the whole group of processes; the parent ends us when it is done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Pieces come and go whole; looking for cycles in them takes a quarter of the time.
    gc.disable()
    with socket.socket(fileno=os.dup(0)) as parent:
        try:
            function: Callable[[Any], Any] = _received(parent)
            while True:
                _sent(parent, _packed(_answer(function, _received(parent))))
        except (EOFError, OSError):
            return


def _answer(function: Callable[[Any], Any], piece: Any) -> tuple[bool, Any]:
    try:
        return True, function(piece)
    except Exception as error:  # noqa: BLE001 - told to the parent, who raises it
        # Its kind and place alone: its words may hold a value of the piece.
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else ""
        return False, f"{type(error).__name__} at {where}"


def _packed(content: object) -> bytes:
    return pickle.dumps(content, protocol=pickle.HIGHEST_PROTOCOL)


def _sent(to: socket.socket, packed: bytes) -> None:
    to.sendall(_SIZE.pack(len(packed)))
    to.sendall(packed)


def _received(source: socket.socket) -> Any:
    """One content; taken whole, since each call lets go of the interpreter."""
    (size,) = _SIZE.unpack(_exactly(source, _SIZE.size))
    return pickle.loads(_exactly(source, size))  # noqa: S301 - from our own process


def _exactly(source: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        count = source.recv_into(view[got:], size - got, socket.MSG_WAITALL)
        if not count:
            raise EOFError
        got += count
    return data
