"""From evidence to a grade: how sure we are who is asked about, with a budget for error.

Error budget:

* ``certain``: at most 1 in 100,000 is somebody else. Only a number (its check character right, of
  one person on the register) or a verified card makes it, and nothing told may contradict it. A
  repaired number, one that several persons share, or a relative's never does, nor a name that
  somebody else of the household bears as well, unless the birth date tells them apart.
  A number with nothing else told is outside this budget: the window is taken to have read the
  patient's own card, and whether it did (``LENT_SHARE``) no register can know.
* ``probable``: the belief is at least 0.97 that it is this person, under the weights in force, and
  his name agrees in writing, sound or shape, or his number does. Persons look at a sample of these.
* ``possible``: somebody fits, but something speaks against it or several fit alike. No benefit
  without a person looking at it.
* ``none``: nobody fits.

Measured by ``tests/bench/matching/chinese.py`` (1,000,000 questions, 100,001 people): no ``certain``
was somebody else, but for 318 by a relative's number with nothing else told; of those that the
questions' own facts make knowable 0.9934 were found (under 1: 0.981, no number: 0.970). Beliefs from
0.97 on came true as often as they say or a little more often. Those between 0.5 and 0.97, one question
in 600, are too high (0.71 on average, 0.53 came true), most of all a name alone beside a number that
its bearer on the roster does not have; none of them is more than ``possible``. That a registered number
with another's name is a borrower's is learned from the questions themselves (``lending``); before the
first ten thousand of them the agreed share stands in, and 0.24 to 0.29 of such beliefs came true there.

Belief is the posterior under the model of ``scoring`` with everybody compared as a rival and the
chance that the patient is not on the register at all, or an unregistered relative of the number's holder. Sources: LP-24 to LP-27, JK-80 to JK-87 (who
is entitled must be recognised at the window), XB-40 to XB-43 (one person, several registers).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from services.identity.matching.births import BirthLevel
from services.identity.matching.index import Index
from services.identity.matching.lookalikes import (
    is_rather,
    namesake,
    neighbours,
    of_his_name,
    relative_of,
)
from services.identity.matching.model import (
    BIRTH,
    CARD,
    DIFFERS,
    NAME,
    NUMBER,
    OF_RELATIVE,
    PHONE,
    PRODUCT,
    SAME,
    SEX,
    TWO_SLIPS,
    VILLAGE,
)
from services.identity.matching.names import NameLevel
from services.identity.matching.names.newborns import read_newborn_name
from services.identity.matching.numbers import NumberLevel
from services.identity.matching.places import PlaceLevel
from services.identity.matching.ranking import (
    AS_WRITTEN,
    OWN_NAME,
    SAME_DAY,
    SURE_NAME,
    Ranked,
    in_one_household,
    rank,
)
from services.identity.matching.reasons import REASONS
from services.identity.matching.records import Person, Query
from services.identity.matching.scoring import Model, Weights

__all__ = ["NOBODY", "REASONS", "Decision", "Grade", "Ranked", "confirmed", "decide", "rank"]

Grade = Literal["certain", "probable", "possible", "none"]

PROBABLE_BELIEF = 0.97
POSSIBLE_BELIEF = 0.02
_ALIKE = 16
"""A rival is alike when he is at most so many times less believed."""
_MOST_TOLD = 5
"""Candidates told to a review."""
_STEPS: tuple[Grade, ...] = ("certain", "probable", "possible")
_SLIPS = ("number_repaired", "number_two_slips")
_OF_ANOTHER = frozenset({NumberLevel.DIFFERS, NumberLevel.NEAR, OF_RELATIVE})


@dataclass(frozen=True, slots=True)
class Decision:
    """The grade, whom it is about, and why.

    Attributes:
        best: who fits best; for ``possible`` he is a proposal, not an answer.
        ranked: the best and his rivals, at most five, for a review.
        reasons: codes of ``REASONS``.
        provisional: to be asked again (a newborn without a number).
    """

    grade: Grade
    best: Ranked | None
    ranked: tuple[Ranked, ...]
    reasons: tuple[str, ...]
    provisional: bool = False

    @property
    def person_id(self) -> str | None:
        """The person to be told: only where the grade carries benefits."""
        if self.best is None or self.grade not in ("certain", "probable"):
            return None
        return self.best.person.person_id


NOBODY = Decision("none", None, (), ("nobody_fits",))
CROWD = Decision("possible", None, (), ("too_many_alike",))


def decide(
    query: Query,
    index: Index,
    weights: Weights,
    *,
    dismissed: Collection[str] = (),
    model: Model[Query, Person] = PRODUCT,
) -> Decision:
    """Grade a question against the register.

    Args:
        dismissed: persons of whom somebody has decided that they are not the one asked about.
        model: the product's, with the region's merged villages.
    """
    found = index.candidates(query)
    people = [person for person in found.people if person.person_id not in dismissed]
    ranked = rank(query, people, weights, model)
    if not ranked:
        return CROWD if found.crowded else NOBODY
    if query.newborn:
        return _newborn(query, ranked, crowded=found.crowded)
    if query.card_verified:
        holder = next((one for one in ranked if one.level(CARD) == SAME), None)
        if holder is not None:
            return _by_card(holder, ranked)
    if query.number is not None and query.number.value18 is not None:
        holders = [one for one in ranked if one.level(NUMBER) == NumberLevel.EXACT]
        if holders:
            return _by_number(query, holders, ranked)
    return _by_evidence(query, ranked, crowded=found.crowded)


def confirmed(found: Decision, person_id: str) -> Decision:
    """The decision after a person said, for these very credentials, that this person is meant.

    He who was confirmed is told although the evidence alone would not say it.
    """
    best = next((one for one in found.ranked if one.person.person_id == person_id), None)
    if best is None or found.grade == "certain" or found.person_id == person_id:
        return found
    reasons = ("confirmed_before", *found.reasons)
    return Decision("probable", best, _told(best, found.ranked), reasons, found.provisional)


def _by_card(holder: Ranked, ranked: tuple[Ranked, ...]) -> Decision:
    told = _told(holder, ranked)
    if holder.level(NAME) is not None and not holder.same_name:
        return Decision("possible", holder, told, ("card_agrees", "name_differs"))
    steps = holder.contradictions + (holder.level(NUMBER) == OF_RELATIVE)
    if holder.level(NAME) is None and holder.level(NUMBER) in _OF_ANOTHER:
        # A card of one and a number of another: nothing says whose the patient is.
        steps = len(_STEPS)
    reasons = ("card_agrees", "contradicted") if steps else ("card_agrees",)
    return Decision(_lowered("certain", steps), holder, told, reasons)


def _by_number(query: Query, holders: Sequence[Ranked], ranked: tuple[Ranked, ...]) -> Decision:
    if len(holders) > 1:
        # At best the name tells which of them, and never for certain.
        written = [one for one in holders if one.level(NAME) in AS_WRITTEN]
        named = written or [one for one in holders if one.same_name]
        if len(named) == 1:
            grade = _believed(_lowered("probable", named[0].contradictions), named[0])
            return Decision(grade, named[0], _told(named[0], ranked), ("number_shared",))
        return Decision("possible", holders[0], ranked[:_MOST_TOLD], ("number_shared",))
    holder = holders[0]
    told = _told(holder, ranked)
    if holder.level(NAME) is None:
        return _by_number_alone(holder, ranked)
    if holder.same_name:
        return _by_own_number(holder, ranked)
    relative = relative_of(query, holder, ranked)
    if relative is not None:
        # The household vouches for whoever bears the name as written, or the birth date.
        told_apart = relative.level(NAME) in SURE_NAME or relative.level(BIRTH) in SAME_DAY
        sure = told_apart and not relative.contradictions
        return Decision(
            _believed("probable", relative) if sure else "possible",
            relative,
            _told(relative, ranked),
            ("number_of_relative",),
        )
    if holder.level(NAME) == NameLevel.PARTIAL and query.birth_date is not None:
        # One character of the name misheard, the number and the date told as registered.
        grade = _believed(_lowered("probable", holder.contradictions), holder)
        return Decision(grade, holder, told, ("number_agrees", "name_differs"))
    return Decision("possible", holder, told, ("number_agrees", "name_differs"))


def _by_number_alone(holder: Ranked, ranked: tuple[Ranked, ...]) -> Decision:
    """No name was told; the birth date and the sex may have been."""
    family = [one for one in ranked if in_one_household(one, holder)]
    if holder.level(BIRTH) == BirthLevel.DIFFERS:
        # The mother's card with the child's date: the household and the day say who is meant.
        born = [one for one in family if one.level(BIRTH) == BirthLevel.EXACT]
        if len(born) == 1:
            grade = _believed(_lowered("probable", born[0].contradictions), born[0])
            return Decision(grade, born[0], _told(born[0], ranked), ("number_of_relative",))
    told = _told(holder, ranked)
    steps = holder.contradictions
    reasons = ("number_agrees", "contradicted") if steps else ("number_agrees",)
    # A twin's card or a sibling's neighbouring number: without a name nobody would notice.
    if any(neighbours(one.person, holder.person) for one in family):
        grade = _believed(_lowered("probable", steps), holder)
        return Decision(grade, holder, told, (*reasons, "lookalike"))
    return Decision(_believed(_lowered("certain", steps), holder), holder, told, reasons)


def _by_own_number(holder: Ranked, ranked: tuple[Ranked, ...]) -> Decision:
    """The number is his and the name may be; is there somebody it may rather be?"""
    told = _told(holder, ranked)
    steps = holder.contradictions
    reasons = ("number_agrees", "contradicted") if steps else ("number_agrees",)
    named = holder.level(NAME)
    rather = [one for one in ranked if one is not holder and is_rather(one, holder)]
    if rather:
        related = any(in_one_household(one, holder) for one in rather)
        why = "number_of_relative" if related else "several_alike"
        return Decision("possible", holder, _told(holder, (*rather, *ranked)), (why,))
    # A name heard or read wrongly, or cut short, may also be a relative's own; one that only sounds
    # like his is certain when the birth date was told as well.
    heard = named in SURE_NAME and holder.level(BIRTH) in SAME_DAY
    best: Grade = "certain" if named in OWN_NAME or heard else "probable"
    if any(of_his_name(one, holder) for one in ranked):
        best, reasons = "probable", (*reasons, "namesake")
    return Decision(_believed(_lowered(best, steps), holder), holder, told, reasons)


def _by_evidence(query: Query, everybody: tuple[Ranked, ...], *, crowded: bool) -> Decision:
    ranked = tuple(one for one in everybody if _conceivable(one))
    if crowded and not ranked:
        return CROWD
    if not ranked or sum(one.belief for one in ranked) < POSSIBLE_BELIEF:
        return NOBODY
    best = ranked[0]
    told = ranked[:_MOST_TOLD]
    number = best.level(NUMBER)
    repaired = number in (NumberLevel.REPAIRED, TWO_SLIPS)
    reasons = [] if not repaired else [_SLIPS[number == TWO_SLIPS]]
    doubt = _doubt(query, best, ranked, repaired=repaired, crowded=crowded)
    if doubt is not None:
        return Decision("possible", best, told, (*reasons, doubt))
    if best.contradictions:
        grade = _lowered("probable", best.contradictions)
        return Decision(grade, best, told, (*reasons, "contradicted"))
    if not repaired:
        exact = best.level(BIRTH) in SAME_DAY
        reasons.append("name_and_birth_agree" if exact else "evidence_agrees")
    return Decision("probable", best, told, tuple(reasons))


def _conceivable(one: Ranked) -> bool:
    """A birth date is shared by many; without the name it needs a number that is nearly his."""
    near = one.level(NUMBER) in (NumberLevel.REPAIRED, TWO_SLIPS, NumberLevel.NEAR)
    return one.level(NAME) not in (None, NameLevel.DIFFERS) or near or one.level(CARD) == SAME


def _doubt(
    query: Query, best: Ranked, ranked: Sequence[Ranked], *, repaired: bool, crowded: bool
) -> str | None:
    """Why the best is a proposal only; None when nothing keeps him from being probable."""
    if crowded:
        return "too_many_alike"
    if best.belief < PROBABLE_BELIEF:
        alike = len(ranked) > 1 and ranked[1].belief >= best.belief / _ALIKE
        return "several_alike" if alike else "not_enough"
    unnamed = best.level(NAME) is None and repaired and best.level(BIRTH) == BirthLevel.EXACT
    if not (best.same_name or unnamed):
        return "name_differs"
    if not repaired and not _identified(best):
        return "not_enough"
    if best.level(BIRTH) != BirthLevel.EXACT and any(namesake(one, best) for one in ranked):
        return "several_alike"
    place = best.level(VILLAGE)
    away = place == PlaceLevel.ELSEWHERE or (place is None and query.away)
    if away and not repaired and best.level(PHONE) != SAME:
        return "elsewhere"
    return None


def _identified(best: Ranked) -> bool:
    """A name and a village are shared by too many; it takes a date, a telephone or a card."""
    born = best.level(BIRTH)
    return (
        (born is not None and born != BirthLevel.DIFFERS)
        or best.level(PHONE) == SAME
        or best.level(CARD) == SAME
    )


def _newborn(query: Query, ranked: tuple[Ranked, ...], *, crowded: bool) -> Decision:
    """A child without a number: the mother's household says who he may be, never for certain."""
    wanted = query.mother_number.value18 if query.mother_number is not None else None
    mothers = [
        one
        for one in ranked
        if wanted is not None
        and one.person.number is not None
        and one.person.number.value18 == wanted
    ]
    if not mothers:
        # The stand-in name (某某之子) itself may be on the register.
        found = _by_evidence(query, ranked, crowded=crowded)
        if found.best is None or found.best.person.number is not None:
            return found
        return replace(found, reasons=(*found.reasons, "newborn_provisional"), provisional=True)
    if len(mothers) > 1:
        told = _told(mothers[0], ranked)
        return Decision("possible", mothers[0], told, ("number_shared",), provisional=True)
    mother = mothers[0]
    children = [
        one
        for one in ranked
        if in_one_household(one, mother)
        and (one.level(BIRTH) in SAME_DAY or (query.birth_date is None and one.same_name))
        and one.level(SEX) != DIFFERS
        and _order_fits(query, one.person)
    ]
    if len(children) > 1:
        children = [one for one in children if one.same_name] or children
    if len(children) == 1:
        child = children[0]
        return Decision(
            "probable",
            child,
            _told(child, ranked),
            ("newborn_provisional",),
            provisional=True,
        )
    if children:
        told = _told(children[0], (*children, *ranked))
        return Decision("possible", children[0], told, ("several_alike",), provisional=True)
    told = _told(mother, ranked)
    return Decision("possible", mother, told, ("mother_registered",), provisional=True)


def _order_fits(query: Query, child: Person) -> bool:
    """Twins are told apart by their order, where both the question and the register say it."""
    if query.birth_order is None or child.name is None:
        return True
    standing_in = read_newborn_name(child.name.written)
    if standing_in is None or standing_in.birth_order is None:
        return True
    return standing_in.birth_order == query.birth_order


def _told(best: Ranked, ranked: Sequence[Ranked]) -> tuple[Ranked, ...]:
    """The best and his rivals, each once."""
    told = {one.person.person_id: one for one in (best, *ranked)}
    return tuple(told.values())[:_MOST_TOLD]


def _believed(grade: Grade, one: Ranked) -> Grade:
    """``probable`` only with the belief that it promises."""
    return "possible" if grade == "probable" and one.belief < PROBABLE_BELIEF else grade


def _lowered(grade: Grade, steps: int) -> Grade:
    return _STEPS[min(_STEPS.index(grade) + steps, len(_STEPS) - 1)]
