"""Identifiers: UUID version 7 (RFC 9562), ordered by time, so that an index grows at its end."""

from __future__ import annotations

import threading
import time
from uuid import UUID

from shared.randomness import random_bytes

_lock = threading.Lock()
_last_ms = 0
_counter = 0
_COUNTER_BITS = 12


def new_id() -> UUID:
    """A new UUIDv7; within one process strictly increasing."""
    global _last_ms, _counter  # noqa: PLW0603 - the monotonic counter is the point
    with _lock:
        now_ms = time.time_ns() // 1_000_000
        if now_ms > _last_ms:
            _last_ms, _counter = now_ms, random_bytes(1)[0]
        else:
            _counter += 1
            if _counter >> _COUNTER_BITS:
                _last_ms, _counter = _last_ms + 1, 0
        stamp_ms, sequence = _last_ms, _counter
    random = int.from_bytes(random_bytes(8), "big") & ((1 << 62) - 1)
    return UUID(int=(stamp_ms << 80) | (0x7 << 76) | (sequence << 64) | (0b10 << 62) | random)
