"""``/identity/rosters``: upload, headers, two persons, application, what it touched."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import openpyxl

from tests.integration.identity.office import Office
from tests.support.browsing import Screen, assert_private, screen, words
from tests.support.people import HEADER, NEIGHBOUR, PATIENT, roster_csv
from tests.support.service import Running

FORM = {"source": "poverty_office", "effective_on": "2016-01-01", "mode": "full"}


async def upload(desk: Screen, content: bytes, **fields: str) -> httpx.Response:
    return await desk.post(
        "/identity/rosters", {**FORM, **fields}, files={"file": ("roster.csv", content)}
    )


async def test_a_roster_passes_through_two_hands(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: 待核对 → 已确认 → 已导入, with who did what. Method: two persons and their screens."""
    async with (
        screen(identity, tmp_path, "identity:roster", name="a") as first,
        screen(identity, tmp_path, "identity:roster", name="b") as second,
    ):
        sent = await upload(first, roster_csv(PATIENT, NEIGHBOUR))
        page = await first.follow(sent)
        path = sent.headers["location"].partition("?")[0]
        assert "您是上传人，须由另一人核对确认" in words(page)
        own = await first.post(path, {"do": "confirm"})
        assert own.status_code == 409
        assert "须由上传人以外的另一人核对" in words(own)
        confirmed = await second.follow(await second.post(path, {"do": "confirm"}))
        assert "测试b" in words(confirmed)
        unsure = await first.post(path, {"do": "apply"})
        assert unsure.status_code == 422
        assert "请先勾选" in words(unsure)
        applied = await first.follow(await first.post(path, {"do": "apply", "sure": "yes"}))
        said = words(applied)
        assert "已导入。" in said
        assert "没有受影响的识别" in said
        listed = words(await second.get("/identity/rosters"))
        assert "已导入 扶贫办 2016-01-01 全量 2 0 2 0 0" in listed
    (event,) = await office.events("roster.applied.v1")
    assert event["payload"]["added"] == 2


async def test_faulty_rows_are_listed_and_can_be_sent_back(
    identity: Running, tmp_path: Path
) -> None:
    """Goal: each fault with row, column, cure; no value. Method: one bad number among two rows."""
    bad = PATIENT.row().replace(PATIENT.number, PATIENT.number[:-1] + "0")
    content = f"{HEADER}\n{bad}\n{NEIGHBOUR.row()}".encode("gbk")
    async with screen(identity, tmp_path, "identity:roster") as desk:
        sent = await upload(desk, content)
        page = await desk.follow(sent)
        path = sent.headers["location"].partition("?")[0]
        file = await desk.get(f"{path}/errors.xlsx")
    said = words(page)
    assert "2 证件号码 校验位不符" in said
    assert PATIENT.number[:-1] not in page.text
    assert_private(page, PATIENT.number, "测试甲")
    assert file.headers["cache-control"] == "no-store"
    rows = list(openpyxl.load_workbook(io.BytesIO(file.content)).active.iter_rows(values_only=True))
    assert rows[1][0] == 2


async def test_unknown_headers_are_asked_for_and_remembered(
    identity: Running, tmp_path: Path
) -> None:
    """Goal: a source's own headers are explained once. Method: two odd headers; explain them in the
    same form; the next file needs no word; then forget one on its page."""
    odd = roster_csv(PATIENT).decode().replace("姓名", "帮扶对象").replace("证件号码", "证号")
    async with screen(identity, tmp_path, "identity:roster") as desk:
        asked = await upload(desk, odd.encode(), source="civil_affairs")
        assert asked.status_code == 422
        assert "缺少的列" in words(asked)
        assert 'name="header:帮扶对象"' in asked.text
        assert '<option value="civil_affairs" selected>' in asked.text  # what was chosen stays
        told = {"header:帮扶对象": "name", "header:证号": "id_number"}
        sent = await upload(desk, odd.encode(), source="civil_affairs", **told)
        assert sent.status_code == 303
        assert (await upload(desk, odd.encode(), source="civil_affairs")).status_code == 303
        mappings = "/identity/rosters/mappings/civil_affairs"
        known = await desk.get(mappings)
        assert "测试tester" in words(known)
        saved = await desk.follow(await desk.post(mappings, {"header:证号": "id_number"}))
        assert "已保存" in words(saved)
        assert "帮扶对象" not in saved.text
        again = await upload(desk, odd.encode(), source="civil_affairs")
        assert again.status_code == 422
        faulty = await desk.post(
            mappings, {"new_header": "519901196203040119", "new_column": "name"}
        )
        assert faulty.status_code == 422


async def test_households_with_members_missing_and_what_was_told_anew(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: a slip is seen before it is applied, and its effect after. Method: a household of two of
    which the second full roster lists one, reaching back before a recognition."""
    wife = PATIENT.but(name="测试丙", sequence=12, relation="配偶")
    await office.register(PATIENT, wife, NEIGHBOUR)
    await office.recognise({"id_number": wife.number}, on="2016-03-01", visit_no="ZY-7")
    async with (
        screen(identity, tmp_path, "identity:roster", name="a") as first,
        screen(identity, tmp_path, "identity:roster", name="b") as second,
    ):
        sent = await upload(first, roster_csv(PATIENT, NEIGHBOUR), effective_on="2016-02-01")
        path = sent.headers["location"].partition("?")[0]
        assert "查看 1 户" in words(await first.get(path))
        shown = await first.get(path, households="1")
        assert "测*丙 1962" in words(shown)
        assert_private(shown, "测试丙")
        await second.post(path, {"do": "confirm"})
        await second.post(path, {"do": "apply", "sure": "yes"})
        told = words(await second.get(path, affected="1"))
    assert "ZY-7" in told
    assert "当时类别" in told


async def test_what_is_missing_is_said_beside_its_field(identity: Running, tmp_path: Path) -> None:
    """Goal: errors beside the field, the rest stays. Method: no file, no date; then a file that is
    none; and a hospital's clerk."""
    async with screen(identity, tmp_path, "identity:roster") as desk:
        none = await desk.post("/identity/rosters", {**FORM, "effective_on": "gestern"})
        assert none.status_code == 422
        assert 'id="file-fault"' in none.text
        assert 'id="effective_on-fault"' in none.text
        junk = await upload(desk, b"\xd0\xcf\x11\xe0 old")
        assert junk.status_code == 422
        assert "旧版 .xls" in words(junk)
        progress = await desk.get("/identity/rosters/progress")
        assert progress.text.strip() == ""
    async with screen(
        identity, tmp_path, "identity:roster", name="clerk", organisation="facility:H51111300101"
    ) as clerk:
        refused = await upload(clerk, roster_csv(PATIENT))
        assert refused.status_code == 403
        assert "只有县(区)级部门可以导入名册" in words(refused)
