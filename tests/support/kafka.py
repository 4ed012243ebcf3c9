"""Kafka for tests: librdkafka's mock cluster in a process of its own, and a real one's address.

The mock speaks Kafka's protocol over real sockets: metadata, produce (idempotent), fetch, groups
with rebalances, offsets. It makes a topic when asked about it, and lets the first member of a new
group wait three seconds for others, as a real broker's default does.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REAL_KAFKA = os.environ.get("YIZHAN_TEST_KAFKA", "")
"""Bootstrap servers of a real Kafka; empty where there is none."""


@contextmanager
def mock_cluster(brokers: int = 3) -> Iterator[str]:
    """The bootstrap servers of a mock cluster that lives as long as the block."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.kafka", str(brokers)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        bootstrap = child.stdout.readline().strip()
        if not bootstrap:
            raise RuntimeError(f"the mock cluster ended with {child.wait(10)}")
        yield bootstrap
    finally:
        child.stdin.close()  # the child reads until then, also when this process is killed
        child.wait(10)
        child.stdout.close()


@contextmanager
def patient_group_leaders(delay_s: float = 0.1) -> Iterator[None]:
    """Let a group's leader wait a moment before it hands in the assignment.

    The mock refuses a follower that asks for its share after the leader has handed it in (error
    42); a real broker answers at any time. Only groups of several members need this.
    """
    from aiokafka.consumer.group_coordinator import CoordinatorGroupRebalance

    eager = CoordinatorGroupRebalance._on_join_leader

    async def patient(self: object, response: object) -> object:
        await asyncio.sleep(delay_s)
        return await eager(self, response)

    CoordinatorGroupRebalance._on_join_leader = patient
    try:
        yield
    finally:
        CoordinatorGroupRebalance._on_join_leader = eager


def serve_mock(brokers: int) -> None:
    """Run the mock cluster until standard input ends."""
    from confluent_kafka import Producer

    holder = Producer({"test.mock.num.brokers": brokers, "log_level": 2})
    addresses = holder.list_topics(timeout=20).brokers.values()
    sys.stdout.write(",".join(f"{each.host}:{each.port}" for each in addresses) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    serve_mock(int(sys.argv[1]))
