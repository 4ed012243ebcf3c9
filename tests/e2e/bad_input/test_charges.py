"""Charges and settlements that must not be."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.e2e.bad_input.desk import SECRET_NAME, Desk, line
from tests.e2e.inspection import quiet_counts
from tests.support.main_job import BILL_A, MainJob

CHARGES: dict[str, tuple[list[dict[str, Any]], str, dict[str, str]]] = {
    "negative": (
        [line(amount="-1.00")],
        "negative_amount",
        {"lines[0].amount": "negative_amount"},
    ),
    "does not add up": (
        [line(quantity="3", unit_price="10.01", amount="30.00")],
        "amount_mismatch",
        {"lines[0].amount": "amount_mismatch"},
    ),
    "unknown class": (
        [line(catalogue_class="D")],
        "unknown_value",
        {"lines[0].catalogue_class": "unknown_value"},
    ),
    "unknown kind": (
        [line(kind=SECRET_NAME)],
        "unknown_value",
        {"lines[0].kind": "unknown_value"},
    ),
    "one number twice": (
        [line(), line(amount="5.00")],
        "duplicate_line_no",
        {"lines[1].line_no": "duplicate_line_no"},
    ),
    "money as a number": (
        [line(amount=30.5)],
        "validation_failed",
        {"lines[0].amount": "money_malformed"},
    ),
    "three decimals": (
        [line(amount="30.555")],
        "validation_failed",
        {"lines[0].amount": "money_malformed"},
    ),
    "no amount": (
        [{k: v for k, v in line().items() if k != "amount"}],
        "validation_failed",
        {"lines[0].amount": "missing"},
    ),
    "unknown field": (
        [line(patient_name=SECRET_NAME)],
        "validation_failed",
        {"lines[0].patient_name": "extra_forbidden"},
    ),
    "good line beside a bad one": (
        [line(), line(line_no=2, amount="-0.01")],
        "negative_amount",
        {"lines[1].amount": "negative_amount"},
    ),
    "no lines": ([], "no_lines", {"lines": "no_lines"}),
}


@pytest.mark.parametrize("kind", CHARGES)
def test_charges_that_cannot_stand_in_a_bill(desk: Desk, kind: str) -> None:
    """Goal: all lines or none, the field named. Method: one fault at a time in a batch."""
    lines, code, fields = CHARGES[kind]
    desk.refused(
        "POST",
        f"{desk.job.encounter_path}/charges",
        key=f"bad-{list(CHARGES).index(kind)}",
        json={"batch_no": "BAD", "lines": lines},
        status=422,
        code=code,
        fields=fields,
    )
    encounter = desk.yizhan.get(desk.job.encounter_path)
    assert (encounter["status"], encounter["totals"]["amount"]) == ("open", "0.00")


def test_a_refused_batch_may_be_corrected_under_its_key(desk: Desk) -> None:
    """Goal: an error costs the hospital nothing. Method: the same key, first bad, then good."""
    visit = MainJob(desk.yizhan, "ZY-KEY", known={"facility": desk.job.facility()})
    visit.recognise()
    visit.await_encounter()
    quiet_counts(desk.yizhan)
    path = f"{visit.encounter_path}/charges"
    bad = {"batch_no": "B1", "lines": [line(amount="-1.00")]}
    desk.refused("POST", path, key="corrected", json=bad, status=422, code="negative_amount")
    good = desk.yizhan.call(
        "POST", path, key="corrected", json={"batch_no": "B1", "lines": [line()]}
    )
    assert good.status_code == httpx.codes.CREATED, good.text


def test_an_implant_without_its_share_is_not_settled(desk: Desk) -> None:
    """Goal: JK-05, no silent default. Method: an implant without a share, preview and settle."""
    visit = MainJob(desk.yizhan, "ZY-IMPLANT", known={"facility": desk.job.facility()})
    visit.recognise()
    visit.await_encounter()
    implant = {k: v for k, v in BILL_A[2].items() if k != "self_first_ratio"}
    sent = desk.yizhan.call(
        "POST", f"{visit.encounter_path}/charges", json={"batch_no": "B1", "lines": [implant]}
    )
    assert sent.status_code == httpx.codes.CREATED, sent.text
    visit.discharge()
    quiet_counts(desk.yizhan)
    for step in ("settlement/preview", "settlement"):
        desk.refused(
            "POST",
            f"{visit.encounter_path}/{step}",
            status=422,
            code="missing_self_first_ratio",
            fields={"lines[0].self_first_ratio": "missing_self_first_ratio"},
        )
    assert desk.yizhan.get(visit.encounter_path)["status"] == "discharged"


def test_settlement_before_discharge(desk: Desk) -> None:
    """Goal: a bill is settled when the patient goes home. Method: settle an open encounter."""
    desk.refused(
        "POST",
        f"{desk.job.encounter_path}/settlement",
        key="too-early",
        status=409,
        code="not_discharged",
    )


def quote(**changes: Any) -> dict[str, Any]:
    return {
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
    } | changes


@pytest.mark.parametrize(
    ("changes", "code", "fields"),
    [
        ({"pack": "atlantis-1999"}, "unknown_pack", {"pack": "unknown_pack"}),
        (
            {"parameters": {"basic.ratio.secondary": None}},
            "missing_parameter",
            {"parameters.basic.ratio.secondary": "missing_parameter"},
        ),
        ({"lines": "none"}, "validation_failed", {"lines": "list_type"}),
    ],
)
def test_a_quote_that_cannot_be_calculated(
    desk: Desk, changes: dict[str, Any], code: str, fields: dict[str, str]
) -> None:
    """Goal: the pack and the parameter are named. Method: unknown, without a value."""
    desk.refused(
        "POST",
        "/claims/v1/settlements/quote",
        json=quote(**changes),
        status=422,
        code=code,
        fields=fields,
    )
