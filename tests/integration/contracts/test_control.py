"""The control rate as the API tells it: the thirty patients worked out by hand, on PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.plans.domain import MISSED
from tests.integration.contracts.stories import JINHE, JINHE_TEAM, YONGHE, YONGHE_TEAM, entered
from tests.support.merges import merged
from tests.support.service import Running
from tests.unit.contracts.test_panel import BAD, OLD_BAD, PANEL, Kind, lived

YEAR_S_END = timedelta(days=297)


async def asked(service: Running, organisation: str = "", status: int = 200, **query: Any) -> Any:
    async with service.client(*([organisation] if organisation else [])) as client:
        answer = await client.get("/contracts/v1/control-rates", params=query)
    assert answer.status_code == status, answer.text
    return answer.json()


@pytest.fixture
async def panel(contracts: Running) -> Running:
    """The panel's year as it is stored: half of the first kind live in the other township."""
    contracts.clock.advance(YEAR_S_END)
    number = 0
    for kind in PANEL:
        life, _ = lived(kind)
        missed = life.with_outcome(MISSED)
        for at in range(kind.count):
            number += 1
            person_id = f"P{number:02}"
            home = (YONGHE, "石门村") if number <= 6 else (JINHE, "曙光村")
            await contracts.deliver(entered(person_id, *home))
            async with contracts.context.db.writing() as session:
                await _keep(session, person_id, kind, len(missed), at)
    return contracts


async def _keep(session: Any, person_id: str, kind: Kind, missed: int, at: int) -> None:
    await session.execute(
        text(
            "INSERT INTO enrolments (enrolment_id, region, person_id, programme, started_on,"
            " planned_from, ended_on, end_reason, recorded_by, recorded_at) VALUES (gen_random_uuid(),"
            " '511113', :p, 'hypertension', '2016-01-10', '2016-01-10', :ended, :why, 'test',"
            " now())"
        ),
        {"p": person_id, "ended": kind.ended_on, "why": "cured" if kind.ended_on else None},
    )
    for (month, day), values in kind.seen.items():
        await session.execute(
            text(
                "INSERT INTO follow_ups (follow_up_id, region, person_id, team, performed_at, way,"
                " outcome, disease, control_status, recorded_by, recorded_at) VALUES"
                " (gen_random_uuid(), '511113', :p, 'T', :at, 'home', 'continue', 'hypertension',"
                " :control, 'test', now())"
            ),
            {
                "p": person_id,
                "at": datetime(2016, month, day, 1, tzinfo=UTC),
                "control": "uncontrolled" if values in (BAD, OLD_BAD) else "controlled",
            },
        )
    for attempt in range(missed):
        await session.execute(
            text(
                "INSERT INTO tasks (task_id, region, rule, programme, anchor, attempt, person_id,"
                " team, opens_on, due_on, closes_on, status, outcome, opened_at) VALUES"
                " (gen_random_uuid(), '511113', 'hypertension_routine', 'hypertension', 'start',"
                " :n, :p, 'T', '2016-03-11', '2016-04-10', '2016-04-24', 'closed', 'missed', now())"
            ),
            {"p": person_id, "n": attempt},
        )
    if kind.left_on:
        await session.execute(
            text(
                "UPDATE people SET registered = false, reason = 'moved_away',"
                " effective_on = :left WHERE person_id = :p"
            ),
            {"p": person_id, "left": kind.left_on},
        )
    if kind.died_on:
        reason = "died" if at % 2 else None
        await session.execute(
            text(
                "INSERT INTO exemptions (exemption_id, region, person_id, reason, valid_from,"
                " evidence, recorded_by, recorded_at) SELECT gen_random_uuid(), '511113', :p,"
                " 'died', '2016-06-01', '', 'test', now() WHERE CAST(:reason AS text) IS NULL"
            ),
            {"p": person_id, "reason": reason},
        )
        await session.execute(
            text(
                "UPDATE people SET registered = false, reason = :reason,"
                " effective_on = '2016-06-01' WHERE person_id = :p AND :reason = 'died'"
            ),
            {"p": person_id, "reason": reason},
        )


async def test_the_panel_worked_out_by_hand(panel: Running) -> None:
    """Goal: 19 of 26 controlled, 24 windows missed, four left out and told why.

    Method: the API's figures for the county, a team, a township, a village, and before anyone left;
    one died by the registry, one by what was told here; two ids that are one person.
    """
    found = await asked(panel, month="2016-12")
    figures = {name: found[name] for name in (
        "patients", "controlled", "uncontrolled", "never_measured", "control_rate",
        "missed_visits", "patients_with_missed", "excluded",
    )}  # fmt: skip
    left_out = {"died": 2, "left_registry": 1, "ended": 1}
    print("\ncontrol rate of the panel:", figures)
    assert figures == {
        "patients": 26,
        "controlled": 19,
        "uncontrolled": 4,
        "never_measured": 3,
        "control_rate": "0.7308",
        "missed_visits": 24,
        "patients_with_missed": 12,
        "excluded": left_out,
    }
    assert [(g["team"], g["patients"], g["control_rate"]) for g in found["groups"]] == [
        (YONGHE_TEAM, 6, "1.0000"),
        (JINHE_TEAM, 20, "0.6500"),
    ]
    one = await asked(panel, f"township:{YONGHE}", month="2016-12", by="village")
    assert [(g["village"], g["patients"]) for g in one["groups"]] == [("石门村", 6)]
    own = await asked(panel, f"facility:{JINHE_TEAM}", month="2016-12", by="township")
    assert (own["patients"], own["excluded"]) == (20, left_out)
    may = await asked(panel, month="2016-05")
    assert (may["patients"], may["excluded"]) == (30, {})
    await panel.deliver(merged("P01", "P02"))
    assert (await asked(panel, month="2016-12"))["patients"] == 25
    for query in ({"programme": "cold"}, {"month": "2016-13"}, {"month": "2017-02"}):
        refused = await asked(panel, status=422, **query)
        assert refused["errors"][0]["field"] == next(iter(query))
