"""Check-ups, free drugs, and what is due at a visit, on PostgreSQL."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.contracts.plans.service import plan_everyone
from shared.events.base import Envelope
from shared.events.catalog import (
    DrugPaymentDecided,
    PayerShare,
    PersonMerged,
    SettlementMade,
    SettlementReversed,
)
from shared.money import Fen
from tests.integration.contracts.stories import (
    DISTRICT_HOSPITAL,
    JINHE,
    YONGHE,
    discharged,
    entered,
    offer_free_check_up,
)
from tests.integration.contracts.test_plans import enrol, listed, post, visit
from tests.support.service import Running, envelope


async def check_up(service: Running, person_id: str = "P1", on: str = "2016-03-05") -> Any:
    return await post(service, "/check-ups", 201, person_id=person_id, performed_on=on)


async def drugs(service: Running, total: str, insured: str, **changes: Any) -> Any:
    body = {
        "person_id": "P1",
        "disease": "hypertension",
        "dispensed_on": "2016-03-09",
        "total": total,
        "insurance_paid": insured,
        **changes,
    }
    return await post(service, "/dispensings", 201, **body)


async def due(service: Running, person_id: str = "P1", organisation: str = "") -> Any:
    return await post(service, "/due-at-this-visit", 200, organisation, person_id=person_id)


def chronic_visit(settlement_id: str, fund: str, *, reverses: str | None = None) -> Envelope[Any]:
    """A chronic outpatient's settled visit of which the special fund pays a part."""
    sign = -1 if reverses else 1
    part = Fen(sign * round(float(fund) * 100))
    nothing = Fen(0)
    sums: dict[str, Any] = {
        "encounter_id": f"E-{settlement_id}",
        "total": part,
        "waived": nothing,
        "out_of_catalogue": nothing,
        "over_limit": nothing,
        "self_first": nothing,
        "in_scope": part,
        "payers": (PayerShare(payer="special_fund", amount=part),),
        "patient_pays": nothing,
    }
    at = datetime(2016, 3, 2, tzinfo=UTC)
    if reverses:
        undone = SettlementReversed(
            settlement_id=f"R-{settlement_id}", reverses=reverses, reason="test", **sums
        )
        return envelope(undone, sequence=4, at=at)
    made = SettlementMade(
        settlement_id=settlement_id,
        person_id="P1",
        facility_code=DISTRICT_HOSPITAL,
        facility_level="secondary",
        in_region=True,
        visit_type="chronic_outpatient",
        admitted_on=date(2016, 3, 1),
        discharged_on=date(2016, 3, 1),
        pack="jinkouhe-2016",
        pack_version="1",
        **sums,
    )
    return envelope(made, sequence=3, at=at)


class TestCheckUps:
    async def test_the_second_of_a_year_is_recorded_and_not_paid(self, contracts: Running) -> None:
        """Goal: XB-22, XB-23. Method: two in a year and one in the year before; the task is done."""
        offer_free_check_up(contracts)
        await contracts.deliver(entered())
        await plan_everyone(contracts.context)
        first = await check_up(contracts)
        second = await check_up(contracts, on="2016-03-08")
        before = await check_up(contracts, on="2015-12-31")
        assert [(e["paid"], e["amount"], e["unpaid_reason"]) for e in (first, second, before)] == [
            (True, "150.00", None),
            (False, "0.00", "paid_this_year"),
            (True, "150.00", None),
        ]
        assert len(await contracts.rows("SELECT 1 FROM check_ups")) == 3
        (task,) = (await listed(contracts, status="closed"))["items"]
        assert (task["rule"], task["state"], task["outcome"]) == (
            "yearly_check_up",
            "completed",
            "checked_up",
        )
        told = [e["payload"] for e in await contracts.published() if "check_up" in e["type"]]
        assert [(e["paid"], e["amount"]) for e in told] == [
            (True, "150.00"),
            (False, "0.00"),
            (True, "150.00"),
        ]

    async def test_two_clerks_at_once_and_two_ids(self, contracts: Running) -> None:
        """Goal: one is paid, ever. Method: eight at once under two ids that are one person."""
        await contracts.deliver(entered("P1"), entered("P2"))
        at = contracts.clock.now()
        await contracts.deliver(
            envelope(
                PersonMerged(
                    merge_id="M1", kept_person_id="P1", absorbed_person_id="P2", recorded_at=at
                ),
                at=at,
            )
        )
        answers = await asyncio.gather(
            *(check_up(contracts, person_id) for person_id in ("P1", "P2") * 4)
        )
        assert sorted(answer["amount"] for answer in answers) == ["0.00"] * 7 + ["150.00"]

    @pytest.mark.parametrize(
        ("changes", "field"),
        [({"performed_on": "2016-03-11"}, "performed_on"), ({"items": ["x"]}, "items")],
    )
    async def test_refused(self, contracts: Running, changes: dict[str, Any], field: str) -> None:
        """Goal: the fault names the field. Method: tomorrow; an item that is not on the list."""
        await contracts.deliver(entered())
        body = {"person_id": "P1", "performed_on": "2016-03-05", **changes}
        refused = await post(contracts, "/check-ups", 422, **body)
        assert refused["errors"][0]["field"] == field


