"""Kept sums: what is read by them is always what the rows of the same snapshot add up to."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.reporting.figures import keeping, month_sums
from services.reporting.figures.domain import Area, period_of
from services.reporting.figures.repository import Scope
from services.reporting.figures.service import scope_of
from services.reporting.projections.handlers import take_in
from shared.events.base import Envelope
from shared.events.catalog import PersonChanged
from tests.integration.reporting.county import (
    DISTRICT,
    JINHE,
    JINHE_HOSPITAL,
    YONGHE,
    person,
    visit,
)
from tests.integration.reporting.half_year import half_year
from tests.support.merges import merged, unmerged
from tests.support.service import Running, shuffled

_DAY = date(2016, 6, 28)
_COUNTY = Scope(Area("county"), period_of("all"), _DAY, _DAY)
_SCOPES = (
    _COUNTY,
    Scope(Area("township", township=JINHE), period_of("2016-Q1"), _DAY, _DAY),
    Scope(Area("facility", facility_code=DISTRICT), period_of("2016-05"), _DAY, _DAY),
    Scope(Area("township", township="unknown"), period_of("2016"), _DAY, _DAY),
)


async def same(service: Running, *scopes: Scope) -> list[Mapping[str, int]]:
    """The figures by the kept sums, after it was seen that the rows alone say the same."""
    found = []
    async with service.context.db.reading() as session:
        county = await scope_of(session, service.context, area=None, period=None)
        for one in scopes or (_COUNTY,):
            scope = replace(one, day=county.day, card_day=county.card_day)
            kept = await keeping.sums_of(session, scope)
            assert kept == await keeping.sums_of(session, scope, by_rows=True)
            found.append(kept)
    return found


async def cells(service: Running) -> dict[Any, int] | None:
    async with service.context.db.reading() as session:
        stale = await month_sums.stale(session)
    return None if stale is None else {of: len(each.months) for of, each in stale.items()}


def _story() -> list[Envelope[Any]]:
    """The half-year, with a stay that is a readmission, and two persons who turn out to be one."""
    inpatient = "inpatient"
    return [
        *half_year(),
        *visit("E10", "P1", DISTRICT, inpatient, date(2016, 6, 10), date(2016, 6, 12)),
        *visit("E11", "P4", DISTRICT, inpatient, date(2016, 6, 20), date(2016, 6, 22)),
        merged("P1", "P4", 3),
        person("P3", kind=PersonChanged, home=(JINHE, "曙光村"), sequence=3),
    ]


@pytest.mark.parametrize("seed", [1, 2])
async def test_kept_sums_are_those_of_the_rows_after_every_few_events(
    reporting: Running, seed: int
) -> None:
    """Goal: late, reversed, cancelled, moved, merged: no order of events leaves a wrong sum.

    Method: the story shuffled across topics; sums taken anew at random moments, and compared with
    the rows at others; at the end every kind of scope, before and after all is taken anew.
    """
    await keeping.catch_up(reporting.context)
    chance = random.Random(seed)
    events = shuffled(_story(), seed, times=1)
    while events:
        count = chance.randint(1, 12)
        await reporting.deliver_together(*events[:count])
        events = events[count:]
        assert await cells(reporting) is not None
        await same(reporting)
        if chance.random() < 0.6:
            assert await keeping.catch_up(reporting.context)
            assert await cells(reporting) == {}
    stale = await same(reporting, *_SCOPES)
    await keeping.catch_up(reporting.context)
    assert await same(reporting, *_SCOPES) == stale
    assert stale[0]["registered_readmitted"] == 2
    assert not await keeping.catch_up(reporting.context)


async def test_two_changes_that_do_not_see_each_other_are_both_summed(reporting: Running) -> None:
    """Goal: whether a stay is a readmission is right although neither handler saw the other's stay.

    Method: two stays of one person in two open transactions; the sums are taken anew between the
    two commits.
    """
    context = reporting.context
    await reporting.deliver_together(person("P1"))
    opened, ended = visit("E1", "P1", DISTRICT, "inpatient", date(2016, 3, 1), date(2016, 3, 8))
    again = visit("E2", "P1", JINHE_HOSPITAL, "inpatient", date(2016, 4, 1), date(2016, 4, 3))
    async with context.db.writing() as first:
        for event in (opened, ended):
            await take_in(event, first, context)
        async with context.db.writing() as second:
            for event in again:
                await take_in(event, second, context)
        assert await keeping.catch_up(context)
        (whole,) = await same(reporting)
        assert (whole["visits"], whole.get("registered_readmitted", 0)) == (1, 0)
    (whole,) = await same(reporting)
    assert (whole["visits"], whole["registered_readmitted"]) == (2, 1)
    assert await keeping.catch_up(context)
    assert (await same(reporting))[0] == whole


async def test_a_change_during_the_catching_up_stays_marked(reporting: Running) -> None:
    """Goal: what is committed while sums are taken anew is not lost. Method: a visit is committed
    between the snapshot and the end; of two that catch up, one goes without."""
    context = reporting.context
    await reporting.deliver_together(*half_year())
    late = visit("E12", "P2", DISTRICT, "outpatient", date(2016, 2, 3), date(2016, 2, 3))
    async with context.db.writing() as session:
        assert await month_sums.alone(session)
        assert await month_sums.catch_up(session)
        await reporting.deliver_together(*late)
        assert not await keeping.catch_up(context)
    assert await cells(reporting) == {"discharged": 1}
    (whole,) = await same(reporting)
    assert whole["visits"] == 8
    assert await keeping.catch_up(context)
    assert (await same(reporting))[0] == whole


async def test_an_undone_merge_and_a_row_put_right_by_hand(reporting: Running) -> None:
    """Goal: also what no visit's event tells moves the sums. Method: a merge undone; a bill without
    a home follows the registry; a fact and a payer changed by SQL; each compared with the rows."""
    await reporting.deliver_together(*_story())
    await keeping.catch_up(reporting.context)
    before = await same(reporting)
    await reporting.deliver(unmerged("P1", "P4", 3))
    apart = await same(reporting)
    assert apart[0]["registered_readmitted"] == before[0]["registered_readmitted"] - 1
    await keeping.catch_up(reporting.context)
    assert await same(reporting) == apart
    await reporting.deliver(person("P3", kind=PersonChanged, home=(YONGHE, "坪上村"), sequence=4))
    moved = await same(reporting)
    visits = f"township {YONGHE} visits"
    assert moved[0][visits] == apart[0].get(visits, 0) + 2
    assert await keeping.catch_up(reporting.context)
    assert await same(reporting) == moved
    async with reporting.context.db.engine.begin() as connection:
        for change in (
            "UPDATE settlements SET total_fen = total_fen + 1 WHERE settlement_id = 'S-E1'",
            (
                "UPDATE settlement_payers SET amount_fen = amount_fen + 1"
                " WHERE settlement_id = 'S-E1' AND payer = 'basic_insurance'"
            ),
            "DELETE FROM encounters WHERE encounter_id = 'E2'",
        ):
            await connection.exec_driver_sql(change)
    spoilt = await same(reporting)
    assert spoilt[0]["total_fen"] == moved[0]["total_fen"] + 1
    assert await keeping.catch_up(reporting.context)
    assert await same(reporting) == spoilt
    assert await keeping.differences(reporting.context) == []
    async with reporting.context.db.engine.begin() as connection:
        await connection.exec_driver_sql(
            "UPDATE month_sums SET total_fen = total_fen + 1 WHERE facility_code = 'H51110200901'"
        )
    wrong = {name: kept - rows for name, kept, rows in await keeping.differences(reporting.context)}
    assert wrong["total_fen"] == wrong["facility_code H51110200901 total_fen"] == 1
