"""Buses that do what a test orders."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from shared.messaging.bus import BusUnavailable, Consumer, Outgoing


class HeldBus:
    """Takes records and answers for none until the test says so."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self._waiting: list[tuple[Outgoing, asyncio.Future[None]]] = []
        self.refuses: Callable[[Outgoing], Exception | None] = lambda _record: None
        self.acknowledges = False

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    def publish(self, records: Sequence[Outgoing]) -> list[asyncio.Future[None]]:
        futures = []
        for record in records:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            futures.append(future)
            self.sent.append(record)
            refusal = self.refuses(record)
            if refusal is not None:
                future.set_exception(refusal)
            elif self.acknowledges:
                future.set_result(None)
            else:
                self._waiting.append((record, future))
        return futures

    async def subscribe(self, group: str, topics: Sequence[str]) -> Consumer:
        raise BusUnavailable(f"{group} cannot read {topics} here")

    def acknowledge(self, *steps: str) -> None:
        """Say that the brokers hold the records with these values of ``added`` (all when none)."""
        for record, future in list(self._waiting):
            if not steps or step_of(record) in steps:
                self._waiting.remove((record, future))
                future.set_result(None)

    def fail(self) -> None:
        """All that wait fail at once, as when the brokers are gone."""
        waiting, self._waiting = self._waiting, []
        for _, future in waiting:
            future.set_exception(BusUnavailable("gone"))

    def steps(self) -> list[str]:
        """Key and step of everything handed over, in order."""
        return [f"{record.key}:{step_of(record)}" for record in self.sent]


def step_of(record: Outgoing) -> str:
    return record.headers["ce_sequence"]
