"""``/identity/persons``: search, masked picture, reveal, merge and undo, cards."""

from __future__ import annotations

import re
from pathlib import Path

from services.identity.cards.pages import qr_svg
from tests.integration.identity.desk import issue_card, person_id
from tests.integration.identity.office import Office
from tests.support.browsing import assert_private, screen, values, words
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import Running

ALL = ("identity:persons", "identity:reveal", "identity:review", "identity:cards")
DOUBLE = PATIENT.but(sequence=17, household="H0077", village="新河村", phone="10000000009")


async def test_search_by_number_name_and_card(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: whatever is at hand finds the person, masked. Method: number, name, name and birth,
    card number, the card's code."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    card = await issue_card(office, whose)
    async with screen(identity, tmp_path, "identity:persons") as desk:
        for typed in (PATIENT.number, "测试甲", "测试甲 1962-03-04", card["card_no"]):
            found = await desk.post("/identity/persons", {"box": typed})
            assert "查到 1 人" in words(found), typed
            assert f"/identity/persons/{whose}" in found.text
            assert "测试甲" not in words(found)
            assert_private(found, typed)
        scanned = await desk.post("/identity/persons", {"box": card["qr"]})
        assert scanned.headers["location"] == f"/identity/persons/{whose}"
        nobody = await desk.post("/identity/persons", {"box": "欧阳不在"})
        assert "登记册中没有相符的人员" in words(nobody)
        faulty = await desk.post("/identity/persons", {"box": PATIENT.number[:-1] + "0"})
        assert faulty.status_code == 422
        assert 'id="box-fault"' in faulty.text


async def test_the_picture_is_masked_and_reveal_is_logged(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: identifiers only by a second act with a reason. Method: look, ask without a reason, ask
    with one; the audit log and the reveal have it; who may not is not offered it."""
    await office.register(PATIENT)
    whose = await person_id(office, PATIENT)
    path = f"/identity/persons/{whose}"
    async with screen(identity, tmp_path, *ALL, name="desk") as desk:
        page = await desk.get(path)
        assert PATIENT.number not in page.text
        assert "测试甲" not in page.text
        assert "5199**********0119" in words(page)
        short = await desk.post(f"{path}/reveal", {"reason": "看"})
        assert short.status_code == 422
        assert "请至少用四个字说明原因" in words(short)
        assert PATIENT.number not in short.text
        shown = await desk.post(f"{path}/reveal", {"reason": "住院结算核对证件"})
        assert PATIENT.number in words(shown)
        assert_private(shown, PATIENT.number, "测试甲")
        assert (await desk.get(f"{path}/reveal")).headers["location"] == path
    (kept,) = await identity.rows("SELECT actor, reason_enc FROM reveals")
    assert kept["actor"] == "user:desk"
    assert "核对".encode() not in kept["reason_enc"]
    async with screen(identity, tmp_path, "identity:persons", name="only") as only:
        assert "查看完整信息" not in words(await only.get(path))
        assert (await only.post(f"{path}/reveal", {"reason": "住院结算核对"})).status_code == 403


async def test_categories_of_a_day_as_known_on_a_day(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: both times on one page. Method: a period that began in 2015; days before and after; a
    day of knowledge that lies ahead is a fault beside the field."""
    await office.register(PATIENT)
    path = f"/identity/persons/{await person_id(office, PATIENT)}"
    async with screen(identity, tmp_path, "identity:persons") as desk:
        held = words(await desk.get(path, as_of="2016-03-01"))
        assert "2016-03-01 当日的类别，按 2016-07-10 所知 建档立卡" in held
        before = words(await desk.get(path, as_of="2014-03-01"))
        assert "当日没有有效类别" in before
        unknown = words(await desk.get(path, as_of="2016-03-01", known_on="2016-01-01"))
        assert "当日没有有效类别" in unknown  # the roster came in July
        for asked in ({"known_on": "2031-01-01"}, {"as_of": "gestern"}):
            assert 'id="as_of-fault"' in (await desk.get(path, **asked)).text


async def test_two_records_are_compared_merged_and_parted_again(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: a merge is deliberate and can be undone. Method: find, compare, merge without and with
    a reason, see it from the absorbed record, undo."""
    await office.register(PATIENT, DOUBLE)
    kept, other = await person_id(office, PATIENT), await person_id(office, DOUBLE)
    path = f"/identity/persons/{kept}"
    async with screen(identity, tmp_path, *ALL, name="merger") as desk:
        found = await desk.post(f"{path}/merge", {"find": DOUBLE.number})
        assert values(found, "other_person_id") == [other]
        assert_private(found, DOUBLE.number)
        compared = await desk.post(f"{path}/merge", {"other_person_id": other})
        said = words(compared)
        assert "保留" in said
        assert "新河村" in said
        assert await office.events("person.merged.v1") == []
        unsaid = await desk.post(f"{path}/merge", {"other_person_id": other, "do": "merge"})
        assert unsaid.status_code == 422
        assert 'id="merge_reason-fault"' in unsaid.text
        form = {"other_person_id": other, "do": "merge", "reason": "核对户口簿为同一人"}
        merged = await desk.follow(await desk.post(f"{path}/merge", form))
        assert "已合并" in words(merged)
        assert "此人合并了 1 条记录" in words(merged)
        assert "已并入此人" in words(await desk.get(f"/identity/persons/{other}"))
        again = await desk.post(f"{path}/merge", form)
        assert again.status_code == 409
        (merge_id,) = values(merged, "merge_id")
        parted = await desk.follow(await desk.post(f"{path}/undo", {"merge_id": merge_id}))
        assert "合并已撤销" in words(parted)
        assert "测试merger" in words(parted)
    assert len(await office.events("person.merged.v1")) == 1
    assert len(await office.events("person.unmerged.v1")) == 1


async def test_a_card_is_issued_with_its_code_and_revoked(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: the QR of a card on the page, its number once. Method: issue, look again, revoke without
    and with a reason."""
    await office.register(PATIENT)
    path = f"/identity/persons/{await person_id(office, PATIENT)}"
    async with screen(identity, tmp_path, *ALL) as desk:
        issued = await desk.post(f"{path}/card")
        (number,) = re.findall(r'class="card-no">([\d ]+)<', issued.text)
        assert "<svg" in issued.text
        assert "style=" not in issued.text  # the security policy allows none
        assert_private(issued, number.replace(" ", ""))
        later = await desk.get(path)
        assert number not in later.text
        assert "************" + number[-4:] in words(later)
        (card_id,) = values(later, "card_id")
        silent = await desk.post(f"{path}/revoke", {"card_id": card_id})
        assert silent.status_code == 422
        revoked = await desk.follow(
            await desk.post(f"{path}/revoke", {"card_id": card_id, "reason": "持卡人报失"})
        )
        assert "卡已注销" in words(revoked)
        assert "已注销" in words(revoked)


def test_the_code_is_drawn_as_squares_alone() -> None:
    """Goal: nothing of the code's text in the picture. Method: draw one, look at its markup."""
    drawn = qr_svg("eyJhbGciOiJFZERTQSJ9.eyJqdGkiOiIifQ.c2lnbmF0dXJl")
    assert drawn.startswith("<svg")
    assert set(re.findall(r"<(\w+)", drawn)) <= {"svg", "g", "path"}
    assert "eyJ" not in drawn


async def test_a_township_sees_its_own_people(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: a township's desk finds and opens its own. Method: another township's person."""
    await office.register(PATIENT)
    whose = await person_id(office, PATIENT)
    async with screen(
        identity, tmp_path, *ALL, name="town", organisation="township:永和镇"
    ) as town:
        assert "没有相符" in words(await town.post("/identity/persons", {"box": PATIENT.number}))
        page = await town.get(f"/identity/persons/{whose}")
        assert page.status_code == 404
        assert "您无权查看" in words(page)
