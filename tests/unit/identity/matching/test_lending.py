"""Who borrows numbers, learned from questions whose truth the test knows and the learner does not."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest

from services.identity.matching.lending import LEAST_QUESTIONS, Shown, believed, learn_lending
from services.identity.matching.model import (
    AGREED_WEIGHTS,
    BIRTH,
    LENT_SHARE,
    NAME,
    PRODUCT,
    REGISTERED_SHARE,
    SEX,
)
from services.identity.matching.names import prepare_name
from services.identity.matching.ranking import rank
from services.identity.matching.scoring import Weights
from tests.unit.identity.matching.county import ask, person

BORROWED = 0.02
"""Seven times the agreed share."""
PARTLY = 0.5
"""Of borrowers' names, those that share a character with the holder's."""


def questions(count: int, seed: int = 1) -> Counter[Shown]:
    """Half of them tell a birth date and a sex, as another person's where the number is borrowed."""
    source = random.Random(seed)

    def one() -> Shown:
        borrowed = source.random() < BORROWED
        if borrowed:
            name = "partial" if source.random() < PARTLY else "differs"
        else:
            name = "exact" if source.random() < 0.99 else "homophone"
        if source.random() < 0.5:
            return name, None, None
        if borrowed:
            return name, "differs", source.choice(("exact", "differs"))
        return name, "exact" if source.random() < 0.99 else "one_digit", "exact"

    return Counter(one() for _ in range(count))


def test_questions_teach_who_borrows_without_labels() -> None:
    """Goal: the county's own share, and what its borrowers look like. Method: 20,000 questions drawn
    with a known share; no verdict is given to the learner."""
    learned = learn_lending(questions(20_000), AGREED_WEIGHTS)
    assert learned is not None
    assert learned.share == pytest.approx(BORROWED, rel=0.15)
    assert learned.lent[NAME]["partial"] == pytest.approx(PARTLY, abs=0.06)
    assert learned.own[NAME]["differs"] < AGREED_WEIGHTS.m[NAME]["differs"] / 5
    assert learned.lent[BIRTH]["differs"] > 0.9
    for table in (learned.own, learned.lent):
        assert all(sum(table[name].values()) == pytest.approx(1) for name in (NAME, BIRTH, SEX))


def test_before_any_question_the_agreed_share_is_believed() -> None:
    """Goal: what the documented estimates say. Method: of all questions, those that show a number for
    its unregistered relative, and those of registered people who show their own."""
    lent, own = LENT_SHARE * (1 - REGISTERED_SHARE), 0.93 * REGISTERED_SHARE
    assert believed(AGREED_WEIGHTS).share == pytest.approx(lent / (lent + own), rel=1e-6)


def test_what_is_learned_is_what_the_questions_show() -> None:
    """Goal: the figures are those of the questions and of the belief before, each worth what it is
    worth. Method: with the learned table every question is shared out between holder and borrower by
    Bayes' rule, doubtful ones among them; the borrowers found, and their names, are the table again."""
    asked = questions(LEAST_QUESTIONS) + Counter(
        {
            ("homophone", "exact", "exact"): 100,
            ("homophone", "differs", "differs"): 100,
            ("homophone", None, None): 400,
            ("partial", "exact", "exact"): 50,
        }
    )
    learned, before = learn_lending(asked, AGREED_WEIGHTS), believed(AGREED_WEIGHTS)
    assert learned is not None
    borrowers, doubtful = 200 * before.share, 0
    partly, named = 20 * before.lent[NAME]["partial"], 20.0
    for levels, count in asked.items():
        lent, own = learned.share, 1 - learned.share
        for field, level in zip((NAME, BIRTH, SEX), levels, strict=True):
            if level is not None:
                lent, own = lent * learned.lent[field][level], own * learned.own[field][level]
        belief = lent / (lent + own)
        doubtful += count * (0.05 < belief < 0.95)
        borrowers += count * belief
        named += count * belief * (levels[0] is not None)
        partly += count * belief * (levels[0] == "partial")
    assert doubtful > 300
    assert learned.share == pytest.approx(borrowers / (asked.total() + 200), rel=1e-4)
    assert learned.lent[NAME]["partial"] == pytest.approx(partly / named, rel=1e-3)


def test_the_order_of_questions_and_their_storage_do_not_matter() -> None:
    """Goal: one history, one table. Method: the patterns backwards; the table through JSON; levels
    of another model's decisions among them."""
    asked = questions(LEAST_QUESTIONS)
    backwards = Counter(dict(reversed(asked.items()))) + Counter({("phonetic", None, None): 50})
    tables = [
        replace(AGREED_WEIGHTS, lending=learn_lending(each, AGREED_WEIGHTS))
        for each in (asked, backwards)
    ]
    assert tables[0].lending is not None
    assert tables[0].version == tables[1].version != AGREED_WEIGHTS.version
    assert Weights.from_json(tables[0].to_json()) == tables[0]


def test_few_questions_and_empty_ones_teach_nothing() -> None:
    """Goal: the agreed share stays in force. Method: one question too few; numbers alone."""
    few = Counter({("exact", "exact", "exact"): LEAST_QUESTIONS - 1})
    assert learn_lending(few, AGREED_WEIGHTS) is None
    assert learn_lending(few + Counter({(None, None, None): 9_000}), AGREED_WEIGHTS) is None


def test_a_county_without_borrowers_learns_that() -> None:
    """Goal: no borrower is imagined. Method: only holders, some of them with slips."""
    asked = Counter(
        {("exact", "exact", "exact"): 15_000, ("homophone", None, None): 300,
         ("exact", "one_digit", "exact"): 100}
    )  # fmt: skip
    learned = learn_lending(asked, AGREED_WEIGHTS)
    assert learned is not None
    assert learned.share < believed(AGREED_WEIGHTS).share / 5


def test_beliefs_follow_what_was_learned_and_scores_do_not() -> None:
    """Goal: a number with another's name is believed as often as it comes true. Method: in the drawn
    questions such names are borrowers' alone; the evidence and its sum stay as they were."""
    holder = person("p", "陈建国")
    learned = replace(AGREED_WEIGHTS, lending=learn_lending(questions(20_000), AGREED_WEIGHTS))
    for name, belief_before in (("李秀英", 0.6), ("陈建军", 0.8)):
        query = replace(ask(name=name), number=holder.number)
        (before,) = rank(query, [holder], AGREED_WEIGHTS, PRODUCT)
        (after,) = rank(query, [holder], learned, PRODUCT)
        assert before.belief > belief_before
        assert after.belief < 0.1
        assert after.assessment == before.assessment
    own = replace(ask(), name=prepare_name("陈建国"), number=holder.number)
    (sure,) = rank(own, [holder], learned, PRODUCT)
    assert sure.belief > 0.999
