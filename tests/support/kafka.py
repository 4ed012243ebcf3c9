"""Kafka for tests: librdkafka's mock cluster in a process of its own, and a real one's address.

The mock speaks Kafka's protocol over real sockets: metadata, produce (idempotent), fetch, groups
with rebalances, offsets. It makes a topic when asked about it. The first member of a new group waits
a moment for others; a real broker's three seconds would only make the suite longer.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

REAL_KAFKA = os.environ.get("YIZHAN_TEST_KAFKA", "")
"""Bootstrap servers of a real Kafka; empty where there is none."""
GROUP_DELAY_MS = 200
_PRODUCER = 0
_SIZE = ctypes.c_size_t


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
    """Run the mock cluster until standard input ends.

    The Python client can start one, but not set its group's delay: this calls the C library.
    """
    from confluent_kafka import cimpl

    library = ctypes.CDLL(cimpl.__file__)  # its symbols include those of the librdkafka it uses
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "rd_kafka_conf_new": (ctypes.c_void_p, []),
        "rd_kafka_conf_set": (ctypes.c_int, [ctypes.c_void_p, *[ctypes.c_char_p] * 3, _SIZE]),
        "rd_kafka_new": (ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, _SIZE]),
        "rd_kafka_mock_cluster_new": (ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_int]),
        "rd_kafka_mock_cluster_bootstraps": (ctypes.c_char_p, [ctypes.c_void_p]),
        "rd_kafka_mock_group_initial_rebalance_delay_ms": (None, [ctypes.c_void_p, ctypes.c_int32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    reason = ctypes.create_string_buffer(512)
    settings = library.rd_kafka_conf_new()
    if library.rd_kafka_conf_set(settings, b"log_level", b"2", reason, len(reason)) != 0:
        raise RuntimeError(reason.value.decode())
    client = library.rd_kafka_new(_PRODUCER, settings, reason, len(reason))
    if not client:
        raise RuntimeError(reason.value.decode())
    cluster = library.rd_kafka_mock_cluster_new(client, brokers)
    library.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, GROUP_DELAY_MS)
    sys.stdout.write(library.rd_kafka_mock_cluster_bootstraps(cluster).decode() + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    serve_mock(int(sys.argv[1]))
