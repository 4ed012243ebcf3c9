"""What a programme of care asks for next: the engine of the task rules. Pure.

A *programme* (hypertension, the yearly check-up …) is a set of rules. Time in it runs from one
*anchor* to the next: the day a person was taken into the programme, then each visit, or the
calendar year for work that is due once a year. After an anchor there is one task at a time; when
its window ends without the work, the task has failed and the next *attempt* after the same anchor
follows on the programme's routine interval, or first for a while on the rule's own.

A task keeps the version of the rule that made it and the days it was given: a rule that changes
later speaks for tasks made later.

States are those of the Community Health Toolkit: draft (the window is not open yet), ready, failed
(it ended undone), completed, cancelled (the work is no longer called for).
"""

from __future__ import annotations

import calendar
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from shared.policy.reading import Citation, Words

TaskPhase = Literal["draft", "ready", "completed", "failed", "cancelled"]
Kind = Literal["follow_up", "check_up", "report", "refill"]

MISSED = "missed"
"""Outcome of a task whose window ended without the work."""
NO_LONGER = "no_longer_due"
"""Outcome of a task for which nothing calls any more, or that a newer plan replaces."""
CANCELLING: frozenset[str] = frozenset({NO_LONGER, "not_his"})
REPORTED = "reported"
"""Outcome of a task that asks for a report to the institution above."""
DISPENSED = "dispensed"
"""Outcome of a task that asks for drugs to be handed out again."""
NOT_MET: frozenset[str] = frozenset({"not_reached", "lost_contact"})
"""Outcomes of a contact at which the person was not met; who declines was."""
START = "start"
"""Instead of a visit's classification: nothing has happened since the person was taken in."""
MOST_ATTEMPTS = 400
"""More windows than this after one anchor are a fault of a rule: a ten-day rhythm over ten years."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Calendar months, then days."""

    months: int = 0
    days: int = 0

    def after(self, day: date, times: int = 1) -> date:
        """The day so much later; the month's last day where the month is shorter."""
        months = day.month - 1 + self.months * times
        year, month = day.year + months // 12, months % 12 + 1
        within = min(day.day, calendar.monthrange(year, month)[1])
        return date(year, month, within) + timedelta(days=self.days * times)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of task: after what it is asked for, when, and how urgently."""

    code: str
    version: int
    programme: str
    title: Words
    citation: Citation
    after: frozenset[str]
    """Classifications of the visit before, or ``start``; ``any`` for all that no rule names."""
    due: Interval
    """From the anchor to the last day that is in time."""
    opens_before_days: int | None
    """How many days before the due day the window opens; None: right after the anchor."""
    grace_days: int
    """How many days after the due day the work still counts, as overdue."""
    from_start: bool
    """Count from the day the person was taken in and not from the visit before."""
    ways: frozenset[str]
    """Ways of contact that do the work; empty: a check-up does it."""
    priority: int
    """10 is the most urgent."""
    routine: bool
    """Sets the rhythm that goes on after a failed task."""
    repeats_for: Interval | None
    """After a failed task the rule goes on at its own interval until so long after the anchor, and
    the routine follows only then; None: the routine follows at once."""
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Applies:
    """Whom a programme concerns: those taken into it or another, or all who are registered so."""

    enrolled: bool
    enrolled_in: frozenset[str] = frozenset()
    """Programmes: who is taken into one of them is concerned here too."""
    categories: frozenset[str] = frozenset()
    """Person categories, one of which must be in force on the day; empty: no matter which."""
    min_age: int | None = None
    unless: frozenset[str] = frozenset()
    """Programmes whose work is the same: where one of them applies, this one does not."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """How often a person is not met before it is reported to the institution above."""

    programme: str
    """Whose visits are meant."""
    times: int
    days: int
    """From the start of that programme, both days included."""
    ways: frozenset[str]

    def reached_on(self, start: date, contacts: Iterable[tuple[date, str]]) -> date | None:
        """The day of the contact with which it is often enough; None: it is not.

        Args:
            start: of the programme.
            contacts: day and way of each that ended without the person being met.
        """
        last = start + timedelta(days=self.days)
        days = sorted(on for on, way in contacts if way in self.ways and start <= on <= last)
        return days[self.times - 1] if len(days) >= self.times else None


@dataclass(frozen=True, slots=True)
class Supply:
    """Drugs of which disease last long enough to be reminded of."""

    disease: str
    at_least_days: int
    """A dispensing of fewer days is no long prescription."""


@dataclass(frozen=True, slots=True)
class Programme:
    code: str
    title: Words
    kind: Kind
    applies: Applies
    rules: tuple[Rule, ...]
    ends_after: frozenset[str] = frozenset()
    """Classifications of a visit after which nothing more is asked for."""
    form: str | None = None
    """The form of measurements that a follow-up in the programme fills in."""
    lasts_days: int | None = None
    """No task is due later than so many days after the start; None: no such end."""
    rated: bool = True
    """Whether its visits say that an illness is under control, and it has a control rate."""
    leads_to: str | None = None
    """The programme of the illness that is suspected or likely here."""
    unmet: Unmet | None = None
    """What asks for a report; of the kind ``report`` alone."""
    supply: Supply | None = None
    """What is to be handed out again; of the kind ``refill`` alone."""

    def rule_after(self, what: str, on: date) -> Rule | None:
        """The newest version in force on a day of the rule that speaks for a classification."""
        return self._newest(rule for rule in self.rules if what in rule.after and rule.holds_on(on))

    def rule_for(self, what: str, on: date) -> Rule | None:
        return self.rule_after(what, on) or self.rule_after("any", on)

    def routine(self, on: date) -> Rule | None:
        """The rule of the programme's rhythm in force on a day."""
        return self._newest(rule for rule in self.rules if rule.routine and rule.holds_on(on))

    @staticmethod
    def _newest(rules: Iterable[Rule]) -> Rule | None:
        return max(rules, key=lambda rule: rule.version, default=None)


