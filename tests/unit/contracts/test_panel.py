"""A panel of thirty patients with raised blood pressure through 2016, worked by hand."""

from datetime import date
from fractions import Fraction

import pytest

from services.contracts.follow_up.judging import Before
from services.contracts.plans.domain import MISSED, NO_LONGER
from tests.unit.contracts.test_plans import Life, case, life, measured

GOOD, BAD = (132, 84), (152, 94)
LAST_DAY = date(2016, 12, 31)

# How many patients, what was measured on which day, the day of death; and, worked by hand from
# the standard (quarterly from 10 January, 14 days' grace; two weeks; referral and two weeks):
# windows missed each, whether the last visit of the year was controlled.
PANEL = [
    (12, {(4, 10): GOOD, (7, 10): GOOD, (10, 10): GOOD}, None, 0, True),
    # October's visit failed on the 25th.
    (5, {(4, 10): GOOD, (7, 10): GOOD}, None, 1, True),
    # First time not controlled, controlled after ten days; then from that visit on.
    (4, {(4, 10): BAD, (4, 20): GOOD, (7, 20): GOOD, (10, 20): GOOD}, None, 0, True),
    # Twice not controlled: the referral's check of 8 May, then 24 July and 24 October are missed.
    (3, {(4, 10): BAD, (4, 24): BAD}, None, 3, False),
    # Never seen: April, July and October.
    (4, {}, None, 3, False),
    # Died in June: July's visit is not asked for; excluded from both figures.
    (2, {(4, 10): GOOD}, (6, 1), 0, None),
]


def lived(
    seen: dict[tuple[int, int], tuple[int, int]], died: tuple[int, int] | None
) -> tuple[Life, bool | None]:
    """The year of one patient, night by night; whether his last visit was controlled."""
    person, before, control = life("hypertension"), None, None
    while person.today < LAST_DAY:
        person.pass_days(1)
        today = (person.today.month, person.today.day)
        if today in seen:
            sbp, dbp = seen[today]
            found = measured("hypertension", case(before=before), sbp=sbp, dbp=dbp)
            control = found.control
            before = Before(person.today, found.classification, {"sbp": sbp, "dbp": dbp})
            person.visit(found.classification)
        if today == died:
            person.anchor = None
            person.night()
    return person, control == "controlled" if control else None


class TestPanel:
    @pytest.mark.parametrize(("seen", "died", "missed", "controlled"), [each[1:] for each in PANEL])
    def test_each_kind_of_patient(
        self,
        seen: dict[tuple[int, int], tuple[int, int]],
        died: tuple[int, int] | None,
        missed: int,
        controlled: bool | None,
    ) -> None:
        """Goal: what was worked out by hand. Method: every night of the year planned."""
        person, last = lived(seen, died)
        assert len(person.with_outcome(MISSED)) == missed
        if died:
            assert len(person.with_outcome(NO_LONGER)) == 1
            assert not [task for task in person.tasks if task.kept.open]
        else:
            assert bool(last) is controlled

    def test_the_panel_s_figures(self) -> None:
        """Goal: 21 of 28 controlled, 26 windows missed. Method: the dead are left out of both."""
        counted = controlled = missed = 0
        for count, seen, died, _, _ in PANEL:
            person, last = lived(seen, died)
            if died:
                continue
            counted += count
            controlled += count * bool(last)
            missed += count * len(person.with_outcome(MISSED))
        assert sum(count for count, *_ in PANEL) == 30
        assert (counted, missed, Fraction(controlled, counted)) == (28, 26, Fraction(3, 4))
