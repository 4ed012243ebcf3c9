"""The rules of plausibility as functions of recorded visits. Pure.

Every rule gives findings with a key that stays the same when the same visits are looked at again,
the visits that it rests on, and its evidence in figures.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Visit:
    """A contact that came about, as a team recorded it."""

    follow_up_id: str
    person_id: str
    """The kept one, of merged persons."""
    household: str
    """His household, or he himself where none is known."""
    team: str
    township: str | None
    village: str | None
    recorded_by: str
    at: datetime
    """In Asia/Shanghai."""
    way: str
    disease: str | None
    values: Mapping[str, Any]

    @property
    def day(self) -> date:
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Stay:
    """Days in hospital, both included."""

    admitted_on: date
    discharged_on: date


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as written in ``rules.yaml``."""

    id: str
    name_zh: str
    name_en: str
    citation: str
    parameters: Mapping[str, Any]
    assumed: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found."""

    rule: str
    key: str
    team: str
    township: str | None
    person_id: str | None
    on: date
    visits: tuple[str, ...]
    evidence: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Records:
    """What is looked at: visits in the order of their times, deaths and stays of their persons."""

    visits: Sequence[Visit]
    died_on: Mapping[str, date]
    stays: Mapping[str, Sequence[Stay]]


def look(records: Records, rules: Iterable[Rule], *, first: date, last: date) -> list[Finding]:
    """Everything that the rules find on days of the period; earlier visits are compared with."""
    return [
        finding
        for rule in rules
        for finding in _RULES[rule.id](records, rule)
        if first <= finding.on <= last
    ]


def _finding(
    rule: Rule, key: str, visits: Sequence[Visit], *, person_id: str | None = None, **evidence: Any
) -> Finding:
    newest = visits[-1]
    return Finding(
        rule.id,
        key,
        newest.team,
        newest.township if len({visit.township for visit in visits}) == 1 else None,
        person_id,
        newest.day,
        tuple(visit.follow_up_id for visit in visits),
        evidence,
    )


def homes_in_an_hour(records: Records, rule: Rule) -> Iterator[Finding]:
    """One recorder at more homes within the minutes than anybody can visit."""
    of_team: dict[tuple[str, ...], list[Visit]] = defaultdict(list)
    of_village: dict[tuple[str, ...], list[Visit]] = defaultdict(list)
    for visit in records.visits:
        if visit.way == "home":
            of_team[visit.team, visit.recorded_by].append(visit)
            if visit.village is not None:
                of_village[visit.team, visit.recorded_by, visit.village].append(visit)
    span = timedelta(minutes=int(rule.parameters["minutes"]))
    for groups, most in (
        (of_village, int(rule.parameters["most_in_village"])),
        (of_team, int(rule.parameters["most_homes"])),
    ):
        for group, visits in groups.items():
            for found in _crowded(visits, span, most):
                begun = found[0].at.replace(minute=0, second=0, microsecond=0)
                yield _finding(
                    rule,
                    f"{' '.join(group)} {begun:%Y-%m-%dT%H}",
                    found,
                    homes=len({visit.household for visit in found}),
                    most=most,
                    first_at=found[0].at.isoformat(),
                    last_at=found[-1].at.isoformat(),
                    village=found[0].village if groups is of_village else None,
                )


def _crowded(visits: Sequence[Visit], span: timedelta, most: int) -> Iterator[list[Visit]]:
    """Runs of visits, each begun by a crowded span; one visit is in one run only."""
    start = 0
    while start < len(visits):
        end = start
        while end < len(visits) and visits[end].at - visits[start].at < span:
            end += 1
        if len({visit.household for visit in visits[start:end]}) > most:
            yield list(visits[start:end])
            start = end
        else:
            start += 1


def same_values_in_village(records: Records, rule: Rule) -> Iterator[Finding]:
    """One village's month: the same values for many persons, and for a large part of all."""
    least_share = Decimal(rule.parameters["least_share"])
    for names in rule.parameters["values"]:
        months: dict[tuple[str, str, str], list[Visit]] = defaultdict(list)
        for visit in records.visits:
            if visit.village is not None and _values(visit, names) is not None:
                months[visit.team, visit.village, f"{visit.day:%Y-%m}"].append(visit)
        for (team, village, month), visits in months.items():
            same: dict[tuple[Any, ...], list[Visit]] = defaultdict(list)
            for visit in visits:
                same[_values(visit, names) or ()].append(visit)
            for values, found in same.items():
                persons = len({visit.person_id for visit in found})
                if persons < rule.parameters["least_persons"]:
                    continue
                if len(found) < least_share * len(visits):
                    continue
                yield _finding(
                    rule,
                    f"{team} {village} {month} {'/'.join(map(str, values))}",
                    found,
                    values=dict(zip(names, values, strict=True)),
                    persons=persons,
                    visits_of_month=len(visits),
                    village=village,
                    month=month,
                )


