"""Slowing down those who guess passwords, without locking out those who do not.

Failures count by user and by address. A few are free; after that each doubles the wait, up to a
quarter of an hour. Where a user has signed in before (same address), strangers' failures elsewhere
do not make him wait: otherwise anybody could keep a window clerk out. Everything is kept in memory
and bounded; a restart forgets it, and a restart is nothing that a guesser can cause.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from shared.clock import Clock

FREE_PER_USER = 5
FREE_PER_ADDRESS = 20
"""A hospital's windows often share one address."""
FIRST_WAIT_S = 5
LONGEST_WAIT_S = 900
FORGET_AFTER_S = 3_600
"""Without a failure for this long, counting starts anew."""
_REMEMBERED = 10_000
_MOST_DOUBLINGS = 16

_Mark = tuple[str, str, str]


@dataclass
class _Count:
    failures: int
    last_s: float


class GuessLimiter:
    """Counts failed attempts and says how long to wait."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counts: OrderedDict[_Mark, _Count] = OrderedDict()
        self._proven: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, user: str, address: str) -> int:
        """Start an attempt: 0 when it may be made, else the seconds to wait.

        An attempt counts as failed until :meth:`succeeded` says otherwise, so that many at the
        same moment are no way around the count.
        """
        now_s = self._clock.now().timestamp()
        with self._lock:
            wait_s = max(
                self._wait_s(mark, free, now_s) for mark, free in self._marks(user, address)
            )
            if wait_s > 0:
                return int(wait_s) + 1
            for mark, _ in self._marks(user, address):
                self._count(mark, now_s)
        return 0

    def succeeded(self, user: str, address: str) -> None:
        """The attempt that :meth:`begin` allowed was right."""
        with self._lock:
            for mark, _ in self._marks(user, address):
                if mark[0] != "address":
                    self._counts.pop(mark, None)
            # A guesser's own account must not clear what his address has done: one step back only.
            shared = self._counts.get(("address", "", address))
            if shared is not None:
                shared.failures = max(0, shared.failures - 1)
            self._proven.pop((user, address), None)
            self._proven[(user, address)] = None
            if len(self._proven) > _REMEMBERED:
                self._proven.popitem(last=False)

    def _marks(self, user: str, address: str) -> Iterator[tuple[_Mark, int]]:
        yield ("address", "", address), FREE_PER_ADDRESS
        if (user, address) in self._proven:
            yield ("user at address", user, address), FREE_PER_USER
        else:
            yield ("user", user, ""), FREE_PER_USER

    def _wait_s(self, mark: _Mark, free: int, now_s: float) -> float:
        count = self._counts.get(mark)
        if count is None or count.failures < free:
            return 0
        if now_s - count.last_s >= FORGET_AFTER_S:
            return 0
        doublings = min(count.failures - free, _MOST_DOUBLINGS)
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S << doublings)
        return max(0.0, count.last_s + wait_s - now_s)

    def _count(self, mark: _Mark, now_s: float) -> None:
        count = self._counts.pop(mark, None)
        if count is None or now_s - count.last_s >= FORGET_AFTER_S:
            count = _Count(0, now_s)
        self._counts[mark] = _Count(count.failures + 1, now_s)
        if len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
