"""Every bad input is a clear error with field, fault and cure, and writes nothing."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from services.claims.module import MODULE
from shared.runtime.asgi import service_app
from tests.integration.claims.county import BILL_A, DISTRICT, Claims
from tests.support.people import id_number

QUOTE: dict[str, Any] = {
    "pack": "jinkouhe-2016",
    "visit": {
        "type": "inpatient",
        "facility_level": "secondary",
        "in_region": True,
        "designated": True,
        "referral": False,
        "admitted_on": "2016-03-01",
        "discharged_on": "2016-03-08",
        "diagnoses": ["J18.900"],
    },
    "person": {"categories": ["registered_poor"], "insurance_plan": "resident"},
    "year_to_date": {},
    "lines": BILL_A,
}


def line(**more: Any) -> dict[str, Any]:
    return BILL_A[0] | more


class TestCharges:
    async def test_every_fault_of_a_batch_is_told_at_once(self, claims: Claims) -> None:
        """Goal: one round of corrections. Method: five faulty lines in one batch."""
        encounter = await claims.opened()
        path = f"/encounters/{encounter['encounter_id']}/charges"
        lines = [
            line(line_no=1, amount="-5.00"),
            line(line_no=2, quantity="3", unit_price="1.50", amount="4.49"),
            line(line_no=2),
            line(line_no=4, kind="magic"),
            line(line_no=5, name="甲\u0007类"),
        ]
        refused = await claims.call("POST", path, {"batch_no": "B1", "lines": lines})
        assert refused.status_code == 422
        assert refused.json()["code"] == "bill_refused"
        told = {(fault["field"], fault["code"]) for fault in refused.json()["errors"]}
        assert told == {
            ("lines[0].amount", "negative_amount"),
            ("lines[1].amount", "amount_mismatch"),
            ("lines[2].line_no", "duplicate_line_no"),
            ("lines[3].kind", "unknown_value"),
            ("lines[4].name", "control_character"),
        }
        assert all(fault["message_zh"] for fault in refused.json()["errors"])
        (kept,) = await claims.rows("SELECT count(*) AS n FROM charge_lines")
        assert kept["n"] == 0

    async def test_a_line_is_charged_once_and_each_batch_may_number_from_one(
        self, claims: Claims
    ) -> None:
        """Goal: no line twice in any batch, and no line lost to its number. Method: a second batch
        with the same line again and, beside it, another line of a number in use; then that other
        line alone, a third batch likewise, the same once more, and a number too long with its batch's."""
        encounter = await claims.opened()
        path = f"/encounters/{encounter['encounter_id']}/charges"
        await claims.good("POST", path, {"batch_no": "B1", "lines": BILL_A})
        other = BILL_A[0] | {"line_no": 1, "amount": "7.00"}
        mixed = [other, BILL_A[2] | {"line_no": str(BILL_A[2]["line_no"])}]
        refused = await claims.call("POST", path, {"batch_no": "B2", "lines": mixed})
        assert refused.json()["code"] == "duplicate_line_no"
        assert [fault["field"] for fault in refused.json()["errors"]] == ["lines[1].line_no"]
        (kept,) = await claims.rows("SELECT count(*) AS n FROM charge_lines")
        assert kept["n"] == 4
        third = other | {"amount": "8.00"}
        for batch_no, one in (("B2", other), ("B3", third), ("B2", other)):
            await claims.good("POST", path, {"batch_no": batch_no, "lines": [one]})
        for batch_no, one in (("B4", other), ("B" * 31, other | {"amount": "9.00"})):
            again = await claims.call("POST", path, {"batch_no": batch_no, "lines": [one]})
            assert again.json()["code"] == "duplicate_line_no"
        rows = await claims.rows(
            "SELECT line_no, amount_fen FROM charge_lines WHERE batch_no <> 'B1' ORDER BY line_no"
        )
        assert [tuple(row.values()) for row in rows] == [("B2-1", 700), ("B3-1", 800)]

    async def test_limits(self, claims: Claims) -> None:
        """Goal: a limit on everything. Method: one line more than a batch may hold, and none."""
        encounter = await claims.opened()
        path = f"/encounters/{encounter['encounter_id']}/charges"
        many = [line(line_no=number) for number in range(1, 1002)]
        assert (await claims.call("POST", path, {"batch_no": "B1", "lines": many})).json()[
            "code"
        ] == "too_many_lines"
        assert (await claims.call("POST", path, {"batch_no": "B1", "lines": []})).json()[
            "code"
        ] == "no_lines"
        await claims.good("POST", path, {"batch_no": "B1", "lines": many[:1000]})

    @pytest.mark.parametrize("amount", [12.5, "12.345", "abc", "1e3", True, None])
    async def test_an_amount_is_a_two_decimal_string(self, claims: Claims, amount: Any) -> None:
        """Goal: no float ever becomes money. Method: send other things."""
        encounter = await claims.opened()
        refused = await claims.call(
            "POST",
            f"/encounters/{encounter['encounter_id']}/charges",
            {"batch_no": "B1", "lines": [line(amount=amount)]},
        )
        assert refused.status_code == 422


