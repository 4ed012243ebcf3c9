"""A person in one programme, planned every night: a fake of the database around the rules' engine."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from services.contracts.plans.domain import (
    MISSED,
    NO_LONGER,
    START,
    Anchor,
    Kept,
    Programme,
    Rule,
    phase_on,
    plan,
)
from services.contracts.plans.rulebook import rulebook

START_ON = date(2016, 1, 10)
YEARS = 730


@dataclass
class Stored:
    """A task as the database would keep it."""

    rule: Rule
    kept: Kept
    opens_on: date


@dataclass
class Life:
    """A person in one programme, planned every night; a fake of the database around the engine."""

    programme: Programme
    today: date = START_ON
    anchor: Anchor | None = field(
        default_factory=lambda: Anchor("start", START_ON, START, START_ON)
    )
    tasks: list[Stored] = field(default_factory=list)
    visits: int = 0

    def night(self) -> None:
        found = plan(self.programme, self.anchor, [task.kept for task in self.tasks], self.today)
        outcomes = dict.fromkeys(found.fail, MISSED) | dict.fromkeys(found.cancel, NO_LONGER)
        for task in self.tasks:
            if task.kept.task_id in outcomes:
                task.kept = replace(task.kept, open=False, outcome=outcomes[task.kept.task_id])
            if task.kept.task_id in found.reopen:
                task.kept = replace(task.kept, open=True, outcome=None)
        for step in found.make:
            over = step.closes_on < self.today
            self.tasks.append(
                Stored(
                    step.rule,
                    Kept(
                        f"T{len(self.tasks)}",
                        step.anchor,
                        step.attempt,
                        step.due_on,
                        step.closes_on,
                        open=not over,
                        outcome=MISSED if over else None,
                    ),
                    step.opens_on,
                )
            )

    def pass_days(self, days: int) -> None:
        for _ in range(days):
            self.today += timedelta(days=1)
            self.night()

    def visit(self, classification: str) -> None:
        """Done today; the service's rule of a late routine visit is kept."""
        self.visits += 1
        task = self.waiting
        following = self.programme.rule_for(classification, self.today)
        on = self.today
        if task.rule.routine and following is not None and following.routine:
            on = min(on, task.kept.due_on)
        task.kept = replace(task.kept, open=False, outcome="continue")
        self.anchor = (
            None
            if classification in self.programme.ends_after
            else Anchor(f"visit{self.visits}", on, classification, START_ON)
        )
        self.night()

    @property
    def waiting(self) -> Stored:
        (task,) = [each for each in self.tasks if each.kept.open]
        return task

    def with_outcome(self, outcome: str | None) -> list[Stored]:
        return [each for each in self.tasks if each.kept.outcome == outcome]

    def phase(self, task: Stored) -> str:
        return phase_on(
            self.today,
            opens_on=task.opens_on,
            closes_on=task.kept.closes_on,
            is_open=task.kept.open,
            outcome=task.kept.outcome,
        )


def life(code: str) -> Life:
    found = Life(rulebook().programmes[code])
    found.night()
    return found
