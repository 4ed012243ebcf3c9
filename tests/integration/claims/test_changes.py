"""Cancelling a visit, the evidence shown, who may refer: over HTTP, on a real database."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import yaml

from shared.events.catalog import EncounterCancelled
from tests.integration.claims.county import (
    BILL_A,
    DISTRICT,
    OUTSIDE,
    TOWNSHIP,
    Claims,
    pack_with,
    recognition,
)


class TestCancel:
    async def test_a_cancelled_visit_is_over(self, claims: Claims) -> None:
        """Goal: nothing is charged, settled or recognised any more, whatever comes.

        Method: cancel in each state before the settlement, then try everything.
        """
        for visit, state in enumerate(("open", "charging", "discharged")):
            visit_no = f"C{visit}"
            if state == "discharged":
                encounter = await claims.discharged(visit_no=visit_no)
            else:
                encounter = await claims.opened(visit_no=visit_no)
            path = f"/encounters/{encounter['encounter_id']}"
            if state == "charging":
                await claims.good("POST", f"{path}/charges", {"batch_no": "B1", "lines": BILL_A})
            assert (await claims.good("GET", path))["status"] == state
            cancelled = await claims.good("POST", f"{path}/cancel", {"reason": "registered twice"})
            assert cancelled["status"] == "cancelled"
            again = await claims.call("POST", f"{path}/cancel", {"reason": "once more"})
            assert again.json() == cancelled

            for call, document in (
                ("charges", {"batch_no": "B2", "lines": [BILL_A[0] | {"line_no": 9}]}),
                ("discharge", {"discharged_at": "2016-03-08T10:00:00+08:00"}),
                ("settlement", None),
                ("settlement/preview", None),
                ("evidence", {"card_presented": True}),
            ):
                refused = await claims.call("POST", f"{path}/{call}", document)
                found = (refused.status_code, refused.json()["code"])
                assert found == (409, "encounter_cancelled"), call
            await claims.deliver(recognition(visit_no, person_id="p-9"))
            assert await claims.good("GET", path) == cancelled
            listed = await claims.good("GET", "/encounters", status="cancelled")
            assert encounter["encounter_id"] in {e["encounter_id"] for e in listed["items"]}
        told = [event for event in await claims.events() if isinstance(event, EncounterCancelled)]
        assert [event.visit_no for event in told] == ["C0", "C1", "C2"]

    async def test_a_settled_visit_is_reversed_first(self, claims: Claims) -> None:
        """Goal: no money without its visit. Method: cancel before and after the reversal."""
        encounter = await claims.discharged(person_id="p-1")
        made = await claims.settled(encounter["encounter_id"])
        path = f"/encounters/{encounter['encounter_id']}/cancel"
        refused = await claims.call("POST", path, {"reason": "registered twice"})
        assert (refused.status_code, refused.json()["code"]) == (409, "encounter_settled")
        await claims.good("POST", f"/settlements/{made['settlement_id']}/reverse", {"reason": "x"})
        assert (await claims.good("POST", path, {"reason": "twice"}))["status"] == "cancelled"
        renewed = await claims.call(
            "POST",
            "/encounters",
            {
                "facility_code": DISTRICT,
                "visit_no": encounter["visit_no"],
                "type": "inpatient",
                "person_id": "p-1",
                "admitted_at": "2016-03-01T09:00:00+08:00",
            },
        )
        assert (renewed.status_code, renewed.json()["code"]) == (409, "encounter_cancelled")


class TestFacts:
    async def test_what_the_packs_ask_for_is_registered_and_checked(self, claims: Claims) -> None:
        """Goal: facts reach the calculation, slips are named. Method: right and wrong values."""
        opened = await claims.opened(
            disease_programme="serious_34",
            insurance_plan="390",
            evidence={"card_presented": True},
            referral=True,
            referral_issuer=TOWNSHIP,
        )
        assert opened["disease_programme"] == "serious_34"
        assert opened["evidence"] == {"card_presented": True, "stated_payments": {}}
        assert (opened["referral"], opened["referral_issuer"]) == (True, TOWNSHIP)
        assert (await claims.opened(disease_programme="none"))["disease_programme"] is None
        several = ["serious_34", "major_14"]
        both = await claims.opened(disease_programme=several)
        assert both["disease_programme"] == sorted(several)
        for wrong, field in (
            ({"disease_programme": "major_15"}, "disease_programme"),
            ({"disease_programme": ["major_14", "x"]}, "disease_programme"),
            ({"insurance_plan": "gold"}, "insurance_plan"),
            ({"evidence": {"stated_payments": {"hospital": "1.00"}}}, "evidence.stated_payments"),
            ({"evidence": {"card": True}}, "evidence.card"),
            ({"referral": True, "referral_issuer": "H00000000000"}, "referral_issuer"),
            ({"referral_issuer": TOWNSHIP}, "referral_issuer"),
        ):
            refused = await claims.call(
                "POST",
                "/encounters",
                {
                    "facility_code": DISTRICT,
                    "visit_no": "W1",
                    "type": "inpatient",
                    "admitted_at": "2016-03-01T09:00:00+08:00",
                }
                | wrong,
            )
            assert refused.status_code == 422, wrong
            assert any(fault["field"].startswith(field) for fault in refused.json()["errors"])

    async def test_evidence_may_come_later(self, claims: Claims) -> None:
        """Goal: XB-06's card may be shown after the settlement. Method: note it, twice."""
        encounter = await claims.discharged(person_id="p-1")
        await claims.settled(encounter["encounter_id"])
        path = f"/encounters/{encounter['encounter_id']}/evidence"
        for _ in range(2):
            noted = await claims.good("POST", path, {"card_presented": True})
            assert noted["evidence"] == {"card_presented": True, "stated_payments": {}}
            assert noted["status"] == "settled"
        stated = {"commercial_insurance": "100.00"}
        noted = await claims.good("POST", path, {"stated_payments": stated})
        assert noted["evidence"] == {"card_presented": True, "stated_payments": stated}
        (logged,) = await claims.rows(
            "SELECT count(*) AS n FROM audit_log WHERE action = 'encounter.evidence_noted'"
        )
        assert logged["n"] == 2
        wrong = await claims.call(
            "POST", path, {"stated_payments": {"commercial_insurance": "-1.00"}}
        )
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (
            422,
            "stated_payments.commercial_insurance",
        )


