"""What holds for every roster and every question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.matching.births import BirthLevel
from services.identity.matching.decision import decide, rank
from services.identity.matching.index import MOST_CANDIDATES, Index
from services.identity.matching.model import AGREED_WEIGHTS, CARD, NAME, PRODUCT, SAME
from services.identity.matching.names import prepare_name
from services.identity.matching.numbers import NumberLevel
from services.identity.matching.ranking import SURE_NAME
from services.identity.matching.records import Person, Query, as_query
from services.identity.matching.scoring import Weights, assess, weigh_again
from services.identity.matching.teaching import learn
from tests.support.people import id_number
from tests.unit.identity.matching.county import ask, crowd, mistyped, number, person

DAYS = [date(1962, 3, 4), date(1962, 4, 3), date(1963, 3, 4), date(1990, 1, 1), date(2001, 5, 6)]
NAMES = [
    "陈建国",
    "陈建军",
    "陈健国",
    "陳建國",
    "李丽",
    "李莉",
    "王伟",
    "阿依·买买提",
    "阿依买买提",
]
VILLAGES = [None, "和平村", "民主村"]

CARDS: list[tuple[str, ...]] = [(), (), ("C1",), ("C1", "C2")]
people = st.builds(
    lambda name, born, sequence, numbered, village, household, phone, cards, at: replace(
        person(f"p{at}", name, born, sequence),
        number=number(born, sequence) if numbered else None,
        village=village,
        household_id=household,
        phone=phone,
        card_numbers=cards,
    ),
    st.sampled_from(NAMES),
    st.sampled_from(DAYS),
    st.integers(10, 15),
    st.booleans(),
    st.sampled_from(VILLAGES),
    st.sampled_from([None, "H1", "H2"]),
    st.sampled_from([None, "10000000001", "10000000002"]),
    st.sampled_from(CARDS),
    st.integers(0, 10**9),
)


@st.composite
def rosters(draw: st.DrawFn) -> list[Person]:
    """A few people, some of whom stand under two numbers or two names."""
    alone = draw(st.lists(people, min_size=1, max_size=6, unique_by=lambda one: one.person_id))
    again = draw(st.lists(people, max_size=3, unique_by=lambda one: one.person_id))
    return alone + [
        replace(one, person_id=alone[at % len(alone)].person_id, record_id=f"r{at}")
        for at, one in enumerate(again)
    ]


@st.composite
def questions(draw: st.DrawFn) -> Query:
    born = draw(st.sampled_from(DAYS))
    written = id_number(born, draw(st.integers(10, 15)))
    told: dict[str, Any] = {
        "number": draw(
            st.sampled_from([None, written, mistyped(written), written[:17], "5.1E+17"])
        ),
        "name": draw(st.sampled_from([None, *NAMES])),
        "birth_date": draw(st.sampled_from([None, *DAYS])),
        "sex": draw(st.sampled_from([None, "M", "F"])),
        "address": draw(st.sampled_from([None, "金河镇和平村", "金河镇", "永和镇民主村"])),
        "phone": draw(st.sampled_from([None, "10000000001"])),
        "card_no": draw(st.sampled_from([None, None, "C1"])),
        "card_verified": draw(st.booleans()),
        "mother_number": draw(st.sampled_from([None, None, written])),
        "newborn": draw(st.sampled_from([False, False, True])),
    }
    return ask(**told)


def told(decision: Any) -> Any:
    best = decision.best
    return (decision.grade, decision.reasons, best and (best.person.person_id, best.assessment))


@given(rosters(), questions(), st.integers())
def test_the_order_of_the_roster_does_not_matter(
    roster: list[Person], query: Query, seed: int
) -> None:
    """Goal: no accident of storage decides. Method: shuffle, and change some people meanwhile."""
    shuffled = list(roster)
    Random(seed).shuffle(shuffled)
    index = Index(shuffled)
    for one in shuffled[::2]:
        index.remove(one.key)
        index.add(replace(one, name=prepare_name("赵铁柱")))
        index.add(one)
    there, here = (decide(query, each, AGREED_WEIGHTS) for each in (Index(roster), index))
    assert there == here
    # Records that weigh alike are equal to the one another here: whose is told is looked at too.
    assert [one.person.key for one in there.ranked] == [one.person.key for one in here.ranked]


def test_the_order_of_a_large_roster_does_not_matter() -> None:
    """Goal: the same where lists are cut: who is left out is no accident. Method: a home for the old
    of ninety, a card that seventy have, hundreds of one name, sound, shape, day and telephone, alike
    to the last bit; added in other orders, some of them taken out and put back."""
    roster = alike(("王伟", "王卫", "伟王", "王苇"), 90)
    roster += alike(("赵铁柱",), 90, phone="10000000009")
    roster += alike(("钱多多",), 90, born=DAYS[0])
    roster += alike(("孙小小",), 90, household_id="HOME")
    roster += alike(("周周",), 70, card_numbers=("C1",))
    several = ("吴一", "吴二", "吴三", "吴四", "吴五", "吴六")
    roster += alike(several, 50)
    him = person("him", "王伟", household_id="HOME", phone="10000000009")
    roster.append(him)
    own = as_query(him)
    asked = [
        replace(own, address=None),
        replace(own, number=None, card_no="C1"),
        replace(own, number=None, birth_date=date(1962, 9, 9), phone=None, address=None),
        replace(own, name=None, number=None),
        replace(own, name=prepare_name("孙小小"), birth_date=None),
        replace(own, name=prepare_name("吴一", aliases=several), number=None, address=None),
    ]
    whole = Index(roster)
    expected = [(whole.candidates(each), decide(each, whole, AGREED_WEIGHTS)) for each in asked]
    assert [len(found.people) for found, _ in expected].count(MOST_CANDIDATES) == 3
    for seed in range(3):
        shuffled = list(roster)
        Random(seed).shuffle(shuffled)
        index = Index(shuffled)
        for one in shuffled[: len(roster) // 2]:
            index.remove(one.key)
        for one in reversed(shuffled):
            index.add(one)
        for query, (candidates, decision) in zip(asked, expected, strict=True):
            assert index.candidates(query) == candidates
            assert decide(query, index, AGREED_WEIGHTS) == decision
            mixed = Random(seed).sample(candidates.people, len(candidates.people))
            beliefs = [rank(query, each, AGREED_WEIGHTS, PRODUCT) for each in (mixed, mixed[::-1])]
            assert beliefs[0] == beliefs[1]


def alike(names: Sequence[str], count: int, born: date | None = None, **facts: Any) -> list[Person]:
    """So many of each name that only their keys and, unless it is told, their days are apart."""
    return [
        person(f"{name}-{at:03d}", name, born or date(1962, 1 + at % 12, 5), number=None, sex=None,
               **{"household_id": None, "phone": None, **facts})
        for name in names
        for at in range(count)
    ]  # fmt: skip


@given(rosters(), questions())
def test_what_records_have_in_common_is_compared_as_if_it_were_not(
    roster: list[Person], query: Query
) -> None:
    """Goal: comparing a name or a place once changes nothing. Method: a roster, its names with
    aliases and its people moved, against the comparison of each pair alone."""
    first = roster[0]
    named = [
        replace(first, name=prepare_name(name, aliases=aliases))
        for name in ("赵铁柱", "陈建国")
        for aliases in ([], ["陈军"], NAMES)
    ]
    moved = [replace(one, township="永和镇") for one in roster]
    compare = PRODUCT.comparer(query)
    for one in (*roster, *named, *moved):
        assert compare(one) == PRODUCT.levels(query, one)


def unrelated(one: Person, holder: Person) -> bool:
    """Whether a person has neither the number of another, nor his household, nor a card of his.

    Everything else may be common: name, village, birth date, telephone, a number one slip away.
    """
    return (
        (one.number is None or one.number.value18 != (holder.number and holder.number.value18))
        and (one.household_id is None or one.household_id != holder.household_id)
        and not set(one.card_numbers) & set(holder.card_numbers)
    )


@st.composite
def shown_by(draw: st.DrawFn, whose: Person) -> Query:
    """What a registered person tells of himself: his number, his card or both, the rest perhaps
    heard or left out."""
    own = replace(as_query(whose), card_verified=draw(st.booleans()))
    heard = [prepare_name(name) for name in NAMES]
    left = dict.fromkeys(draw(st.sets(st.sampled_from(["birth_date", "sex", "phone"]))))
    shown = draw(st.sampled_from([(), (), ("card_no",), ("number",)]))
    name = draw(st.sampled_from([own.name, None, *heard]))
    return replace(own, name=name, **left | dict.fromkeys(shown))


@st.composite
def beside(draw: st.DrawFn, whose: Person, told_name: Any) -> Person:
    """A neighbour of another household: of the same few names, villages, days and numbers as all,
    and with some of the very facts of him who is asked about."""
    like_him = {
        "name": whose.name,
        "birth_date": whose.birth_date,
        "sex": whose.sex,
        "village": whose.village,
        "phone": whose.phone,
    }
    same = draw(
        st.sampled_from(
            [("name", "birth_date", "sex"), ("name", "sex", "village"), ("birth_date", "phone"), ()]
        )
    )
    facts: dict[str, Any] = {field: like_him[field] for field in same}
    if told_name is not None and draw(st.booleans()):
        facts |= {"name": told_name, "birth_date": whose.birth_date, "sex": whose.sex}
    if draw(st.booleans()) and whose.birth_date is not None:
        facts["number"] = number(whose.birth_date, draw(st.integers(10, 15)))
    household = draw(st.sampled_from(["H9", None]))
    return replace(draw(people), household_id=household, **facts)


@given(st.data(), people, rosters())
def test_unrelated_people_change_no_certain(
    data: st.DataObject, him: Person, others: list[Person]
) -> None:
    """Goal: neighbours do not disturb, and make nobody surer. Method: somebody shows his number;
    then the same among people who share name, day, village, telephone or nearly the number."""
    him = replace(
        him,
        person_id="him",
        number=him.number or number(DAYS[0], 11),
        household_id=data.draw(st.sampled_from(["H1", "H1", None])),
        card_numbers=("HIS",),
    )
    family = [one for one in others if one.household_id != "H2"]
    query = data.draw(shown_by(him))
    drawn = data.draw(st.lists(beside(him, query.name), min_size=1, max_size=4))
    neighbours = [replace(one, person_id=f"n{at}") for at, one in enumerate(drawn)]
    first = decide(query, Index([him, *family]), AGREED_WEIGHTS)
    best = first.best.person if first.best else him
    more = [one for one in neighbours if unrelated(one, best)]
    after = decide(query, Index([him, *family, *more]), AGREED_WEIGHTS)
    if first.grade == "certain":
        assert told(after) == told(first)
    elif after.grade == "certain":
        assert after.person_id is not None
        assert after.person_id.startswith("n")


def test_a_crowd_of_namesakes_changes_no_certain() -> None:
    """Goal: the same where lists are cut. Method: more than are compared, of one name, village,
    birth date and telephone, before and behind him in the order of keys."""
    him = person("p-500", "王伟", household_id="H1")
    crowd_of_him = [
        person(f"p-{at:03d}", "王伟", sequence=20 + at, household_id=f"C{at}")
        for at in range(700)
        if at != 500
    ]
    alone = decide(as_query(him), Index([him]), AGREED_WEIGHTS)
    assert alone.grade == "certain"
    among = decide(as_query(him), Index([him, *crowd_of_him]), AGREED_WEIGHTS)
    assert told(among) == told(alone)
    by_name = replace(as_query(him), number=None)
    assert decide(by_name, Index([him, *crowd_of_him]), AGREED_WEIGHTS).grade == "possible"


@pytest.mark.parametrize("shown", ["number", "card", "namesake"])
def test_a_crowd_that_fits_better_changes_no_certain(shown: str) -> None:
    """Goal: whoever is named by a number or a card is compared, and his household, however many fit
    the rest of what is told better. Method: more than are compared, under the names of one question,
    of whom some share the day told and all the year; beside them somebody who shares the name alone,
    and the same with a father of his name in the household, which keeps him from being certain."""
    him = person(
        "him", "王伟", village="民主村", phone=None, card_numbers=("HIS",), birth_date=None
    )
    others = ("陈建国", "赵铁柱", "钱多多", "孙小小", "周周")
    query = replace(as_query(him), name=prepare_name("王伟", aliases=others), address=None)
    if shown == "card":
        query = replace(query, number=None, birth_date=DAYS[0], card_verified=True)
    known = [him]
    if shown == "namesake":
        long_ago = date(1930, 2, 3)
        known.append(replace(him, person_id="father", birth_date=long_ago, number=None))
    of_them = [one for born in (DAYS[0], DAYS[0] + timedelta(7)) for one in alike(others, 45, born)]
    crowd_of_all = [replace(one, person_id=f"{at:04d}") for at, one in enumerate(of_them)]
    alone = decide(query, Index(known), AGREED_WEIGHTS)
    assert alone.grade == ("probable" if shown == "namesake" else "certain")
    index = Index([*known, *crowd_of_all])
    assert len(index.candidates(query).people) == MOST_CANDIDATES
    assert told(decide(query, index, AGREED_WEIGHTS)) == told(alone)


def test_a_neighbour_of_the_name_that_was_heard_changes_no_certain() -> None:
    """Goal: only a sister makes a heard name doubtful. Method: 李丽's number and date with 李莉; a
    李莉 of that day in another household, then in her own."""
    her = person("her", "李丽", sequence=12)
    heard = replace(as_query(her), name=prepare_name("李莉"))
    neighbour = person("n", "李莉", sequence=14, household_id="H9")
    alone = decide(heard, Index([her]), AGREED_WEIGHTS)
    assert alone.grade == "certain"
    assert told(decide(heard, Index([her, neighbour]), AGREED_WEIGHTS)) == told(alone)
    sister = replace(neighbour, household_id=her.household_id)
    assert decide(heard, Index([her, sister]), AGREED_WEIGHTS).grade == "possible"


def test_a_valid_card_names_its_holder_whoever_fits_better() -> None:
    """Goal: a good card is certain, as its code says. Method: a holder of whom the register knows
    little, his name heard wrongly; a neighbour who fits all that is told, and so has more bits."""
    him = person("him", "王卫", number=None, birth_date=None, phone=None, card_numbers=("HIS",))
    other = person("n", "王伟", sequence=13, household_id="H9", village="民主村")
    told_of_him = replace(
        as_query(other), number=None, card_no="HIS", card_verified=True, address="金河镇民主村"
    )
    alone = decide(told_of_him, Index([him]), AGREED_WEIGHTS)
    assert (alone.grade, alone.person_id) == ("certain", "him")
    among = decide(told_of_him, Index([him, other]), AGREED_WEIGHTS)
    assert among.ranked[1].score > among.ranked[0].score
    assert told(among) == told(alone)


@pytest.mark.parametrize("household", ["H9", None])
def test_a_neighbour_is_no_relative(household: str | None) -> None:
    """Goal: twins' numbers and a father's name trouble a family alone. Method: the number alone, and
    with the name, of somebody beside whom one of a neighbouring number, his day and his name lives,
    in another household or both in none; then in his own."""
    him = person("him", "王伟", household_id="H1" if household else None)
    other = person("n", "王伟", sequence=13, household_id=household)
    unnamed, named = (
        replace(as_query(him), birth_date=None, name=each) for each in (None, him.name)
    )
    for query in (unnamed, named):
        alone = decide(query, Index([him]), AGREED_WEIGHTS)
        assert alone.grade == "certain"
        assert told(decide(query, Index([him, other]), AGREED_WEIGHTS)) == told(alone)
        family = [replace(one, household_id="H1") for one in (him, other)]
        assert decide(query, Index(family), AGREED_WEIGHTS).grade == "probable"


@given(rosters(), questions())
def test_certain_keeps_its_promise(roster: list[Person], query: Query) -> None:
    """Goal: the error budget's rules. Method: look at what made it certain."""
    decision = decide(query, Index(roster), AGREED_WEIGHTS)
    if decision.grade in ("certain", "probable"):
        assert decision.person_id is not None
    else:
        assert decision.person_id is None
    if decision.grade != "certain":
        return
    best = decision.best
    assert best is not None
    assert best.level("sex") != "differs"
    assert best.level("birth_date") != BirthLevel.DIFFERS
    assert not query.newborn
    if query.card_verified and best.level(CARD) == SAME:
        assert best.level(NAME) is None or best.same_name
        assert best.contradictions == 0
        return
    assert best.level("id_number") == NumberLevel.EXACT
    assert best.level(NAME) is None or best.level(NAME) in SURE_NAME
    holders = {
        one.person_id
        for one in roster
        if one.number and query.number and one.number.value18 == query.number.value18
    }
    assert holders == {best.person.person_id}


