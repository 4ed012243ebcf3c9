"""The settlement's statement as PDF: whole, true, private, the same bytes every time."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

import pytest

from shared.clock import FixedClock
from shared.runtime.peers import Peers
from tests.integration.claims.county import BILL_A, DISTRICT, TOWNSHIP, Claims, recognition
from tests.integration.claims.test_pages import CLERK, identity_says
from tests.support.browsing import screen
from tests.support.paper import text_of
from tests.support.service import Running


@pytest.fixture
def named(claims: Claims) -> Claims:
    claims.context.peers = Peers({"identity": identity_says("测*甲")})
    return claims


async def settled(
    claims: Claims, visit_no: str = "ZY1", lines: list[dict[str, object]] | None = None
) -> str:
    """A recognised patient's stay, settled; its id."""
    await claims.deliver(recognition(visit_no))
    found = await claims.good("GET", "/encounters", visit_no=visit_no)
    here = f"/encounters/{found['items'][0]['encounter_id']}"
    await claims.good("POST", f"{here}/charges", {"batch_no": "B1", "lines": lines or BILL_A})
    await claims.good(
        "POST", f"{here}/discharge",
        {"discharged_at": "2016-03-08T10:00:00+08:00", "diagnoses": ["J18.900"]},
    )  # fmt: skip
    answer = await claims.good("POST", f"{here}/settlement")
    return str(answer["settlement_id"])