class TestEncounters:
    async def test_an_unknown_facility(self, claims: Claims) -> None:
        """Goal: the field and the cure. Method: a code that the region does not have."""
        refused = await claims.call(
            "POST",
            "/encounters",
            {
                "facility_code": "H99999900101",
                "visit_no": "X",
                "type": "inpatient",
                "admitted_at": "2016-03-01T09:00:00+08:00",
            },
        )
        assert (refused.status_code, refused.json()["code"]) == (422, "unknown_facility")
        assert refused.json()["errors"][0]["field"] == "facility_code"

    async def test_a_visits_number_is_no_id_number(self, claims: Claims) -> None:
        """Goal: no ID number in an address. Method: a visit numbered by its patient."""
        number = id_number(date(1962, 3, 4), 11)
        body = {"facility_code": DISTRICT, "visit_no": number, "type": "inpatient"}
        refused = await claims.call(
            "POST", "/encounters", body | {"admitted_at": "2016-03-01T09:00:00+08:00"}
        )
        assert refused.status_code == 422
        told = [(fault["field"], fault["code"]) for fault in refused.json()["errors"]]
        assert told == [("visit_no", "identifier_in_visit_no")]
        assert number not in refused.text

    async def test_a_discharge_before_the_admission_or_in_the_future(self, claims: Claims) -> None:
        """Goal: believable times, all faults at once. Method: wrong days, wrong code."""
        encounter = await claims.opened()
        path = f"/encounters/{encounter['encounter_id']}/discharge"
        for discharged_at, code in (
            ("2016-02-28T10:00:00+08:00", "discharge_before_admission"),
            ("2016-03-12T10:00:00+08:00", "in_future"),
        ):
            refused = await claims.call(
                "POST", path, {"discharged_at": discharged_at, "diagnoses": ["J18.900", "cold"]}
            )
            assert refused.status_code == 422
            assert {(f["field"], f["code"]) for f in refused.json()["errors"]} == {
                ("discharged_at", code),
                ("diagnoses[1]", "malformed_diagnosis"),
            }

    async def test_a_wrong_scope(self, claims: Claims) -> None:
        """Goal: the insurer settles nothing. Method: call as the insurer."""
        encounter = await claims.discharged()
        refused = await claims.call(
            "POST", f"/encounters/{encounter['encounter_id']}/settlement", client="insurer"
        )
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


