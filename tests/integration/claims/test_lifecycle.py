"""A visit from its opening to its settlement, over HTTP, on a real database."""

import asyncio

from services.claims.module import MODULE
from shared.db.migrate import check, downgrade, upgrade
from shared.events.catalog import EncounterDischarged, EncounterOpened, SettlementMade
from tests.integration.claims.county import BILL_A, DISTRICT, TOWNSHIP, Claims, person, recognition
from tests.support.postgres import database


def test_migrations_make_what_the_models_describe() -> None:
    """Goal: no drift. Method: up, compare, down to nothing, up again."""
    with database() as url:
        upgrade("claims", MODULE.migrations, url)
        check(MODULE.migrations, url)
        downgrade(MODULE.migrations, url, "base")
        upgrade("claims", MODULE.migrations, url)
        check(MODULE.migrations, url)


class TestMainJob:
    async def test_a_recognised_patient_is_settled_as_in_worked_example_a(
        self, claims: Claims
    ) -> None:
        """Goal: the flow of the district. Method: event, charges, discharge, preview, settle."""
        await claims.deliver(recognition("ZY1"))
        found = await claims.good(
            "GET", "/encounters", visit_no="ZY1", facility_code=DISTRICT, client="hospital"
        )
        assert found["next_cursor"] is None
        (encounter,) = found["items"]
        assert encounter["status"] == "open"
        assert encounter["treat_first_pay_later"] is True
        assert encounter["deposit"] == "0.00"
        assert encounter["categories"] == [
            {"code": "registered_poor", "valid_from": "2014-01-01", "valid_to": None}
        ]
        path = f"/encounters/{encounter['encounter_id']}"

        added = await claims.call("POST", f"{path}/charges", {"batch_no": "B1", "lines": BILL_A})
        assert added.status_code == 201
        assert (added.json()["lines"], added.json()["amount"]) == (4, "5000.00")
        early = await claims.call("POST", f"{path}/settlement")
        assert (early.status_code, early.json()["code"]) == (409, "not_discharged")
        discharged = await claims.good(
            "POST",
            f"{path}/discharge",
            {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["j18.900"]},
        )
        assert discharged["status"] == "discharged"
        assert discharged["diagnoses"] == ["J18.900"]
        preview = await claims.good("POST", f"{path}/settlement/preview")
        made = await claims.call("POST", f"{path}/settlement", client="hospital", key="settle-1")
        assert made.status_code == 201
        settlement = made.json()

        paid = {payer["payer"]: payer["amount"] for payer in settlement["payers"]}
        assert paid["basic_insurance"] == "3344.90"
        assert paid["medical_aid"] == "663.83"
        assert settlement["patient_pays"] == "991.27"
        assert settlement["total"] == "5000.00"
        assert settlement["in_scope"] == "4230.00"
        rules = {step["rule"] for step in settlement["explanation"]}
        assert {"JK-02", "JK-03", "JK-04", "JK-05", "JK-09", "JK-10"} <= rules
        same = set(preview) - {"status", "encounter_id", "discharged_on"}
        assert {name: preview[name] for name in same} == {name: settlement[name] for name in same}
        read = await claims.good("GET", f"/settlements/{settlement['settlement_id']}")
        assert read == settlement
        assert (await claims.good("GET", path))["settlement_id"] == settlement["settlement_id"]

        assert await claims.year_to_date("p-1") == {
            "critical_illness_burden": "885.10",
            "critical_illness_paid": "0.00",
            "basic_paid": "3344.90",
            "medical_aid_paid": "663.83",
            "outpatient_base_used": "0.00",
            "chronic_drug_fund_paid": "0.00",
            "special_fund_paid": "0.00",
        }
        assert await claims.balances() == {
            f"facility:{DISTRICT}": "-5000.00",
            f"patient:{DISTRICT}": "991.27",
            f"payer:basic_insurance:{DISTRICT}": "3344.90",
            f"payer:medical_aid:{DISTRICT}": "663.83",
        }
        opened, left, settled = await claims.events()
        assert isinstance(opened, EncounterOpened)
        assert opened.treat_first_pay_later
        assert isinstance(left, EncounterDischarged)
        assert (left.township, left.village, left.facility_level) == (
            "永和镇",
            "坪上村",
            "secondary",
        )
        assert isinstance(settled, SettlementMade)
        assert settled.category == "registered_poor"
        assert settled.patient_pays == 99127
        sequences = await claims.rows("SELECT aggregate_version AS v FROM outbox ORDER BY seq")
        assert [row["v"] for row in sequences] == sorted({row["v"] for row in sequences})

    async def test_an_account_lists_its_entries_in_pages(self, claims: Claims) -> None:
        """Goal: every fen of an account can be followed. Method: three settlements, pages of two."""
        for _ in range(3):
            encounter = await claims.discharged()
            await claims.settled(encounter["encounter_id"])
        path = f"/ledger/accounts/patient:{DISTRICT}/entries"
        first = await claims.good("GET", path, limit=2)
        second = await claims.good("GET", path, limit=2, cursor=first["next_cursor"])
        assert [len(first["items"]), len(second["items"])] == [2, 1]
        assert second["next_cursor"] is None
        assert len({entry["entry_id"] for entry in first["items"] + second["items"]}) == 3

    async def test_another_facility_sees_nothing(self, claims: Claims) -> None:
        """Goal: a hospital sees its own visits. Method: ask as the township's hospital."""
        encounter = await claims.discharged(person_id="p-1")
        settlement = await claims.settled(encounter["encounter_id"])
        other = f"facility:{TOWNSHIP}"
        for path in (
            f"/encounters/{encounter['encounter_id']}",
            f"/settlements/{settlement['settlement_id']}",
            "/persons/p-1/standing",
            f"/ledger/accounts/patient:{DISTRICT}/entries",
        ):
            hidden = await claims.call("GET", path, organisation=other)
            assert hidden.status_code == 404, path
            own = await claims.call("GET", path, organisation=f"facility:{DISTRICT}")
            assert own.status_code == 200, path
        listed = await claims.good("GET", "/encounters", organisation=other)
        assert listed["items"] == []
        trial = await claims.good("GET", "/ledger/trial-balance", organisation=other)
        assert (trial["accounts"], trial["total"]) == ([], "0.00")
        refused = await claims.call(
            "POST",
            "/encounters",
            {
                "facility_code": DISTRICT,
                "visit_no": "X1",
                "type": "inpatient",
                "admitted_at": "2016-03-01T09:00:00+08:00",
            },
            organisation=other,
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "facility_not_yours")