async def printed(claims: Claims, settlement_id: str, **more: str) -> bytes:
    answer = await claims.call("GET", f"/settlements/{settlement_id}/statement.pdf", **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == (
        f'inline; filename="statement-{settlement_id}.pdf"'
    )
    return answer.content


async def test_the_same_settlement_gives_the_same_bytes(named: Claims, clock: FixedClock) -> None:
    """Goal: a copy can be compared with the original. Method: print, let time pass and the charges
    of the visit change hands, print again, many at once."""
    settlement_id = await settled(named)
    first = await printed(named, settlement_id)
    assert first.startswith(b"%PDF-")
    clock.advance(timedelta(minutes=20))
    others = await asyncio.gather(*(printed(named, settlement_id) for _ in range(6)))
    assert set(others) == {first}
    rows = await named.rows("SELECT subject FROM audit_log WHERE action = 'settlement.printed'")
    assert [row["subject"] for row in rows] == [settlement_id] * 7


async def test_it_says_who_paid_and_why(named: Claims, tmp_path: Path) -> None:
    """Goal: the patient believes it, the auditor can follow it. Method: worked example A, read back
    from the PDF."""
    settlement_id = await settled(named)
    said = text_of(await printed(named, settlement_id), tmp_path)
    stored = await named.good("GET", f"/settlements/{settlement_id}")
    for part in (
        "金口河区人民医院", "测*甲", "建档立卡", "ZY1", "2016-03-01", "2016-03-08", "5,000.00",
        "基本医保3,344.90", "医疗救助663.83", "个人支付991.27", "患者应付991.27元",
        "药品4,000.00", "植入材料500.00", "其中乙类1,000.00",
        "基本医疗保险按83%支付4,030.00元中的3,344.90元", "JK-03", "按假定计算的取值",
        "jinkouhe-2016", stored["pack_version"], settlement_id, "第1页",
    ):  # fmt: skip
        assert part in said, part
    assert "冲销" not in said


async def test_a_reversal_and_what_it_undid_say_so(named: Claims, tmp_path: Path) -> None:
    """Goal: an undone statement is not mistaken for one in force. Method: reverse; print both."""
    settlement_id = await settled(named)
    undone = await named.good(
        "POST", f"/settlements/{settlement_id}/reverse", {"reason": "费用重复上传"}
    )
    old = text_of(await printed(named, settlement_id), tmp_path)
    assert "不再有效" in old
    assert undone["settlement_id"] in old
    new = text_of(await printed(named, undone["settlement_id"]), tmp_path)
    for part in ("冲销单", "费用重复上传", "-5,000.00", "-991.27", settlement_id, "药品-4,000.00"):
        assert part in new, part


async def test_a_revision_shows_the_difference(named: Claims, tmp_path: Path) -> None:
    """Goal: recognised late, the patient reads what he gets back. Method: an ordinary resident's
    bill, then the recognition, then the revision."""
    encounter = await named.discharged(visit_no="ZY9")
    first = await named.settled(encounter["encounter_id"])
    await named.deliver(recognition("ZY9"))
    revised = await named.good("POST", f"/settlements/{first['settlement_id']}/revise", {})
    said = text_of(await printed(named, revised["settlement_id"]), tmp_path)
    for part in (
        "与上一次结算的差额",
        "医疗救助0.00663.83663.83",
        "-663.83",
        first["settlement_id"],
    ):
        assert part in said, part


HOSTILE = (
    '#eval("1+1")', "$x^2$", "\\ #pagebreak()", "*粗* _斜_ `码`", "[方括号] {花括号}", "<标签> @引用",
    "// 注释 /* 块 */", "= 标题", '#import "/etc/passwd": *', "~-- --- ...", "\"引号\" 'q'",
    "https://example.org/x",
)  # fmt: skip


async def test_nothing_that_is_printed_is_markup(
    named: Claims, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Goal: what a hospital or a register wrote cannot steer the typesetter. Method: hostile texts
    as the patient's name and as the reason of a reversal; each comes back as written."""
    settlement_id = await settled(named)
    for hostile in HOSTILE:
        named.context.peers = Peers({"identity": identity_says(hostile)})
        said = text_of(await printed(named, settlement_id), tmp_path)
        assert re.sub(r"\s+", "", hostile) in said, hostile
    undone = await named.good(
        "POST", f"/settlements/{settlement_id}/reverse", {"reason": " ".join(HOSTILE)[:200]}
    )
    said = text_of(await printed(named, undone["settlement_id"]), tmp_path)
    assert '#eval("1+1")$x^2$' in said


async def test_a_statement_is_its_hospitals(
    named: Claims, tmp_path: Path, clock: FixedClock
) -> None:
    """Goal: no other hospital, and no one without the right, prints it. Method: another facility's
    token; a client without the scope; the page's address as a clerk of each."""
    settlement_id = await settled(named)
    path = f"/settlements/{settlement_id}/statement.pdf"
    other = await named.call("GET", path, organisation=f"facility:{TOWNSHIP}", client="hospital")
    assert other.status_code == 404
    assert (await named.call("GET", path, client="township")).status_code == 403
    running = Running(named.context, named.signer, clock)
    page = f"/claims/settlements/{settlement_id}/statement.pdf"
    for name, facility, status in (("theirs", TOWNSHIP, 404), ("ours", DISTRICT, 200)):
        async with screen(
            running, tmp_path, *CLERK, name=name, organisation=f"facility:{facility}"
        ) as clerk:
            assert (await clerk.get(page)).status_code == status


async def test_without_identity_it_is_printed_without_the_name(
    claims: Claims, tmp_path: Path
) -> None:
    """Goal: printing never waits for another service. Method: identity away."""
    claims.context.peers = Peers({"identity": identity_says(None)})
    said = text_of(await printed(claims, await settled(claims)), tmp_path)
    assert "姓名从略" in said


async def test_many_kinds_run_over_pages(named: Claims, tmp_path: Path) -> None:
    """Goal: a long bill stays in order. Method: a line of every kind and class."""
    kinds = ["drug", "lab", "ct", "mri", "surgery", "bed", "consultation", "registration",
             "injection", "physical_cooling", "material", "other"]  # fmt: skip
    lines: list[dict[str, object]] = [
        {
            "line_no": f"{kind}-{code}", "name": f"{kind}{code}", "kind": kind,
            "catalogue_class": code, "amount": "1234.56",
        }
        for kind in kinds
        for code in "ABC"
    ]  # fmt: skip
    said = text_of(await printed(named, await settled(named, lines=lines)), tmp_path)
    for part in ("化验3,703.68", "核磁共振3,703.68", "其中目录外14,814.72", "共2页", "44,444.16"):
        assert part in said, part
