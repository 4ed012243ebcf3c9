"""A panel of thirty patients with raised blood pressure through 2016, worked by hand."""

from dataclasses import dataclass
from datetime import date

import pytest

from services.contracts.control.domain import Patient, Rate
from services.contracts.follow_up.judging import Before
from services.contracts.plans.domain import MISSED, NO_LONGER
from tests.unit.contracts.lives import Life, life
from tests.unit.contracts.test_visit_classes import case, measured

GOOD, BAD = (132, 84), (152, 94)
OLD_GOOD, OLD_BAD = (148, 86), (150, 86)
"""Good from 65 on only; too high at that age as well."""
LAST_DAY = date(2016, 12, 31)


@dataclass(frozen=True)
class Kind:
    """Patients of one story, and what was worked out of it by hand from the standard.

    Visits are asked quarterly from 10 January with 14 days' grace; first time not controlled: two
    weeks; twice: referral and two weeks.
    """

    story: str
    count: int
    seen: dict[tuple[int, int], tuple[int, int]]
    missed: int
    """Windows missed each, whether they count or not."""
    control: str | None
    """Of the year's last visit."""
    born: int = 1970
    died_on: date | None = None
    left_on: date | None = None
    ended_on: date | None = None


PANEL = [
    Kind("always good", 8, {(4, 10): GOOD, (7, 10): GOOD, (10, 10): GOOD}, 0, "controlled"),
    Kind("October's visit failed on the 25th", 5, {(4, 10): GOOD, (7, 10): GOOD}, 1, "controlled"),
    Kind(
        "not controlled once, good ten days later, then quarterly from that visit",
        4,
        {(4, 10): BAD, (4, 20): GOOD, (7, 20): GOOD, (10, 20): GOOD},
        0,
        "controlled",
    ),
    Kind(
        "not controlled twice: the referral's check of 8 May, 24 July and 24 October are missed",
        3,
        {(4, 10): BAD, (4, 24): BAD},
        3,
        "uncontrolled",
    ),
    Kind("never seen: April, July and October", 3, {}, 3, None),
    Kind(
        "66 years old: 148/86 is controlled",
        2,
        {(4, 10): OLD_GOOD, (7, 10): OLD_GOOD, (10, 10): OLD_GOOD},
        0,
        "controlled",
        born=1950,
    ),
    Kind(
        "65 in the year: 150/86 is not; the recheck of 24 October is missed",
        1,
        {(4, 10): OLD_GOOD, (7, 10): OLD_GOOD, (10, 10): OLD_BAD},
        1,
        "uncontrolled",
        born=1951,
    ),
    Kind(
        "died in June: July's visit is not asked for",
        2,
        {(4, 10): GOOD},
        0,
        "controlled",
        died_on=date(2016, 6, 1),
    ),
    Kind(
        "left the registry in August, looked after as before: July and October are missed",
        1,
        {(4, 10): GOOD},
        2,
        "controlled",
        left_on=date(2016, 8, 1),
    ),
    Kind(
        "care ended in September: October's visit is not asked for",
        1,
        {(4, 10): GOOD, (7, 10): BAD, (7, 20): GOOD},
        0,
        "controlled",
        ended_on=date(2016, 9, 1),
    ),
]


def lived(kind: Kind) -> tuple[Life, str | None]:
    """The year of one patient, night by night; the control status of his last visit."""
    person, before, control = life("hypertension"), None, None
    while person.today < LAST_DAY:
        person.pass_days(1)
        today = (person.today.month, person.today.day)
        if today in kind.seen:
            sbp, dbp = kind.seen[today]
            found = measured("hypertension", case(kind.born, before), sbp=sbp, dbp=dbp)
            control = found.control
            before = Before(person.today, found.classification, {"sbp": sbp, "dbp": dbp})
            person.visit(found.classification)
        if person.today in (kind.died_on, kind.ended_on):
            person.anchor = None
            person.night()
    return person, control


class TestPanel:
    @pytest.mark.parametrize("kind", PANEL, ids=lambda kind: kind.story)
    def test_each_kind_of_patient(self, kind: Kind) -> None:
        """Goal: what was worked out by hand. Method: every night of the year planned."""
        person, control = lived(kind)
        assert len(person.with_outcome(MISSED)) == kind.missed
        assert control == kind.control
        gone = kind.died_on is not None or kind.ended_on is not None
        assert len(person.with_outcome(NO_LONGER)) == gone
        assert len([task for task in person.tasks if task.kept.open]) == (not gone)

    def test_the_panel_s_figures(self) -> None:
        """Goal: 19 of 26 controlled, 24 windows missed by 12, 4 left out by reason. Method: the
        lives counted by the rate itself; by hand 8+5+4+2 controlled, 3+1 not, 3 never measured;
        5x1 + 3x3 + 3x3 + 1 missed."""
        rate = Rate()
        for kind in PANEL:
            person, control = lived(kind)
            patient = Patient(
                team="T",
                township=None,
                village=None,
                died_on=kind.died_on,
                registered=kind.left_on is None,
                ended_on=kind.ended_on,
                control=control,
                missed=len(person.with_outcome(MISSED)),
            )
            for _ in range(kind.count):
                rate.add(patient, LAST_DAY)
        assert sum(kind.count for kind in PANEL) == 30
        assert (rate.patients, rate.controlled, rate.uncontrolled, rate.never_measured) == (
            26, 19, 4, 3,
        )  # fmt: skip
        assert (rate.missed, rate.with_missed) == (24, 12)
        assert rate.excluded == {"died": 2, "left_registry": 1, "ended": 1}