@dataclass(frozen=True, slots=True)
class Anchor:
    """From which day, and after what, the next task is counted."""

    key: str
    on: date
    what: str
    start: date


@dataclass(frozen=True, slots=True)
class Kept:
    """A task of the programme as it is stored."""

    task_id: str
    anchor: str
    attempt: int
    due_on: date
    closes_on: date
    open: bool
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """A task to be made."""

    anchor: str
    attempt: int
    rule: Rule
    anchor_on: date
    opens_on: date
    due_on: date
    closes_on: date


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to change so that the stored tasks are those that the rules ask for."""

    make: tuple[Step, ...] = ()
    """In their order; all but the last have failed already."""
    fail: tuple[str, ...] = ()
    cancel: tuple[str, ...] = ()
    reopen: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.make or self.fail or self.cancel or self.reopen)


def phase_on(
    day: date, *, opens_on: date, closes_on: date | None, is_open: bool, outcome: str | None
) -> TaskPhase:
    """A task's state as a list of ``day`` shows it, also before anything was run that night."""
    if not is_open:
        if outcome == MISSED:
            return "failed"
        return "cancelled" if outcome in CANCELLING else "completed"
    if day < opens_on:
        return "draft"
    return "failed" if closes_on is not None and day > closes_on else "ready"


def _next_due(rule: Rule, base: date, before: date) -> date:
    """The first day of the rule's rhythm from ``base`` that lies after ``before``."""
    times = 1
    while (due_on := rule.due.after(base, times)) <= before:
        times += 1
    return due_on


def step_of(programme: Programme, anchor: Anchor, attempt: int, before: date | None) -> Step | None:
    """The task of an attempt after an anchor; None where no rule asks for one.

    Args:
        programme: whose rules are asked.
        anchor: what is counted from.
        attempt: 0 for the first.
        before: the due day of the attempt before, if any.
    """
    rule = programme.rule_for(anchor.what, anchor.on)
    if rule is None:
        return None
    base = anchor.start if rule.from_start else anchor.on
    if attempt == 0:
        due_on = rule.due.after(base)
    else:
        routine = programme.routine(anchor.on)
        if routine is None or before is None:
            return None
        base = anchor.on
        due_on = _next_due(rule, base, before)
        if rule.repeats_for is None or due_on > rule.repeats_for.after(base):
            rule, due_on = routine, _next_due(routine, base, before)
    if programme.lasts_days is not None and due_on > anchor.start + timedelta(
        days=programme.lasts_days
    ):
        return None
    opens_on = (
        max(anchor.on, before + timedelta(days=1) if before else anchor.on)
        if rule.opens_before_days is None
        else due_on - timedelta(days=rule.opens_before_days)
    )
    return Step(
        anchor=anchor.key,
        attempt=attempt,
        rule=rule,
        anchor_on=anchor.on,
        opens_on=min(max(opens_on, anchor.on), due_on),
        due_on=due_on,
        closes_on=due_on + timedelta(days=rule.grace_days),
    )


