"""A month is closed, and stays what was signed."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from services.reporting.month_closes import file
from shared.clock import FixedClock
from shared.events.catalog import MonthClosed, MonthReopened
from shared.money import fen_from_text
from shared.policy.folders import MemoryFolder
from shared.security.scopes import SCOPES
from tests.integration.reporting.county import (
    DISTRICT,
    JINHE,
    JINHE_HOSPITAL,
    YONGHE,
    bill,
    reversal,
    visit,
)
from tests.support.service import COUNTY, Running

MAY = {"month": "2016-05"}
PATH = "/reporting/v1/month-closes"


async def call(
    running: Running,
    method: str,
    path: str,
    body: Any = None,
    *,
    who: str = "tester",
    organisation: str = COUNTY,
) -> httpx.Response:
    token = running.signer.sign(client_id=who, organisation=organisation, scopes=tuple(SCOPES))
    async with running.client() as client:
        return await client.request(
            method, path, json=body, headers={"authorization": f"Bearer {token}"}
        )


async def good(running: Running, method: str, path: str, body: Any = None, **who: str) -> Any:
    answer = await call(running, method, path, body, **who)
    assert answer.is_success, answer.text
    return answer.json()


async def signed(running: Running, month: str) -> dict[str, Any]:
    close = await good(running, "POST", PATH, {"month": month})
    for step in ("submit", "accept", "sign"):
        close = await good(running, "POST", f"{PATH}/{close['close_id']}/{step}")
    return dict(close)


async def content(running: Running, close: dict[str, Any]) -> bytes:
    answer = await call(running, "GET", f"{PATH}/{close['close_id']}/file")
    assert answer.status_code == 200, answer.text
    return answer.content


def figure(close: dict[str, Any], code: str) -> dict[str, Any]:
    return next(each for each in close["figures"]["indicators"] if each["code"] == code)


async def test_from_draft_to_signature(county: Running) -> None:
    """Goal: the figures that a director signs are the API's, approved step by step.

    Method: each township submits its own, the county accepts, the director signs; every figure
    is compared with GET /indicators; the event and the audit log are looked at.
    """
    close = await good(county, "POST", PATH, MAY)
    assert (close["status"], close["provisional"], close["number"]) == (
        "draft", True, "511113-2016-05-1",
    )  # fmt: skip
    path = f"{PATH}/{close['close_id']}"
    live = await good(county, "GET", "/reporting/v1/indicators?period=2016-05")
    assert close["figures"]["indicators"] == live["items"]

    early = await call(county, "POST", f"{path}/accept")
    assert (early.status_code, early.json()["code"]) == (409, "month_close_step_not_allowed")
    jinhe = {"who": "jinhe", "organisation": f"township:{JINHE}"}
    foreign = await call(county, "POST", f"{path}/submit", {"township": YONGHE}, **jinhe)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "township_not_yours")
    close = await good(county, "POST", f"{path}/submit", None, **jinhe)
    assert close["status"] == "draft"
    twice = await call(county, "POST", f"{path}/submit", None, **jinhe)
    assert twice.status_code == 409
    by_name = {each["township"]: each for each in close["townships"]}
    assert by_name[JINHE]["submitted_by"] == "jinhe"
    assert by_name[YONGHE]["submitted_at"] is None
    # The clock stands at 2016-07-01: after the 5th of June.
    assert by_name[JINHE]["in_time"] is False

    close = await good(county, "POST", f"{path}/submit", who="county")
    assert close["status"] == "submitted"
    close = await good(county, "POST", f"{path}/accept", {"note": "已核对"}, who="bureau")
    close = await good(county, "POST", f"{path}/sign", who="director")
    assert (close["status"], close["provisional"]) == ("closed", False)
    assert len(close["sha256"]) == 64

    (event,) = [
        MonthClosed.model_validate(row["payload"])
        for row in await county.published()
        if row["type"] == MonthClosed.type_name()
    ]
    assert (event.month, event.sha256) == ("2016-05", close["sha256"])
    assert {each.code for each in event.figures} == {each["code"] for each in live["items"]}
    actions = await county.rows(
        "SELECT action, actor FROM audit_log WHERE action LIKE 'month_close.%' ORDER BY at, id"
    )
    assert {"action": "month_close.sign", "actor": "director"} in actions
    again = await call(county, "POST", PATH, MAY)
    assert (again.status_code, again.json()["close_id"]) == (409, close["close_id"])


async def test_a_thousand_late_claims_change_no_closed_byte(county: Running) -> None:
    """Goal: what was signed stays; Σ adjustments = Σ late, to the fen, once.

    Method: March and April are signed; then 1,000 bills of March, one March bill reversed and a
    bill of April arrive; May's and June's closings are looked at.
    """
    march, april = await signed(county, "2016-03"), await signed(county, "2016-04")
    before = [await content(county, each) for each in (march, april)]
    late = [
        bill(
            f"L{number}", "P2", JINHE_HOSPITAL, "outpatient", date(2016, 3, 1 + number % 31),
            {"basic_insurance": 60_00 + number}, 40_00 + number % 7,
        )
        for number in range(1_000)
    ]  # fmt: skip
    await county.deliver_together(*late, reversal("E1", 5000_00, date(2016, 6, 30)))
    await county.deliver_together(
        bill("L-A", "P1", DISTRICT, "inpatient", date(2016, 4, 20), {}, 700_00)
    )
    for close, bytes_before in zip((march, april), before, strict=True):
        shown = await good(county, "GET", f"{PATH}/{close['close_id']}")
        assert shown["figures"] == close["figures"]
        assert await content(county, close) == bytes_before
        assert file.verify(bytes_before).number == close["number"]

    changed = await good(county, "GET", f"{PATH}/{march['close_id']}/changes?limit=200")
    kinds = {item["kind"] for item in changed["items"]}
    assert {"late", "withdrawn"} <= kinds

    may = await signed(county, "2016-05")
    corrections = may["figures"]["corrections"]
    by_month = {each["month"]: each["sums"] for each in corrections["months"]}
    total = sum(60_00 + n + 40_00 + n % 7 for n in range(1_000)) - 5000_00
    patient = sum(40_00 + n % 7 for n in range(1_000)) - 991_27
    assert fen_from_text(by_month["2016-03"]["registered_total_fen"]) == total
    assert fen_from_text(by_month["2016-03"]["registered_patient_fen"]) == patient
    assert by_month["2016-03"]["settled_visits"] == 999
    assert by_month["2016-04"]["registered_total_fen"] == "700.00"
    assert fen_from_text(corrections["sums"]["registered_total_fen"]) == total + 700_00
    # The month's own figures hold none of it.
    live = await good(county, "GET", "/reporting/v1/indicators/personal_share?period=2016-05")
    assert figure(may, "personal_share") == live

    june = await good(county, "POST", PATH, {"month": "2016-06"})
    assert june["figures"]["corrections"]["count"] == 0
    rows = await good(
        county, "GET", f"{PATH}/{may['close_id']}/records?corrections=true&limit=2&dataset=settled"
    )
    assert [row["of_month"] for row in rows["items"]] == ["2016-03", "2016-03"]
    assert rows["next_cursor"]


async def test_reopening_takes_two_and_a_reason(county: Running) -> None:
    """Goal: one person alone undoes no signature. Method: no reason, one person twice, another;
    then the month is closed again, and both files verify."""
    close = await signed(county, "2016-03")
    path = f"{PATH}/{close['close_id']}/reopen"
    assert (await call(county, "POST", path, {})).status_code == 422
    reason = {"reason": "补传费用"}
    asked = await good(county, "POST", path, reason, who="a")
    assert (asked["status"], asked["reopening"]["asked_by"]) == ("closed", "a")
    same = await call(county, "POST", path, reason, who="a")
    assert (same.status_code, same.json()["code"]) == (409, "same_person_twice")
    done = await good(county, "POST", path, reason, who="b")
    assert done["status"] == "reopened"
    again = await signed(county, "2016-03")
    assert (again["number"], again["revision"]) == ("511113-2016-03-2", 2)
    first, second = await content(county, close), await content(county, again)
    assert file.verify(second).head["previous"]["sha256"] == file.verify(first).sha256
    types = [row["type"] for row in await county.published() if ".month." in row["type"]]
    assert types == [each.type_name() for each in (MonthClosed, MonthReopened, MonthClosed)]


async def test_a_month_that_a_later_one_corrects_stays(county: Running) -> None:
    """Goal: no late bill is counted twice. Method: April corrects March; March cannot be
    reopened before April is, then both are closed anew and the correction is in March itself."""
    march = await signed(county, "2016-03")
    await county.deliver_together(
        bill("L1", "P2", JINHE_HOSPITAL, "outpatient", date(2016, 3, 9), {}, 10_00)
    )
    april = await signed(county, "2016-04")
    assert april["figures"]["corrections"]["sums"]["total_fen"] == "10.00"
    refused = await call(
        county, "POST", f"{PATH}/{march['close_id']}/reopen", {"reason": "补传"}, who="a"
    )
    assert (refused.status_code, refused.json()["months"]) == (409, ["2016-04"])
    for close in (april, march):
        for who in ("a", "b"):
            await good(
                county, "POST", f"{PATH}/{close['close_id']}/reopen", {"reason": "补传"}, who=who
            )
    march, april = await signed(county, "2016-03"), await signed(county, "2016-04")
    assert april["figures"]["corrections"]["count"] == 0
    assert march["figures"]["sums"]["total_fen"] == "5110.00"


async def test_what_changed_since_i_approved(county: Running) -> None:
    """Goal: who approved sees what moved, and stands by it again. Method: 金河镇 and 永和镇
    submit May, then a bill of 金河镇 arrives; the changes of both; a refreshed cut."""
    close = await good(county, "POST", PATH, MAY)
    path = f"{PATH}/{close['close_id']}"
    jinhe, yonghe = f"township:{JINHE}", f"township:{YONGHE}"
    for organisation in (jinhe, yonghe):
        await good(county, "POST", f"{path}/submit", organisation=organisation)
    assert (await good(county, "GET", f"{path}/changes", organisation=jinhe))["items"] == []
    await county.deliver_together(
        *visit("L2", "P1", DISTRICT, "outpatient", date(2016, 5, 30), date(2016, 5, 30)),
        bill("L2", "P1", DISTRICT, "outpatient", date(2016, 5, 30), {}, 12_00),
    )
    seen = await good(county, "GET", f"{path}/changes", organisation=jinhe)
    assert [(row["dataset"], row["kind"]) for row in seen["items"]] == [
        ("settled", "late"), ("discharged", "late"),
    ]  # fmt: skip
    page = await good(county, "GET", f"{path}/changes?limit=1", organisation=jinhe)
    rest = await good(
        county, "GET", f"{path}/changes?limit=1&cursor={page['next_cursor']}", organisation=jinhe
    )
    assert page["items"] + rest["items"] == seen["items"]
    assert (await good(county, "GET", f"{path}/changes", organisation=yonghe))["items"] == []
    # What was submitted is still the old cut.
    assert (await good(county, "GET", path))["figures"] == close["figures"]

    fresh = await good(county, "POST", f"{path}/refresh")
    standing = {each["township"]: each["submitted_at"] for each in fresh["townships"]}
    assert standing[JINHE] is None
    assert standing[YONGHE] is not None
    live = await good(county, "GET", "/reporting/v1/indicators?period=2016-05")
    assert fresh["figures"]["indicators"] == live["items"]
    still = await good(county, "GET", f"{path}/changes", organisation=jinhe)
    assert (still["approved_cut"], len(still["items"])) == (1, 2)
    rows = await good(county, "GET", f"{path}/records?limit=200", organisation=jinhe)
    assert {row["township"] for row in rows["items"]} == {JINHE}


async def test_figures_are_returned_with_a_reason(county: Running) -> None:
    """Goal: who finds a fault sends it back, and the others' word stands. Method: everybody
    submits, the county accepts, 永和镇 is returned; it submits again; then all; no reason, an ID
    number in it, what was not submitted, a township's client, a signed month."""
    close = await good(county, "POST", PATH, MAY)
    path = f"{PATH}/{close['close_id']}"
    again = {"township": YONGHE, "reason": "缺三笔结算"}
    early = await call(county, "POST", f"{path}/return", again)
    assert (early.status_code, early.json()["code"]) == (409, "month_close_step_not_allowed")
    await good(county, "POST", f"{path}/submit")
    await good(county, "POST", f"{path}/accept")
    for body in ({"township": YONGHE}, again | {"reason": "见 11010519491231002X"}):
        assert (await call(county, "POST", f"{path}/return", body)).status_code == 422
    yonghe = {"organisation": f"township:{YONGHE}"}
    assert (await call(county, "POST", f"{path}/return", again, **yonghe)).status_code == 403
    back = await good(county, "POST", f"{path}/return", again)
    assert back["status"] == "draft"
    by_name = {each["township"]: each for each in back["townships"]}
    assert by_name[YONGHE]["returned_because"] == "缺三笔结算"
    assert by_name[YONGHE]["submitted_at"] is None
    assert by_name[JINHE]["submitted_at"] is not None
    assert (await call(county, "POST", f"{path}/sign")).status_code == 409
    close = await good(county, "POST", f"{path}/submit", **yonghe)
    assert close["status"] == "submitted"
    assert all(each["returned_because"] is None for each in close["townships"])
    back = await good(county, "POST", f"{path}/return", {"reason": "全部重核"})
    assert all(each["returned_because"] == "全部重核" for each in back["townships"])
    for step in ("submit", "accept", "sign"):
        close = await good(county, "POST", f"{path}/{step}")
    signed_by_then = await call(county, "POST", f"{path}/return", again)
    assert signed_by_then.status_code == 409
    stored = await content(county, close)
    assert "return" in {step["step"] for step in file.verify(stored).head["steps"]}