@given(rosters(), questions(), st.integers())
def test_a_stored_decision_is_scored_again_to_the_same_figure(
    roster: list[Person], query: Query, seed: int
) -> None:
    """Goal: decisions can be checked years later. Method: weights through JSON, another order, and
    the findings as they are kept."""
    ranked = rank(query, roster, AGREED_WEIGHTS, PRODUCT)
    kept = Weights.from_json(AGREED_WEIGHTS.to_json())
    shuffled = list(roster)
    Random(seed).shuffle(shuffled)
    assert rank(query, shuffled, kept, PRODUCT) == ranked
    for one in ranked:
        found = [(item.field, item.level) for item in one.assessment.evidence]
        again = weigh_again(PRODUCT, kept, found, one.person)
        assert again == one.assessment
        assert again.score == sum(item.weight for item in again.evidence)


def test_learned_weights_score_again_as_well() -> None:
    """Goal: the same with frequencies of names and villages. Method: a learned table by JSON."""
    roster = list(crowd(1_200))
    weights = learn(roster, random_pairs=20_000)
    assert weights is not None
    kept = Weights.from_json(weights.to_json())
    assert kept.version == weights.version
    for one in roster[::37]:
        levels = PRODUCT.levels(as_query(one), one)
        assert assess(PRODUCT, kept, levels, one) == assess(PRODUCT, weights, levels, one)
