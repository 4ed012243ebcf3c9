"""Visits that are hard to believe: every seeded fabrication is found, a clean year hardly is."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from services.contracts.plausibility.case import after
from services.contracts.plausibility.domain import Finding, Records, Stay, Visit, look
from services.contracts.plausibility.rules import load
from shared.clock import SHANGHAI


def moment(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    """A time in Asia/Shanghai, as the database gives it."""
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI).replace(tzinfo=None)


RULES = load()
FIRST, LAST = date(2018, 1, 1), date(2018, 12, 31)
_numbers = count()


def visit(person: str, at: datetime, sbp: int, dbp: int, **more: object) -> Visit:
    village = f"村{person.split('-', maxsplit=1)[0]}"
    values = {"sbp": sbp, "dbp": dbp}
    made = Visit(
        f"F{next(_numbers)}", person, f"H-{person}", "T1", "金河镇", village, "township", at,
        "home", "hypertension", values,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def clean_year(seed: int, *, villages: int = 20, people: int = 40) -> list[Visit]:
    """Quarterly visits as village doctors make them: a few homes an hour, cuffs read to 2 mmHg.

    A third of the doctors round to 0 or 5 half of the time; pressures keep a person's own mean.
    """
    chance = random.Random(seed)
    visits = []
    for village in range(villages):
        rounds = village % 3 == 0
        mean = {n: (chance.gauss(136, 12), chance.gauss(82, 7)) for n in range(people)}
        for quarter in range(4):
            order = chance.sample(range(people), people)
            day = FIRST + timedelta(days=91 * quarter + chance.randrange(30))
            for start in range(0, people, 10):
                at = moment(day.year, day.month, day.day, 8, chance.randrange(30))
                for person in order[start : start + 10]:
                    pair = [
                        chance.gauss(each, spread)
                        for each, spread in zip(mean[person], (8, 5), strict=True)
                    ]
                    read = [2 * round(value / 2) for value in pair]
                    if rounds and chance.random() < 0.5:
                        read = [5 * round(value / 5) for value in pair]
                    visits.append(visit(f"{village}-{person}", at, read[0], read[1]))
                    at += timedelta(minutes=chance.randint(14, 30))
                day += timedelta(days=chance.randint(1, 9))
    return sorted(visits, key=lambda each: (each.at, each.follow_up_id))


def found(visits: list[Visit], **more: object) -> list[Finding]:
    records = Records(
        sorted(visits, key=lambda each: (each.at, each.follow_up_id)),
        more.get("died_on", {}),  # type: ignore[arg-type]
        more.get("stays", {}),  # type: ignore[arg-type]
    )
    return look(records, RULES, first=FIRST, last=LAST)


def fabricated() -> Iterator[tuple[str, list[Visit]]]:
    """One of each kind, by the rule that has to find it; other values vary freely."""
    chance = random.Random(7)

    def pressure() -> tuple[int, int]:
        return 2 * chance.randint(55, 90), 2 * chance.randint(35, 50)

    hour = moment(2018, 3, 5, 9)
    yield (
        "homes_in_an_hour",
        [visit(f"90-{n}", hour + timedelta(minutes=2 * n), *pressure()) for n in range(30)],
    )
    yield (
        "same_values_in_village",
        [visit(f"91-{n}", moment(2018, 4, 1 + n, 9), 128, 78) for n in range(12)],
    )
    yield (
        "copied_from_last",
        [visit("92-1", moment(2018, month, 6, 9), 146, 88) for month in (2, 5, 8, 11)],
    )
    # Enough of its own recorder: nearly everything ends in 0, otherwise as people are.
    yield "last_digit", [
        visit(f"93-{n}", moment(2018, 7, 1 + n // 4, 8 + 2 * (n % 4)),
              10 * chance.randint(11, 18), 10 * chance.randint(7, 10), recorded_by="93")
        for n in range(80)
    ]  # fmt: skip
    yield "visit_after_death", [visit("94-1", moment(2018, 6, 9, 9), *pressure())]
    yield "visit_during_stay", [visit("95-1", moment(2018, 9, 5, 9), *pressure())]
    yield (
        "at_night",
        [visit(f"96-{n}", moment(2018, 10, 3, 23, 12 * n), *pressure()) for n in range(4)],
    )


def test_fabrications_are_found_and_a_clean_year_is_not() -> None:
    """Goal: all seven kinds found, by their own rule; below 1 % of a clean year's visits flagged.

    Method: three clean years of 3,200 visits each; then one of them with every kind put in.
    """
    flagged = visits = 0
    for seed in range(3):
        year = clean_year(seed)
        alarms = found(year)
        flagged += len({one for each in alarms for one in each.visits})
        visits += len(year)
    died = {"94-1": date(2018, 6, 2)}
    stays = {"95-1": [Stay(date(2018, 9, 1), date(2018, 9, 12))]}
    seeded = dict(fabricated())
    everything = clean_year(99) + [each for kind in seeded.values() for each in kind]
    caught = Counter[str]()
    for each in found(everything, died_on=died, stays=stays):
        own = {one.follow_up_id for one in seeded[each.rule]}
        caught[each.rule] += bool(own & set(each.visits))
    print(
        f"\nseeded fabrications found: {len(+caught)} of {len(seeded)}; clean years: "
        f"{flagged} of {visits} visits flagged = {flagged / visits:.2%}"
    )
    assert set(+caught) == set(seeded) == {rule.id for rule in RULES}
    assert flagged < 0.01 * visits


def test_edges() -> None:
    """Goal: what is allowed is not asked about. Method: each rule at its very limit."""
    hour = moment(2018, 3, 5, 9)
    spread = [visit(f"1-{n}", hour + timedelta(minutes=7 * n), 120 + n, 70 + n) for n in range(9)]
    assert [each.rule for each in found(spread)] == ["homes_in_an_hour"]
    assert found(spread[:8]) == []
    one_house = [replace(each, household="H") for each in spread]
    assert found(one_house) == []
    there = [replace(each, way="clinic") for each in spread]
    assert found(there) == []
    stay = {"1-0": [Stay(hour.date(), date(2018, 3, 9))]}
    assert found(spread[:1], stays=stay, died_on={"1-0": hour.date()}) == []
    twice = [visit("2-1", moment(2018, month, 1, 9), 120, 80) for month in (1, 4)]
    assert found(twice) == []
    again = found(spread)
    assert [each.key for each in again] == [each.key for each in found(spread)]


def test_a_decision_stands() -> None:
    """Goal: the case file's order. Method: every step from every state."""
    assert after("open", "explain") == after("explained", "explain") == "explained"
    assert after("explained", "confirm") == "confirmed"
    for status in ("confirmed", "dismissed"):
        assert [after(status, step) for step in ("explain", "confirm", "dismiss")] == [None] * 3


def test_a_county_replaces_parameters(tmp_path: Path) -> None:
    """Goal: content of the pack; what it gives is no assumption. Method: its file; a wrong one."""
    file = tmp_path / "follow-up-checks.yaml"
    file.write_text(
        'version: "7"\nrules: [{id: at_night, parameters: {least_visits: 9}}]', encoding="utf-8"
    )
    (night,) = [rule for rule in load(file) if rule.id == "at_night"]
    assert (night.parameters["least_visits"], night.parameters["from_hour"]) == (9, 22)
    assert (night.assumed, night.version) == (("from_hour", "to_hour"), "1+7")
    file.write_text('version: "8"\nrules: [{id: nobody}]', encoding="utf-8")
    with pytest.raises(ValueError, match="nobody"):
        load(file)