async def test_a_late_entry_corrects_its_own_month_alone(county: Running) -> None:
    """Goal: a quarter's figure is no late figure of its last month, and a month's is shown and
    exported as such. Method: March is signed, then a figure of the quarter and one of March are
    confirmed; April's draft and its workbook."""
    await signed(county, "2016-03")
    for period, area in (("2016-Q1", YONGHE), ("2016-03", JINHE)):
        entry = {
            "code": "insurance_coverage", "period": period, "area": area,
            "numerator": "2", "denominator": "3", "evidence": "名册比对表",
        }  # fmt: skip
        made = await good(county, "POST", "/reporting/v1/indicator-entries", entry, who="one")
        path = f"/reporting/v1/indicator-entries/{made['entry_id']}/confirm"
        await good(county, "POST", path, who="two")
    april = await good(county, "POST", PATH, {"month": "2016-04"})
    told = april["figures"]["corrections"]["rows"]
    assert [(each["dataset"], each["kind"], each["rows"]) for each in told] == [
        ("entries", "late", 1)
    ]
    book = await call(county, "GET", f"{PATH}/{april['close_id']}/report.xlsx")
    assert book.status_code == 200


async def test_a_new_target_alters_no_closed_month(county: Running) -> None:
    """Goal: yesterday's red stays red. Method: March is signed, then the county's pack moves the
    target of personal_share and leaves out another figure; the closed month, its file and the live
    figure."""
    from services.reporting.indicators.county import FILE, read

    close = await signed(county, "2016-03")
    before = await content(county, close)
    pack = (
        'targets: {personal_share: [{value: "1.00", direction: at_most, citation: 新 · 1}]}\n'
        "left_out: [{codes: [health_card_rate], reason: {zh: 不发, en: none}}]"
    )
    county.context.state["reporting.catalogue"] = read(
        MemoryFolder("new", {FILE: pack.encode()}), county.context.region
    )
    gone = await call(county, "GET", "/reporting/v1/indicators/health_card_rate")
    assert (gone.status_code, gone.json()["code"]) == (404, "indicator_unknown")
    assert figure(close, "health_card_rate")["target"] == "1.00"
    live = await good(county, "GET", "/reporting/v1/indicators/personal_share?period=2016-03")
    assert (live["status"], live["citation"], live["target_own"]) == ("met", "新 · 1", True)
    shown = await good(county, "GET", f"{PATH}/{close['close_id']}")
    assert (figure(shown, "personal_share")["status"], shown["figures"]) == (
        "missed", close["figures"],
    )  # fmt: skip
    assert await content(county, close) == before


