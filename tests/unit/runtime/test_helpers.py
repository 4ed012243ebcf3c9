"""Helper processes: the same results in the same order, and none is left behind."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from shared.runtime.helpers import Helper, HelperFailed, HelperGone, helping, spread
from tests.support.process import eventually


def described(word: str, number: int) -> tuple[str, int]:
    """A result that tells by which process it was made."""
    if number < 0:
        raise ValueError(word)
    return word * number, os.getpid()


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1][1] != "Z"
    except OSError:
        return False


def test_results_come_in_order_and_from_several_processes() -> None:
    """Goal: a list worked on by others reads as if worked on here, and is taken only as far as it
    is needed. Method: pieces of very different sizes by two helpers, counting what was asked for."""
    taken: list[int] = []

    def pieces() -> Iterator[int]:
        for number in range(60):
            taken.append(number)
            yield 200_000 if number % 7 == 0 else number

    results = spread(partial(described, "家"), pieces(), helpers=2)
    first = [next(results) for _ in range(3)]
    assert len(taken) < 15
    everything = [*first, *results]
    assert [text for text, _ in everything] == [
        "家" * (200_000 if number % 7 == 0 else number) for number in range(60)
    ]
    pids = {pid for _, pid in everything}
    assert os.getpid() not in pids
    assert not any(_alive(pid) for pid in pids)


async def test_few_pieces_or_no_helpers_are_worked_on_here() -> None:
    """Goal: a short list starts no process, a long one's ends with the block. Method: who made the
    results."""
    here = partial(described, "x")
    for results in (spread(here, [1, 2, 3], helpers=2), spread(here, [1] * 9, helpers=0)):
        assert {pid for _, pid in results} == {os.getpid()}
    for pieces, helpers in ((4, 1), (9, 0)):
        async with helping(here, pieces=pieces, helpers=helpers) as helper:
            assert helper is here
    async with helping(here, pieces=9, helpers=1) as helper:
        _, pid = helper(1)
        assert pid != os.getpid()
    assert not _alive(pid)


def test_a_helper_that_cannot_begin_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: no process and no socket is left of a helper that was never handed out. Method: what it
    is sent first does not arrive."""
    begun = []

    def lost(helper: Helper[int, int], _: bytes) -> None:
        begun.append(helper)
        raise HelperGone

    monkeypatch.setattr(Helper, "_send", lost)
    with pytest.raises(HelperGone):
        Helper(partial(described, "x"))
    (helper,) = begun
    assert helper._process.returncode is not None
    assert helper._socket.fileno() == -1


def test_what_goes_wrong_there_is_told_here_without_its_values(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Goal: an error or the death of a helper fails the work, no value reaches the log, and no
    process stays. Method: an exception whose words are secret; a helper killed; one whose parent's
    end of the socket is gone."""
    with pytest.raises(HelperFailed, match=r"ValueError at .*test_helpers\.py:") as told:
        list(spread(partial(described, "秘密"), [1, 2, 3, -1, 4, 5, 6], helpers=2))
    assert "秘密" not in str(told.value)
    with ExitStack() as stack:
        helper = stack.enter_context(Helper(partial(described, "x")))
        _, pid = helper(1)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(HelperGone, match="gone"):
            helper(2)
    orphan = Helper(partial(described, "x"))
    _, pid = orphan(1)
    orphan._socket.close()
    eventually(lambda: not _alive(pid), within_s=10, what="the helper ends by itself")
    orphan.close()
    assert "秘密" not in "".join(capfd.readouterr())
