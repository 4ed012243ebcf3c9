"""Guessers wait; the others do not."""

from __future__ import annotations

import datetime as dt

import pytest

from shared.clock import FixedClock
from shared.security import guessing
from shared.security.guessing import FREE_PER_ADDRESS, FREE_PER_USER, GuessLimiter


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(dt.datetime(2016, 3, 1, 9, 30, tzinfo=dt.UTC))


@pytest.fixture
def limiter(clock: FixedClock) -> GuessLimiter:
    return GuessLimiter(clock)


def pass_on(clock: FixedClock, seconds: float) -> None:
    clock.advance(dt.timedelta(seconds=seconds))


def test_waits_double_up_to_a_quarter_of_an_hour(limiter: GuessLimiter, clock: FixedClock) -> None:
    """Goal: a few are free, then each costs twice. Method: fail on, waiting exactly as told."""
    for _ in range(FREE_PER_USER):
        assert limiter.begin("window", "10.0.0.1") == 0
    waits = []
    for _ in range(10):
        waits.append(limiter.begin("window", "10.0.0.1"))
        pass_on(clock, waits[-1])
        assert limiter.begin("window", "10.0.0.1") == 0
    assert waits[:4] == [6, 11, 21, 41]
    assert waits[-1] == guessing.LONGEST_WAIT_S + 1


def test_all_at_once_is_no_way_around(limiter: GuessLimiter) -> None:
    """Goal: parallel attempts count before they are judged. Method: begin many, judge none."""
    begun = [limiter.begin("window", f"10.0.0.{n}") for n in range(50)]
    assert begun.count(0) == FREE_PER_USER


def test_one_address_with_many_names_waits(limiter: GuessLimiter, clock: FixedClock) -> None:
    """Goal: trying one password on everybody is slow too. Method: another name each time."""
    begun = [limiter.begin(f"user-{n}", "10.0.0.1") for n in range(40)]
    assert begun.count(0) == FREE_PER_ADDRESS
    assert limiter.begin("user-1", "10.0.0.2") == 0, "another address goes on"
    pass_on(clock, guessing.FORGET_AFTER_S)
    assert limiter.begin("user-99", "10.0.0.1") == 0


def test_a_stranger_does_not_lock_a_clerk_out(limiter: GuessLimiter, clock: FixedClock) -> None:
    """Goal: the window works on. Method: the clerk signed in here before; a stranger fails."""
    assert limiter.begin("window", "10.0.0.1") == 0
    limiter.succeeded("window", "10.0.0.1")
    for _ in range(30):
        limiter.begin("window", "6.6.6.6")
        pass_on(clock, 1)
    assert limiter.begin("window", "6.6.6.6") > 0
    assert limiter.begin("window", "10.0.0.1") == 0


def test_even_a_proven_address_has_its_limit(limiter: GuessLimiter) -> None:
    """Goal: whoever sits at the clerk's own place guesses slowly too. Method: fail there."""
    limiter.begin("window", "10.0.0.1")
    limiter.succeeded("window", "10.0.0.1")
    begun = [limiter.begin("window", "10.0.0.1") for _ in range(20)]
    assert begun.count(0) == FREE_PER_USER


def test_success_clears_the_user_but_not_the_address(limiter: GuessLimiter) -> None:
    """Goal: an own account is no eraser. Method: fail on others, succeed as oneself, fail on."""
    for n in range(FREE_PER_ADDRESS - 1):
        assert limiter.begin(f"user-{n}", "10.0.0.1") == 0
    assert limiter.begin("mine", "10.0.0.1") == 0
    limiter.succeeded("mine", "10.0.0.1")
    assert limiter.begin("other", "10.0.0.1") == 0
    assert limiter.begin("another", "10.0.0.1") > 0


def test_memory_is_bounded(limiter: GuessLimiter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: names made up by a guesser do not fill the memory. Method: a small bound, many names."""
    monkeypatch.setattr(guessing, "_REMEMBERED", 20)
    for n in range(100):
        limiter.begin(f"user-{n}", f"10.0.{n}.1")
        limiter.succeeded(f"user-{n}", f"10.0.{n}.1")
    assert len(limiter._counts) <= 20
    assert len(limiter._proven) <= 20