async def test_the_region_says_who_may_refer_out_of_it(
    start: Callable[..., Awaitable[Claims]], tmp_path: Path
) -> None:
    """Goal: XB-08: a referral to the city counts only from the one hospital.

    Method: a region that names the issuer; its absence, another one, the right one; at a hospital
    of the region nobody asks.
    """
    packs = pack_with(tmp_path / "packs", {})
    file = packs / "jinkouhe-2016" / "pack.yaml"
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    content["region"]["referral_issuers"] = {
        "facilities": [DISTRICT],
        "citation": {"document": "新政办发〔2018〕50号", "article": "XB-08"},
    }
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    claims = await start(packs=str(packs))

    async def opening(visit_no: str, **more: Any) -> Any:
        document = {
            "facility_code": OUTSIDE,
            "visit_no": visit_no,
            "type": "inpatient",
            "admitted_at": "2016-03-01T09:00:00+08:00",
        }
        return await claims.call("POST", "/encounters", document | more)

    for more, code in (
        ({"referral": True}, "missing_referral_issuer"),
        ({"referral": True, "referral_issuer": TOWNSHIP}, "referral_issuer_not_allowed"),
    ):
        refused = await opening("R1", **more)
        assert (refused.status_code, refused.json()["code"]) == (422, "referral_not_allowed")
        assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [
            ("referral_issuer", code)
        ]
        assert DISTRICT in refused.json()["errors"][0]["message_zh"]
    taken = await opening("R1", referral=True, referral_issuer=DISTRICT)
    assert taken.status_code == 201
    assert (await opening("R2")).status_code == 201
    here = await claims.opened(referral=True)
    assert here["referral"] is True

    path = f"/encounters/{(await opening('R2')).json()['encounter_id']}/discharge"
    gone = {"discharged_at": "2016-03-08T10:00:00+08:00", "referral": True}
    refused = await claims.call("POST", path, gone)
    assert (refused.status_code, refused.json()["code"]) == (422, "referral_not_allowed")
    left = await claims.good("POST", path, gone | {"referral_issuer": DISTRICT})
    assert (left["referral"], left["referral_issuer"]) == (True, DISTRICT)