class TestDispensings:
    async def test_the_fund_pays_up_to_a_thousand_a_year(self, contracts: Running) -> None:
        """Goal: XB-25's worked example. Method: 1,500 with 300 insured, another, next year."""
        await contracts.deliver(entered())
        first = await drugs(contracts, "1500.00", "300.00")
        assert (first["fund_pays"], first["patient_pays"]) == ("1000.00", "200.00")
        assert (await drugs(contracts, "80.00", "0.00"))["fund_pays"] == "0.00"
        contracts.clock.advance(timedelta(days=365))
        later = await drugs(contracts, "80.00", "0.00", dispensed_on="2017-01-02")
        assert (later["fund_pays"], later["fund_left_this_year"]) == ("80.00", "920.00")

    async def test_many_at_once_never_exceed_the_cap(self, contracts: Running) -> None:
        """Goal: the cap binds. Method: eight times 300 at once."""
        await contracts.deliver(entered())
        answers = await asyncio.gather(*(drugs(contracts, "300.00", "0.00") for _ in range(8)))
        assert sum(float(answer["fund_pays"]) for answer in answers) == 1000.0
        assert all(
            float(a["fund_pays"]) + float(a["patient_pays"]) == float(a["total"]) for a in answers
        )

    async def test_claims_settles_and_a_withdrawal_frees_the_cap(self, contracts: Running) -> None:
        """Goal: what claims decided stands, its own visits count, what is withdrawn does not.

        Method: a visit used 400; 700 is answered 600; claims pays 500 only (told twice); it is
        read; withdrawn twice; the next may have the whole room; the visit is reversed.
        """
        await contracts.deliver(entered())
        await contracts.deliver(chronic_visit("S1", "400.00"), chronic_visit("S1", "400.00"))
        first = await drugs(contracts, "700.00", "0.00")
        assert (first["fund_pays"], first["status"]) == ("600.00", "told")
        decided = DrugPaymentDecided(
            dispensing_id=first["dispensing_id"],
            person_id="P1",
            fund_pays=Fen(50_000),
            patient_pays=Fen(20_000),
            as_told=False,
        )
        for _ in range(2):
            await contracts.deliver(envelope(decided, at=contracts.clock.now()))
        path = f"/contracts/v1/dispensings/{first['dispensing_id']}"
        async with contracts.client() as client:
            read = (await client.get(path)).json()
            hidden = await client.get(path, headers=contracts.bearer(f"township:{YONGHE}"))
            gone = await client.post(f"{path}/withdraw", json={"reason": "not_collected"})
            again = await client.post(f"{path}/withdraw", json={"reason": "not_collected"})
        assert (read["fund_pays"], read["fund_pays_told"], read["patient_pays"]) == (
            "500.00",
            "600.00",
            "200.00",
        )
        assert (read["status"], read["fund_left_this_year"]) == ("settled", "100.00")
        assert hidden.status_code == 404
        assert (gone.json()["status"], gone.json()["fund_left_this_year"]) == (
            "withdrawn",
            "600.00",
        )
        assert again.json()["code"] == "dispensing_withdrawn_already"
        told = [e["payload"] for e in await contracts.published() if "dispensing" in e["type"]]
        assert [(each["fund_pays"], each.get("reason")) for each in told] == [
            ("600.00", None),
            ("600.00", "not_collected"),
        ]
        await contracts.deliver(
            chronic_visit("S1", "400.00", reverses="S1"),
            chronic_visit("S2", "300.00", reverses="S2"),
            chronic_visit("S2", "300.00"),
        )
        assert (await drugs(contracts, "1100.00", "0.00"))["fund_pays"] == "1000.00"

    async def test_refused(self, contracts: Running) -> None:
        """Goal: every fault with its field. Method: another disease, tomorrow, insured too much."""
        await contracts.deliver(entered())
        refused = await post(
            contracts,
            "/dispensings",
            422,
            person_id="P1",
            disease="cold",
            dispensed_on="2016-03-11",
            total="1.00",
            insurance_paid="2.00",
        )
        assert [each["field"] for each in refused["errors"]] == [
            "disease",
            "dispensed_on",
            "insurance_paid",
        ]


class TestDueAtThisVisit:
    async def test_the_most_urgent_first_and_five_at_most(self, contracts: Running) -> None:
        """Goal: short and ordered. Method: referral check, discharge, check-up, more stays."""
        await contracts.deliver(entered())
        await enrol(contracts)
        await visit(contracts, measurements={"sbp": 190, "dbp": 84})
        await contracts.deliver(*(discharged(f"E{at}") for at in range(4)))
        answer = await due(contracts, organisation=f"facility:{DISTRICT_HOSPITAL}")
        assert answer["complete"] is True
        assert [line["code"] for line in answer["lines"]] == [
            "hypertension_referral_check",
            *["contract_to_sign"] * 4,
        ]
        assert answer["lines"][0]["text_zh"].endswith("(03-24 前)")
        assert len(await contracts.rows("SELECT 1 FROM audit_log WHERE action = 'due.read'")) == 1

    async def test_nobody_and_not_yours(self, contracts: Running) -> None:
        """Goal: the same shape, no line. Method: an unknown id; another township."""
        await contracts.deliver(entered())
        await contracts.deliver(discharged())
        assert (await due(contracts, "nobody"))["lines"] == []
        assert (await due(contracts, organisation=f"township:{YONGHE}"))["lines"] == []
        assert len((await due(contracts, organisation=f"township:{JINHE}"))["lines"]) == 1

    async def test_a_database_that_is_away_does_not_stop_the_visit(
        self, contracts: Running
    ) -> None:
        """Goal: degrade. Method: the table is held by somebody else for longer than a second."""
        await contracts.deliver(entered())
        async with contracts.context.db.writing() as session:
            await session.execute(text("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE"))
            answer = await due(contracts)
        assert (answer["lines"], answer["complete"]) == ([], False)
