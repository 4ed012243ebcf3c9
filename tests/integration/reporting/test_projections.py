"""Projections: the same rows whatever the order and repetition; figures worked out by hand."""

from typing import Any

import pytest
from sqlalchemy import delete

from services.reporting.models import PROJECTIONS
from services.reporting.module import MODULE
from services.reporting.projections.visits import SettlementNotWhole
from shared.db.migrate import check
from shared.money import Fen
from tests.integration.reporting.half_year import COUNTY_FIGURES, half_year
from tests.support.service import Running, shuffled


async def dump(service: Running) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every projection."""
    found = {}
    for table in PROJECTIONS:
        rows = await service.rows(f"SELECT * FROM {table.name}")
        found[table.name] = sorted((tuple(row.values()) for row in rows), key=repr)
    return found


async def clear(service: Running) -> None:
    async with service.context.db.writing() as session:
        for table in PROJECTIONS:
            await session.execute(delete(table))


async def test_models_and_migrations_agree(reporting: Running) -> None:
    """Goal: the models describe the migrated tables. Method: Alembic's comparison."""
    check(MODULE.migrations, reporting.context.db.url)


async def test_any_order_gives_identical_rows(reporting: Running) -> None:
    """Goal: the end state depends neither on order across topics nor on repetition.

    Method: the half-year in order once; then shuffled with five seeds, each event three times,
    without the inbox; whole tables compared.
    """
    events = half_year()
    await reporting.deliver(*events, marked=False)
    expected = await dump(reporting)
    assert len(expected["happenings"]) == len(events)
    for seed in range(5):
        await clear(reporting)
        await reporting.deliver(*shuffled(events, seed), marked=False)
        assert await dump(reporting) == expected, f"seed {seed}"


async def test_a_reversal_before_its_settlement(reporting: Running) -> None:
    """Goal: even against the order of its key. Method: the whole half-year backwards."""
    events = half_year()
    await reporting.deliver(*events, marked=False)
    expected = await dump(reporting)
    await clear(reporting)
    await reporting.deliver(*reversed(events), marked=False)
    assert await dump(reporting) == expected


async def test_a_settlement_that_does_not_add_up_is_set_aside(reporting: Running) -> None:
    """Goal: parts always sum to the total. Method: one fen too much; nothing is stored."""
    made = next(e for e in half_year() if e.type.endswith("settlement.made.v1"))
    broken = made.data.model_copy(update={"patient_pays": Fen(int(made.data.patient_pays) + 1)})
    object.__setattr__(made, "data", broken)
    with pytest.raises(SettlementNotWhole):
        await reporting.deliver(made)
    assert await reporting.rows("SELECT 1 FROM settlements") == []


async def test_the_figures_worked_out_by_hand(reporting: Running) -> None:
    """Goal: each indicator means what the catalogue says. Method: the county's table by hand."""
    await reporting.deliver(*half_year())
    async with reporting.client() as client:
        answer = await client.get("/reporting/v1/indicators")
    assert answer.status_code == 200, answer.text
    figures = {
        item["code"]: (
            item["numerator"],
            item["denominator"],
            item["value"],
            item["status"],
            item["records"],
        )
        for item in answer.json()["items"]
        if item["owner_zh"] is None
    }
    assert figures == COUNTY_FIGURES
