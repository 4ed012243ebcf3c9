"""The order of the suite, what chance must not decide in it, and what every test puts back."""

import faulthandler
import logging
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog
from _pytest.faulthandler import fault_handler_stderr_fd_key, get_timeout_config_value
from hypothesis import HealthCheck, settings

# A worker of pytest-xdist has the width of its parent's terminal; commands under test would keep it.
os.environ.pop("COLUMNS", None)
# The suite starts the product again and again: compiled once, also where the shell says otherwise.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Which reviews a second person decides too, and which probable answers are looked at, is drawn by
# the ids of the day: tests that are about it set the shares themselves.
os.environ["IDENTITY_DOUBLE_REVIEW_SHARE"] = "0"
os.environ["IDENTITY_PROBABLE_SAMPLE_SHARE"] = "0"
# The night's plan runs at a start and makes tasks of the real day: tests that are about it call it.
os.environ["CONTRACTS_PLAN_DAILY"] = "0"

# A busy machine is no fault: neither a deadline nor a check on how fast examples are drawn. Fifty
# examples a run; every run draws others, except where a change is judged by one run alone.
settings.register_profile(
    "house",
    deadline=None,
    max_examples=50,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")

TESTS = Path(__file__).parent
SLOW_FIRST = ("reliability", "e2e", "bench", "transport", "integration", "contract")
"""The folders with the longest tests first: what is left at the end can be shared out evenly."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the folders; within each, the order stays."""
    rank = {folder: place for place, folder in enumerate(SLOW_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.relative_to(TESTS).parts[0], len(rank)))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Watch what comes after a failure too: pytest ends its watch there, for a debugger, and an
    event loop that waits at its end for a task without one would hang the run."""
    if seconds := get_timeout_config_value(item.config):
        stderr = item.config.stash[fault_handler_stderr_fd_key]
        faulthandler.dump_traceback_later(seconds, file=stderr, exit=True)
    return (yield)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A host or command that a test runs in this process configures logging, for all to come."""
    root = logging.getLogger()
    level = root.level
    yield
    ours = [handler for handler in root.handlers if getattr(handler, "yizhan", False)]
    if ours:
        for handler in ours:
            root.removeHandler(handler)
        root.setLevel(level)
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
