"""Newborns from the first window to their number, or to the end of their time."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest

from services.identity.newborns.service import lapse
from services.identity.settings import IdentitySettings
from services.identity.weights.handlers import on_roster_applied
from shared.clock import FixedClock
from shared.events.base import Envelope
from shared.events.catalog import RosterApplied
from tests.integration.identity.desk import RIGHTS, decide, person_id
from tests.integration.identity.office import Office
from tests.support.people import NEIGHBOUR, RosterPerson, id_number, roster_csv
from tests.support.service import Running, envelope

BORN = date(2016, 6, 20)
MOTHER = RosterPerson("测试娟", date(1990, 5, 6), 22, household="H0009")
CHILD = RosterPerson("测试明", BORN, 31, household="H0009", relation="之子")
ASKED = {
    "name": "测试娟之子",
    "birth_date": BORN.isoformat(),
    "sex": "M",
    "mother_id_number": MOTHER.number,
}
VISIT = "2016-07-01"
REVISED = "recognition.revised.v1"


@pytest.fixture(autouse=True)
def settings(identity: Running) -> None:
    """Chance draws nothing."""
    identity.context.state["identity.settings"] = IdentitySettings(
        double_review_share=0.0, probable_sample_share=0.0
    )


def unnumbered(child: RosterPerson) -> bytes:
    """The roster with a child who has no number yet."""
    return roster_csv(MOTHER, NEIGHBOUR, child).replace(child.number.encode(), b"")


async def applied(identity: Running) -> None:
    """Identity hears of its own roster, three times."""
    told: Envelope[Any] = envelope(
        RosterApplied(
            import_id="i", roster_source="poverty_office", effective_on=date(2016, 1, 1),
            added=1, changed=0, removed=0,
        ),
        at=identity.clock.now(),
    )  # fmt: skip
    for _ in range(3):
        async with identity.context.db.writing() as session:
            await on_roster_applied(told, session, identity.context)


async def revised(office: Office) -> list[tuple[str, str, str | None, str]]:
    return [
        (said["reason"], said["to_grade"], said["to_person_id"], said["visit_no"])
        for said in (event["payload"] for event in await office.events(REVISED))
    ]


async def test_the_number_arrives(office: Office, identity: Running) -> None:
    """Goal: the visit becomes the child's, once. Method: asked by the mother's number while only
    she is registered; the child comes without a number, then with one; each roster told thrice."""
    await office.register(MOTHER, NEIGHBOUR)
    first = await office.recognise(ASKED, on=VISIT)
    assert (first["grade"], first["provisional"]) == ("possible", True)
    assert first["provisional_until"] == "2016-09-29"
    await applied(identity)
    assert await revised(office) == []

    await office.apply((await office.upload(unnumbered(CHILD))).json()["import_id"])
    await applied(identity)
    ((reason, grade, child, _),) = await revised(office)
    assert (reason, grade) == ("roster_correction", "probable")
    assert child is not None
    again = await office.recognise(ASKED, on=VISIT, visit_no="ZY-2")
    assert (again["person_id"], again["provisional"]) == (child, True)
    assert again["entitlements"] == RIGHTS

    await office.register(MOTHER, NEIGHBOUR, CHILD)
    assert await person_id(office, CHILD) == child
    await applied(identity)
    (row,) = await office.service.rows(
        "SELECT count(*) AS n FROM provisional_answers WHERE outcome = 'number_arrived'"
    )
    assert row["n"] == 2
    assert len(await revised(office)) == 1
    himself = await office.recognise(
        {"id_number": CHILD.number, "name": CHILD.name}, on=VISIT, visit_no="ZY-3"
    )
    assert (himself["grade"], himself["provisional"]) == ("certain", False)


async def test_the_first_roster_that_knows_him_has_his_number(
    office: Office, identity: Running
) -> None:
    """Goal: told with the reason. Method: only the mother; then the child with his number."""
    await office.register(MOTHER, NEIGHBOUR)
    await office.recognise(ASKED, on=VISIT)
    await office.register(MOTHER, NEIGHBOUR, CHILD)
    await applied(identity)
    assert await revised(office) == [
        ("number_arrived", "probable", await person_id(office, CHILD), "ZY-1")
    ]


async def test_twins_stay_a_question(office: Office, identity: Running) -> None:
    """Goal: a number does not choose between two. Method: twin boys arrive with numbers."""
    twin = CHILD.but(name="测试亮", sequence=33)
    assert twin.number == id_number(BORN, 33)
    await office.register(MOTHER, NEIGHBOUR)
    await office.recognise(ASKED, on=VISIT)
    await office.register(MOTHER, NEIGHBOUR, CHILD, twin)
    await applied(identity)
    assert await revised(office) == []


async def test_without_a_number_the_answer_ends(
    office: Office, identity: Running, clock: FixedClock
) -> None:
    """Goal: provisional is not for ever. Method: a child without a number; 90 days and one more;
    a roster after each."""
    await office.apply((await office.upload(unnumbered(CHILD))).json()["import_id"])
    first = await office.recognise(ASKED, on=VISIT)
    assert (first["grade"], first["provisional"]) == ("probable", True)
    until = date.fromisoformat(first["provisional_until"])
    clock.advance(timedelta(days=(until - clock.now().date()).days))
    await applied(identity)
    assert await revised(office) == []
    clock.advance(timedelta(days=1))
    await applied(identity)
    assert await revised(office) == [("roster_correction", "possible", None, "ZY-1")]
    (row,) = await office.service.rows("SELECT outcome FROM provisional_answers")
    assert row["outcome"] == "expired"


async def test_an_answer_ends_by_the_clock_alone(
    office: Office, identity: Running, clock: FixedClock
) -> None:
    """Goal: no roster is needed for it, and it is told once. Method: the last day; the day after,
    by three processes at once; a roster after it."""
    await office.apply((await office.upload(unnumbered(CHILD))).json()["import_id"])
    first = await office.recognise(ASKED, on=VISIT)
    until = date.fromisoformat(first["provisional_until"])
    clock.advance(timedelta(days=(until - clock.now().date()).days))
    await lapse(identity.context)
    assert await revised(office) == []
    clock.advance(timedelta(days=1))
    await asyncio.gather(*(lapse(identity.context) for _ in range(3)))
    over = [("roster_correction", "possible", None, "ZY-1")]
    assert await revised(office) == over
    (row,) = await office.service.rows("SELECT outcome FROM provisional_answers")
    assert row["outcome"] == "expired"
    await applied(identity)
    assert await revised(office) == over


async def test_what_a_person_has_decided_stays(office: Office, identity: Running) -> None:
    """Goal: nobody is asked against a person's word. Method: the review says it is the mother's
    question and nobody registered; then the child arrives."""
    await office.register(MOTHER, NEIGHBOUR)
    first = await office.recognise(ASKED, on=VISIT)
    await decide(office, first["review_id"], "different_person")
    told = await revised(office)
    await office.register(MOTHER, NEIGHBOUR, CHILD)
    await applied(identity)
    assert await revised(office) == told
