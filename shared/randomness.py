"""Random bytes from the operating system, drawn in blocks.

Each call of ``os.urandom`` lets go of the interpreter; while a roster is encrypted in one thread and
written in another, getting it back took longer than the encryption. Keys and secrets do not come
from here: they are drawn singly, with :mod:`secrets`.
"""

from __future__ import annotations

import os
import threading

_BLOCK_BYTES = 65_536


class _Blocks:
    """Hands out each byte once."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew: a forked process must not hand out what its parent hands out."""
        self._lock = threading.Lock()
        self._block = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        with self._lock:
            end = self._at + count
            if end > len(self._block):
                self._block, self._at, end = os.urandom(max(_BLOCK_BYTES, count)), 0, count
            taken = self._block[self._at : end]
            self._at = end
            return taken


_blocks = _Blocks()
os.register_at_fork(after_in_child=_blocks.forget)

random_bytes = _blocks.take
"""So many random bytes, as good as ``os.urandom``'s."""
