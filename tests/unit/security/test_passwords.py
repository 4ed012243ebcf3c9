"""Kept passwords and the judgement of new ones."""

from __future__ import annotations

import time

import pytest

from shared.security import passwords
from shared.security.passwords import CHOSEN, DRAWN, KeptPassword, KeptPasswordMalformed


def test_a_kept_password_fits_itself_alone() -> None:
    """Goal: right in, wrong out, and two keepings of one password differ. Method: both costs."""
    for cost in (CHOSEN, DRAWN):
        kept = passwords.keep("一站 correct horse", cost=cost)
        assert KeptPassword.read(kept).cost == cost
        assert KeptPassword.read(kept).fits("一站 correct horse")
        assert not KeptPassword.read(kept).fits("一站 correct hors")
        assert "correct" not in kept
    assert passwords.keep("same", cost=DRAWN) != passwords.keep("same", cost=DRAWN)


def test_what_an_input_method_widens_is_the_same() -> None:
    """Goal: a clerk whose input method is on gets in. Method: full-width letters and digits."""
    kept = KeptPassword.read(passwords.keep("Shan-2016-river", cost=DRAWN))
    assert kept.fits("Ｓｈａｎ-２０１６-river")
    assert not kept.fits("shan-2016-river")


@pytest.mark.parametrize(
    "text",
    [
        "", "plain", "scrypt$12$8$1$AAAA$AAAA", "scrypt$40$8$1$" + "A" * 24 + "$" + "A" * 44,
        "scrypt$12$8$99$" + "A" * 24 + "$" + "A" * 44, "bcrypt$12$8$1$" + "A" * 24 + "$" + "A" * 44,
        "scrypt$x$8$1$" + "A" * 24 + "$" + "A" * 44,
    ],
)  # fmt: skip
def test_another_form_is_refused(text: str) -> None:
    """Goal: no absurd work, no silent failure. Method: wrong kind, parts, sizes, parameters."""
    with pytest.raises(KeptPasswordMalformed):
        KeptPassword.read(text)


def test_every_refusal_takes_as_long() -> None:
    """Goal: the time tells nothing of who exists. Method: least of three, for nobody, for a chosen
    and for a drawn password; none may be less than half of another."""
    chosen = KeptPassword.read(passwords.keep("river-and-mountain"))
    drawn = KeptPassword.read(passwords.keep("river-and-mountain", cost=DRAWN))
    times = []
    for trial in (passwords.fits_nobody, chosen.fits, drawn.fits):
        spent = []
        for _ in range(3):
            began = time.process_time()
            assert trial("wrong") is False
            spent.append(time.process_time() - began)
        times.append(min(spent))
    assert max(times) < 2 * min(times), times


def test_drawn_passwords_are_good_ones() -> None:
    """Goal: what we draw we would also take, and no two are alike. Method: draw many."""
    drawn = {passwords.draw() for _ in range(200)}
    assert len(drawn) == 200
    assert all(len(each) == 19 for each in drawn)
    assert not [each for each in drawn if passwords.fault_of(each, user="window")]


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("short-one", "too_short"), ("x" * 129, "too_long"), ("the-Window-2016", "holds_user"),
        ("aaaaaaaaaaaa", "too_simple"), ("river123456sea", "too_simple"),
        ("abababababab", "too_simple"), ("hgfedcba-river", "too_simple"),
        ("Password2016!", "well_known"), ("1q2w3e4r5t", "well_known"), ("_hospital2024_", "well_known"),
        ("金口河的山高水长路又远", None), ("river-2016-sea", None), ("a quiet sentence", None),
    ],
)  # fmt: skip
def test_a_new_password_is_judged(password: str, fault: str | None) -> None:
    """Goal: each kind of bad password is told; good ones, Chinese too, are taken."""
    assert passwords.fault_of(password, user="window") == fault