class TestQuote:
    async def test_the_quote_and_the_settlement_agree(self, claims: Claims) -> None:
        """Goal: one engine. Method: worked example A as a quote."""
        quoted = await claims.good("POST", "/settlements/quote", QUOTE, client="insurer")
        assert quoted["patient_pays"] == "991.27"
        assert sum(float(amount) for amount in quoted["gap"].values()) == pytest.approx(991.27)
        assert (await claims.rows("SELECT count(*) AS n FROM settlements"))[0]["n"] == 0

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"pack": "atlantis-1999"}, "unknown_pack"),
            (
                {
                    "visit": QUOTE["visit"]
                    | {"discharged_on": "2015-03-08", "admitted_on": "2015-03-01"}
                },
                "pack_does_not_cover",
            ),
            ({"parameters": {"medical_aid.annual_cap": None}}, "missing_parameter"),
            ({"parameters": {"no.such": "1"}}, "unknown_parameter"),
            ({"parameters": {"basic.ratio.secondary": "83"}}, "malformed_parameter"),
            ({"lines": [BILL_A[2] | {"self_first_ratio": None}]}, "missing_self_first_ratio"),
            (
                {"lines": [BILL_A[2] | {"self_first_ratio": "0.65"}]},
                "self_first_ratio_out_of_range",
            ),
            ({"lines": [line(amount="-1.00")]}, "negative_amount"),
            ({"person": {"categories": ["rich"], "insurance_plan": "resident"}}, "unknown_value"),
            ({"year_to_date": {"basic_paid": "-1.00"}}, "negative_amount"),
            ({"year_to_date": {"basicpaid": "1.00"}}, "validation_failed"),
            ({"lines": "none"}, "validation_failed"),
            ({"visit": {"type": "inpatient"}}, "validation_failed"),
            (
                {"parameters": {"critical_illness.segments": [{"above": "x"}]}},
                "malformed_parameter",
            ),
        ],
    )
    async def test_a_bad_quote_is_refused_with_its_code(
        self, claims: Claims, change: dict[str, Any], code: str
    ) -> None:
        """Goal: never a 500. Method: one fault at a time."""
        refused = await claims.call("POST", "/settlements/quote", QUOTE | change)
        assert (refused.status_code, refused.json()["code"]) == (422, code), refused.text
        assert refused.json()["errors"]

    async def test_production_refuses_unconfirmed_assumptions(
        self, start: Callable[..., Awaitable[Claims]]
    ) -> None:
        """Goal: nobody is paid by a guess. Method: the same visit on a production host."""
        claims = await start(production=True)
        encounter = await claims.discharged()
        path = f"/encounters/{encounter['encounter_id']}/settlement"
        for call in (path, f"{path}/preview"):
            refused = await claims.call("POST", call)
            assert (refused.status_code, refused.json()["code"]) == (409, "assumption_unconfirmed")
        assert (await claims.rows("SELECT count(*) AS n FROM settlements"))[0]["n"] == 0


class TestContent:
    async def test_facilities_and_packs(self, claims: Claims) -> None:
        """Goal: the region's content is served. Method: read the three lists."""
        facilities = await claims.good("GET", "/facilities", client="hospital")
        district = next(f for f in facilities["items"] if f["facility_code"] == DISTRICT)
        assert (district["facility_level"], district["in_region"]) == ("secondary", True)
        packs = await claims.good("GET", "/packs")
        (jinkouhe,) = [p for p in packs["items"] if p["pack"] == "jinkouhe-2016"]
        assert jinkouhe["in_force"] is True
        pack = await claims.good("GET", "/packs/jinkouhe-2016")
        ratio = next(p for p in pack["parameters"] if p["name"] == "basic.ratio.secondary")
        assert (ratio["values"][0]["value"], ratio["article"]) == ("0.83", "JK-03")
        segments = next(p for p in pack["parameters"] if p["name"] == "critical_illness.segments")
        assert segments["values"][0]["value"][0]["above"] == "0.00"
        missing = await claims.call("GET", "/packs/none")
        assert (missing.status_code, missing.json()["code"]) == (404, "unknown_pack")

    def test_every_operation_has_a_summary_and_an_example(self, claims: Claims) -> None:
        """Goal: a HIS vendor can work from the document. Method: walk the OpenAPI document."""
        document = service_app(claims.context).openapi()
        schemas = document["components"]["schemas"]
        checked = 0
        lacking = set()
        for path, operations in document["paths"].items():
            if path == "/v1/events":
                continue
            for operation in operations.values():
                assert operation["summary"], path
                shapes = [operation.get("requestBody", {})] + [
                    answer
                    for status, answer in operation["responses"].items()
                    if status in {"200", "201"}
                ]
                for shape in shapes:
                    schema = shape.get("content", {}).get("application/json", {}).get("schema", {})
                    if "$ref" in schema:
                        name = schema["$ref"].rpartition("/")[2]
                        if "example" not in schemas[name]:
                            lacking.add(name)
                        checked += 1
        assert lacking == set()
        assert checked >= 20
        assert MODULE.name == "claims"
