"""An assessment in a running service: figures and samples, ranking, notice, measures."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import Any

import openpyxl

from tests.integration.reporting.county import JINHE, YONGHE
from tests.integration.reporting.half_year import half_year
from tests.integration.reporting.test_month_closes import call, good
from tests.support.service import Running

PATH = "/reporting/v1/assessments"
BEGIN: dict[str, Any] = {
    "scheme": "township", "period": "2016-H1",
    "bases": {JINHE: {"fiscal_input": "1000000.00"}},
}  # fmt: skip


async def test_from_figures_and_samples_to_the_notice(reporting: Running) -> None:
    """Goal: both parts make the score; what is published stays; a measure is followed up. Method:
    the county's half-year, samples in every township, publishing by one and by another, a later
    bill, the notice as workbook, a summons and its item."""
    await reporting.deliver_together(*half_year())
    early = await call(reporting, "POST", PATH, BEGIN | {"period": "2016-H2"})
    assert (early.status_code, early.json()["errors"][0]["code"]) == (422, "period_not_over")
    heavy = await call(reporting, "POST", PATH, BEGIN | {"points": {"personal_share": 16}})
    assert heavy.json()["errors"][0]["code"] == "points_invalid"
    negative = {"bases": {JINHE: {"fiscal_input": "-1.00"}}}
    assert (await call(reporting, "POST", PATH, BEGIN | negative)).status_code == 422
    unknown = await call(reporting, "POST", PATH, BEGIN | {"bases": {"无此镇": {}}})
    assert unknown.json()["errors"][0]["code"] == "subject_unknown"
    begun = await good(reporting, "POST", PATH, BEGIN, who="a")
    twice = await call(reporting, "POST", PATH, BEGIN)
    assert (twice.status_code, twice.json()["code"]) == (409, "assessment_exists")
    path = f"{PATH}/{begun['assessment_id']}"

    results = {each["subject"]: each for each in begun["results"]}
    jinhe = {each["code"]: each for each in results[JINHE]["points"]}
    # 金河镇: patients 1031.27 of 5100.00, more than twice the target: no points of 15.
    assert (jinhe["personal_share"]["basis"], jinhe["personal_share"]["got"]) == (
        "1031.27/5100.00", "0.00",
    )  # fmt: skip
    assert results[JINHE]["total"] is None
    lacking = await call(reporting, "POST", f"{path}/publish", who="b")
    assert (lacking.status_code, lacking.json()["code"]) == (409, "samples_missing")
    assert len(lacking.json()["subjects"]) == len(results)

    more = {"item": "policy_known", "checked": 20}
    wrong = await call(
        reporting, "POST", f"{path}/samples", more | {"subject": JINHE, "passed": 21}
    )
    assert wrong.json()["errors"][0]["field"] == "passed"
    for subject in results:
        body = more | {"subject": subject, "passed": 18 if subject == JINHE else 20}
        await good(reporting, "POST", f"{path}/samples", body)
    sampled = await good(
        reporting, "POST", f"{path}/samples", more | {"subject": JINHE, "passed": 16}
    )
    scored = {each["subject"]: each for each in sampled["results"]}
    (point,) = [each for each in scored[JINHE]["points"] if each["code"] == "policy_known"]
    assert (point["basis"], point["got"]) == ("34/40", "12.75")
    assert scored[JINHE]["on_site"] == "34.00"
    total = Decimal(scored[JINHE]["online"]) + Decimal("34.00")
    assert Decimal(scored[JINHE]["total"]) == total

    own = await call(reporting, "POST", f"{path}/publish", who="a")
    assert (own.status_code, own.json()["code"]) == (409, "same_person_twice")
    measure = {
        "subject": JINHE, "kind": "summons", "reason": "个人支付占比超标", "deadline": "2016-09-30",
    }  # fmt: skip
    soon = await call(reporting, "POST", f"{path}/sanctions", measure)
    assert (soon.status_code, soon.json()["code"]) == (409, "assessment_not_published")
    published = await good(reporting, "POST", f"{path}/publish", who="b")
    assert (published["status"], published["provisional"]) == ("published", False)
    ranks = [each["rank"] for each in published["results"] if each["rank"] is not None]
    assert ranks == sorted(ranks)
    (money,) = next(each for each in published["results"] if each["subject"] == JINHE)["funding"]
    assert Decimal(money["amount"]) == Decimal(money["base"]) * Decimal(money["ratio"])
    late = await call(reporting, "POST", f"{path}/samples", more | {"subject": YONGHE, "passed": 1})
    assert (late.status_code, late.json()["code"]) == (409, "assessment_published")

    followed = await good(reporting, "POST", f"{path}/sanctions", measure)
    (sanction,) = followed["sanctions"]
    item = await good(reporting, "GET", f"/reporting/v1/register-items/{sanction['item_id']}")
    assert (item["kind"], item["owner"], item["deadline"]) == ("assessment", JINHE, "2016-09-30")
    assert "约谈" in item["title"]

    parts = ("online", "on_site", "total")
    answer = await call(reporting, "GET", f"{path}/notice.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    ranking = [row[:5] for row in book["ranking"].iter_rows(min_row=4, values_only=True)]
    assert ranking == [
        (
            each["rank"],
            each["name_zh"],
            *(None if each[part] is None else float(each[part]) for part in parts),
        )
        for each in published["results"]
    ]
    pdf = await call(reporting, "GET", f"{path}/notice.pdf")
    assert pdf.content.startswith(b"%PDF-")
    listed = await good(reporting, "GET", f"{PATH}?limit=1")
    assert [each["number"] for each in listed["items"]] == ["511113-township-2016-H1"]
    county_only = await call(reporting, "POST", PATH, BEGIN, organisation=f"township:{JINHE}")
    assert (county_only.status_code, county_only.json()["code"]) == (403, "county_only")
