"""Standings are worked out again from the settlements: no difference, or a told and mended one."""

import asyncio

import pytest
from typer.testing import CliRunner

from deploy.cli.main import app
from services.claims.standings import rebuilding
from tests.integration.claims.county import Claims, merged, person

SPOIL = "UPDATE standings SET basic_paid_fen = basic_paid_fen + 1 WHERE person_id = 'p-1'"


async def _settled(claims: Claims, person_id: str) -> str:
    visit = await claims.discharged(person_id=person_id)
    return str((await claims.settled(visit["encounter_id"]))["settlement_id"])


async def test_what_differs_is_told_and_put_right(
    claims: Claims, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: the command finds every difference and mends it, and nothing else.

    Method: a merged person, a reversal; rows spoilt, lost and invented by hand; the command asked
    to check, to mend, to check again; the audit log.
    """
    for who in ("p-1", "p-2", "p-3"):
        await claims.deliver(person(person_id=who))
    first = await _settled(claims, "p-1")
    await _settled(claims, "p-2")
    await _settled(claims, "p-3")
    await claims.deliver(merged("p-1", "p-2"))
    await claims.good("POST", f"/settlements/{first}/reverse", {"reason": "sent twice"})
    assert await claims.differences() == []
    monkeypatch.setenv("CLAIMS_DATABASE_URL", claims.context.db.url)

    def command(how: str) -> tuple[int, str]:
        ended = CliRunner().invoke(
            app, ["claims", "rebuild-standings", how], env={"COLUMNS": "240"}
        )
        return ended.exit_code, ended.output

    sound = await asyncio.to_thread(command, "--check")
    assert sound[0] == 0, sound[1]
    async with claims.context.db.writing() as session:
        connection = await session.connection()
        await connection.exec_driver_sql(SPOIL)
        await connection.exec_driver_sql("DELETE FROM standings WHERE person_id = 'p-3'")
        await connection.exec_driver_sql(
            "UPDATE standing_moves SET medical_aid_paid_fen = medical_aid_paid_fen + 7"
        )
    found = {(each.what, each.key): each.benefits for each in await claims.differences()}
    assert found == {
        ("person", "p-1"): ["basic_paid"],
        ("person", "p-3"): ["critical_illness_burden", "basic_paid", "medical_aid_paid"],
        ("merge", "m-0001"): ["medical_aid_paid"],
    }
    code, told = await asyncio.to_thread(command, "--check")
    assert code == 1
    assert "3344.91" in told
    assert (await asyncio.to_thread(command, "--apply"))[0] == 0
    assert (await asyncio.to_thread(command, "--check"))[0] == 0
    assert await claims.differences() == []
    assert (await claims.year_to_date("p-3"))["basic_paid"] == "3344.90"
    (logged,) = await claims.rows("SELECT detail FROM audit_log WHERE action = 'standings.rebuilt'")
    assert logged["detail"]["differences"] == 3


async def test_mending_while_hospitals_settle(claims: Claims) -> None:
    """Goal: a year is never set to half a settlement. Method: both at the same moment, thrice."""
    for who in ("p-1", "p-2"):
        await claims.deliver(person(person_id=who))
    visits = [await claims.discharged(person_id=who) for who in ("p-1", "p-2") * 3]
    area, region = claims.context.region.pooling_area, claims.context.region.region_code

    async def mend() -> None:
        async with claims.context.db.writing() as session:
            connection = await session.connection()
            await connection.exec_driver_sql(SPOIL)
        async with claims.context.db.writing() as session:
            await rebuilding.apply(session, area=area, region=region, at=claims.context.clock.now())

    await asyncio.gather(
        *(claims.settled(visit["encounter_id"]) for visit in visits), mend(), mend(), mend()
    )
    assert await claims.differences() == []