def plan(programme: Programme, anchor: Anchor | None, kept: Sequence[Kept], today: date) -> Plan:
    """What has to change among a person's tasks of one programme.

    Run daily, or once after two years: the same tasks result, each once.

    Args:
        programme: whose rules are asked.
        anchor: the newest; None: the programme does not, or no longer, concern the person.
        kept: his tasks of the programme as stored.
        today: as of which day.
    """
    own = {task.attempt: task for task in kept if anchor is not None and task.anchor == anchor.key}
    # Tasks of an older anchor: their time is over, or what they wait for has been done otherwise.
    others = [task for task in kept if task.open and own.get(task.attempt) is not task]
    fail = [task.task_id for task in others if task.closes_on < today]
    cancel = [task.task_id for task in others if task.closes_on >= today]
    make: list[Step] = []
    reopen: list[str] = []
    before: date | None = None
    for attempt in range(MOST_ATTEMPTS):
        if anchor is None:
            break
        stored = own.get(attempt)
        if stored is None:
            step = step_of(programme, anchor, attempt, before)
            if step is None:
                break
            make.append(step)
            before, closes_on = step.due_on, step.closes_on
        else:
            before, closes_on = stored.due_on, stored.closes_on
            if not stored.open and stored.outcome not in (MISSED, NO_LONGER):
                break
            if closes_on < today:
                if stored.open:
                    fail.append(stored.task_id)
            elif not stored.open and stored.outcome == NO_LONGER:
                reopen.append(stored.task_id)
        if closes_on >= today:
            break
    return Plan(tuple(make), tuple(fail), tuple(cancel), tuple(reopen))


@dataclass(frozen=True, slots=True)
class Person:
    """What the rules look at of a person."""

    registered: bool
    alive: bool
    birth_year: int | None
    categories: tuple[tuple[str, date, date | None], ...]
    supplied: frozenset[str] = frozenset()
    """Diseases of whose drugs he has been handed a supply that is long enough."""


def concerns(programme: Programme, person: Person, day: date, enrolled: frozenset[str]) -> bool:
    """Whether a programme concerns a person on a day, apart from ``unless``.

    Age is by calendar year: who turns 65 in the year counts as 65, as the yearly lists of the
    public-health service do; only the year of birth is known here.
    """
    rule = programme.applies
    if programme.supply is not None:
        return person.alive and programme.supply.disease in person.supplied
    if rule.enrolled or rule.enrolled_in:
        taken = rule.enrolled_in or {programme.code}
        return person.alive and not enrolled.isdisjoint(taken)
    if not person.registered:
        return False
    if rule.min_age is not None and (
        person.birth_year is None or day.year - person.birth_year < rule.min_age
    ):
        return False
    return not rule.categories or any(
        code in rule.categories and start <= day and (end is None or day <= end)
        for code, start, end in person.categories
    )


def applying(
    programmes: Mapping[str, Programme],
    person: Person,
    day: date,
    enrolled: frozenset[str],
    not_offered: Collection[str] = (),
) -> set[str]:
    """The codes of the programmes that concern a person on a day.

    One that the area does not offer takes nobody's place in another.
    """
    found = {
        code
        for code, programme in programmes.items()
        if code not in not_offered and concerns(programme, person, day, enrolled)
    }
    return {code for code in found if not programmes[code].applies.unless & found}


def year_anchor(day: date) -> Anchor:
    """What work that is due once in a calendar year is counted from."""
    first = date(day.year, 1, 1)
    return Anchor(f"year:{day.year}", first, START, first)