async def test_two_directors_at_once(county: Running) -> None:
    """Goal: one month is closed once. Method: drafts and signatures of several clients at the
    same moment, then two months signed side by side: places without a gap."""
    made = await asyncio.gather(*(call(county, "POST", PATH, MAY) for _ in range(4)))
    assert sorted(answer.status_code for answer in made) == [201, 409, 409, 409]
    path = f"{PATH}/{next(a for a in made if a.is_success).json()['close_id']}"
    for step in ("submit", "accept", "sign"):
        answers = await asyncio.gather(
            *(call(county, "POST", f"{path}/{step}", who=f"d{n}") for n in range(3))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409], step
    drafts = [
        await good(county, "POST", PATH, {"month": month}) for month in ("2016-03", "2016-04")
    ]
    for step in ("submit", "accept", "sign"):
        answers = await asyncio.gather(
            *(call(county, "POST", f"{PATH}/{d['close_id']}/{step}") for d in drafts)
        )
        assert all(answer.is_success for answer in answers)
    places = await county.rows("SELECT place FROM month_closes ORDER BY place")
    assert [row["place"] for row in places] == [1, 2, 3]


async def test_the_database_keeps_what_was_signed(county: Running) -> None:
    """Goal: not even the service's own role changes it. Method: UPDATE and DELETE of a signed
    month, its rows and its steps."""
    from sqlalchemy import text
    from sqlalchemy.exc import DBAPIError

    await signed(county, "2016-03")
    for statement in (
        "UPDATE month_closes SET figures = '{}'",
        "UPDATE month_closes SET status = 'draft'",
        "DELETE FROM month_closes",
        "UPDATE close_rows SET kind = 'own'",
        "DELETE FROM close_steps",
    ):
        with pytest.raises(DBAPIError, match=r"written once|does not change|permission denied"):
            async with county.context.db.writing() as session:
                await session.execute(text(statement))


async def test_what_is_refused(county: Running, clock: FixedClock) -> None:
    """Goal: clear errors. Method: a month that is not over, malformed ones, unknown ids, scopes,
    organisations, a file before the signature."""
    for month, status in (("2016-07", 422), ("2016-13", 422), ("5", 422), ("2016-06", 201)):
        answer = await call(county, "POST", PATH, {"month": month})
        assert answer.status_code == status, answer.text
    path = f"{PATH}/{answer.json()['close_id']}"
    assert (await call(county, "GET", f"{path}/file")).json()["code"] == "month_not_signed"
    unknown = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert (await call(county, "GET", f"{PATH}/{unknown}")).status_code == 404
    other = await call(county, "POST", f"{path}/submit", {"township": "别处"})
    assert other.json()["code"] == "township_unknown"
    hospital = await call(county, "GET", f"{path}/records", organisation=f"facility:{DISTRICT}")
    assert hospital.status_code == 403
    async with county.client(scopes=["reporting:read", "reporting:close"]) as client:
        assert (await client.post(f"{path}/submit")).status_code == 200
        assert (await client.post(f"{path}/accept")).status_code == 403
        assert (await client.post(f"{path}/sign")).status_code == 403