def copied_from_last(records: Records, rule: Rule) -> Iterator[Finding]:
    """A person's visits one after another with the same values."""
    least = int(rule.parameters["least_in_a_row"])
    of_person: dict[tuple[str, str | None], list[Visit]] = defaultdict(list)
    for visit in records.visits:
        of_person[visit.person_id, visit.disease].append(visit)
    for (person_id, _), visits in of_person.items():
        # The list of most values that this disease measures: glucose alone repeats by chance.
        names = next(
            (
                each
                for each in sorted(rule.parameters["values"], key=len, reverse=True)
                if any(_values(visit, each) is not None for visit in visits)
            ),
            None,
        )
        if names is None:
            continue
        measured = [visit for visit in visits if _values(visit, names) is not None]
        for run in _runs(measured, names):
            if len(run) >= least:
                yield _finding(
                    rule,
                    f"{run[0].follow_up_id} {'/'.join(names)}",
                    run,
                    person_id=person_id,
                    values=dict(zip(names, _values(run[0], names) or (), strict=True)),
                    days=[visit.day.isoformat() for visit in run],
                )


def _runs(visits: Sequence[Visit], names: Sequence[str]) -> Iterator[list[Visit]]:
    run: list[Visit] = []
    for visit in visits:
        if run and _values(visit, names) != _values(run[-1], names):
            yield run
            run = []
        run.append(visit)
    if run:
        yield run


def last_digit(records: Records, rule: Rule) -> Iterator[Finding]:
    """A recorder's quarter: one last digit in nearly every value."""
    quarters: dict[tuple[str, str, str, str], list[tuple[Visit, int]]] = defaultdict(list)
    for visit in records.visits:
        quarter = f"{visit.day.year}Q{(visit.day.month + 2) // 3}"
        for name in rule.parameters["values"]:
            value = visit.values.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                quarters[visit.team, visit.recorded_by, quarter, name].append((visit, value))
    most = Decimal(rule.parameters["most_share"])
    for (team, recorder, quarter, name), found in quarters.items():
        if len(found) < rule.parameters["least_values"]:
            continue
        digit, times = Counter(value % 10 for _, value in found).most_common(1)[0]
        if times > most * len(found):
            yield _finding(
                rule,
                f"{team} {recorder} {quarter} {name}",
                [visit for visit, _ in found],
                value=name,
                digit=digit,
                times=times,
                of=len(found),
                quarter=quarter,
            )


def visit_after_death(records: Records, rule: Rule) -> Iterator[Finding]:
    """Seen after the day of death that is known now."""
    for visit in records.visits:
        died = records.died_on.get(visit.person_id)
        if died is not None and (visit.day - died).days > rule.parameters["grace_days"]:
            yield _finding(
                rule,
                visit.follow_up_id,
                [visit],
                person_id=visit.person_id,
                died_on=died.isoformat(),
                days_after=(visit.day - died).days,
            )


def visit_during_stay(records: Records, rule: Rule) -> Iterator[Finding]:
    """Seen at home or at the clinic while he lay in hospital."""
    for visit in records.visits:
        if visit.way not in rule.parameters["ways"]:
            continue
        for stay in records.stays.get(visit.person_id, ()):
            if stay.admitted_on < visit.day < stay.discharged_on:
                yield _finding(
                    rule,
                    visit.follow_up_id,
                    [visit],
                    person_id=visit.person_id,
                    admitted_on=stay.admitted_on.isoformat(),
                    discharged_on=stay.discharged_on.isoformat(),
                )
                break


def at_night(records: Records, rule: Rule) -> Iterator[Finding]:
    """Several homes of one night."""
    begin, end = int(rule.parameters["from_hour"]), int(rule.parameters["to_hour"])
    nights: dict[tuple[str, str, date], list[Visit]] = defaultdict(list)
    for visit in records.visits:
        if visit.way == "home" and (visit.at.hour >= begin or visit.at.hour < end):
            # A night is named by the day on which it begins.
            night = visit.day if visit.at.hour >= begin else visit.day - timedelta(days=1)
            nights[visit.team, visit.recorded_by, night].append(visit)
    for (team, recorder, night), visits in nights.items():
        if len(visits) >= rule.parameters["least_visits"]:
            yield _finding(
                rule,
                f"{team} {recorder} {night}",
                visits,
                night=night.isoformat(),
                homes=len({visit.household for visit in visits}),
            )


def _values(visit: Visit, names: Sequence[str]) -> tuple[Any, ...] | None:
    found = tuple(visit.values.get(name) for name in names)
    return None if None in found else found


_RULES: Final[Mapping[str, Callable[[Records, Rule], Iterator[Finding]]]] = {
    rule.__name__: rule
    for rule in (
        homes_in_an_hour,
        same_values_in_village,
        copied_from_last,
        last_digit,
        visit_after_death,
        visit_during_stay,
        at_night,
    )
}
KNOWN_RULES: Final = frozenset(_RULES)
LOOK_BACK_DAYS: Final = 370
"""How much earlier than the period a person's visits are looked at: a year of quarterly ones."""