class TestOnce:
    async def test_ten_parallel_settlements_make_one(self, claims: Claims) -> None:
        """Goal: settled once, whoever asks twice. Method: ten calls at the same moment."""
        encounter = await claims.discharged(person_id="p-1")
        path = f"/encounters/{encounter['encounter_id']}/settlement"
        answers = await asyncio.gather(
            *(claims.call("POST", path, key=f"k{number % 5}") for number in range(10))
        )
        assert {answer.status_code for answer in answers} <= {200, 201}
        fresh = [a for a in answers if a.headers.get("Idempotency-Replayed") != "true"]
        assert [a.status_code for a in fresh] == [201]
        assert len({answer.json()["settlement_id"] for answer in answers}) == 1
        assert len({answer.json()["patient_pays"] for answer in answers}) == 1
        (counted,) = await claims.rows(
            "SELECT (SELECT count(*) FROM settlements) AS made,"
            " (SELECT count(*) FROM journal_entries) AS booked"
        )
        assert dict(counted) == {"made": 1, "booked": 1}
        assert (await claims.year_to_date("p-1"))["basic_paid"] == "3344.90"

    async def test_a_visit_is_registered_once(self, claims: Claims) -> None:
        """Goal: same content, same encounter; other content, 409. Method: send it thrice."""
        document = {
            "facility_code": DISTRICT,
            "visit_no": "ZY7",
            "type": "inpatient",
            "admitted_at": "2016-03-01T09:00:00+08:00",
        }
        first = await claims.call("POST", "/encounters", document)
        again = await claims.call(
            "POST", "/encounters", document | {"admitted_at": "2016-03-01T01:00:00Z"}
        )
        other = await claims.call("POST", "/encounters", document | {"type": "outpatient"})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert (other.status_code, other.json()["code"]) == (409, "encounter_differs")
        assert "type" in other.json()["detail"]

    async def test_a_batch_is_taken_once(self, claims: Claims) -> None:
        """Goal: a repeated batch is harmless, a changed one is refused. Method: repeat, change."""
        encounter = await claims.opened()
        path = f"/encounters/{encounter['encounter_id']}/charges"
        first = await claims.call("POST", path, {"batch_no": "B1", "lines": BILL_A})
        again = await claims.call("POST", path, {"batch_no": "B1", "lines": BILL_A})
        other = await claims.call("POST", path, {"batch_no": "B1", "lines": BILL_A[:2]})
        assert (first.status_code, again.status_code) == (201, 200)
        assert first.json() == again.json()
        assert (other.status_code, other.json()["code"]) == (409, "batch_differs")

    async def test_charges_move_until_the_settlement(self, claims: Claims) -> None:
        """Goal: a bill can be corrected, a settled one cannot. Method: withdraw before and after."""
        encounter = await claims.discharged()
        path = f"/encounters/{encounter['encounter_id']}"
        await claims.good("DELETE", f"{path}/charges/B1")
        empty = await claims.call("POST", f"{path}/settlement")
        assert (empty.status_code, empty.json()["code"]) == (409, "empty_bill")
        await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": BILL_A[:1]})
        settlement = await claims.settled(encounter["encounter_id"])
        assert settlement["total"] == "3000.00"
        late = await claims.call("POST", f"{path}/charges", {"batch_no": "B2", "lines": BILL_A})
        assert (late.status_code, late.json()["code"]) == (409, "encounter_settled")
        gone = await claims.call("DELETE", f"{path}/charges/B1")
        assert (gone.status_code, gone.json()["code"]) == (409, "encounter_settled")

    async def test_a_discharge_is_told_once(self, claims: Claims) -> None:
        """Goal: the same discharge again changes nothing. Method: repeat, then change the day."""
        encounter = await claims.discharged()
        path = f"/encounters/{encounter['encounter_id']}/discharge"
        said = {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]}
        again = await claims.call("POST", path, said)
        assert (again.status_code, again.json()) == (200, encounter)
        other = await claims.call("POST", path, said | {"diagnoses": ["I10"]})
        assert (other.status_code, other.json()["code"]) == (409, "discharged_already")
        told = [e for e in await claims.events() if isinstance(e, EncounterDischarged)]
        assert len(told) == 1


class TestDeposit:
    async def test_a_listed_poor_person_pays_none_in_the_region(self, claims: Claims) -> None:
        """Goal: LP-23, JK-14. Method: a deposit for a poor and for an ordinary person."""
        await claims.deliver(person())
        document = {
            "facility_code": DISTRICT,
            "visit_no": "D1",
            "type": "inpatient",
            "admitted_at": "2016-03-01T09:00:00+08:00",
            "deposit": "500.00",
        }
        refused = await claims.call("POST", "/encounters", document | {"person_id": "p-1"})
        assert (refused.status_code, refused.json()["code"]) == (422, "deposit_not_allowed")
        assert refused.json()["errors"][0]["field"] == "deposit"
        taken = await claims.good("POST", "/encounters", document)
        assert (taken["deposit"], taken["deposit_to_return"]) == ("500.00", "0.00")

        await claims.deliver(recognition("D1"))
        recognised = await claims.good("GET", f"/encounters/{taken['encounter_id']}")
        assert recognised["treat_first_pay_later"] is True
        assert recognised["deposit_to_return"] == "500.00"
