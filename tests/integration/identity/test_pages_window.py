"""The window ``/identity/``: one box, an answer in words, nothing in an address."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.identity.office import HOSPITAL, Office
from tests.support.browsing import assert_private, screen, values, words
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import Running


async def test_only_who_may_recognise_sees_the_window(identity: Running, tmp_path: Path) -> None:
    """Goal: the screen is for its people. Method: nobody, a reviewer, and a form without token."""
    async with screen(identity, tmp_path, "identity:review", name="reviewer") as reviewer:
        assert (await reviewer.get("/identity/")).status_code == 403
        nobody = await reviewer.http.get("/identity/")
        assert nobody.status_code == 303
        assert nobody.headers["location"] == "/signin?next=/identity/"
    async with screen(identity, tmp_path, "identity:recognise", name="window") as window:
        assert (await window.get("/identity/")).status_code == 200
        forged = await window.post("/identity/", {"box": PATIENT.number}, token=False)
        assert forged.status_code == 403


async def test_the_institution_is_chosen_once_and_kept(identity: Running, tmp_path: Path) -> None:
    """Goal: a clerk chooses once. Method: choose, then open the window again; one that the region
    does not know is refused."""
    async with screen(identity, tmp_path, "identity:recognise") as window:
        first = await window.get("/identity/")
        assert 'name="choose"' in first.text
        assert 'name="box"' not in first.text
        unknown = await window.post("/identity/", {"choose": "H00000000000"})
        assert unknown.status_code == 422
        chosen = await window.post("/identity/", {"choose": HOSPITAL})
        assert 'name="box"' in chosen.text
        kept = chosen.headers["set-cookie"]
        assert "HttpOnly" in kept
        assert "SameSite=strict" in kept
        cookie = window.who.cookie["cookie"] + f"; yizhan_window={HOSPITAL}"
        again = await window.http.get("/identity/", headers={"cookie": cookie})
        assert 'name="box"' in again.text


async def test_a_hospital_needs_not_choose(identity: Running, tmp_path: Path) -> None:
    """Goal: an account of one institution works at once, and only there. Method: its window, and
    the same form with another institution's code."""
    async with screen(
        identity, tmp_path, "identity:recognise", organisation=f"facility:{HOSPITAL}"
    ) as window:
        assert 'name="box"' in (await window.get("/identity/")).text
        answer = await window.post(
            "/identity/", {"box": NEIGHBOUR.number, "facility": "H51111300102"}
        )
        assert values(answer, "facility")[0] == HOSPITAL


async def test_a_number_is_answered_with_what_to_collect(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: the clerk reads who, how sure, what is free. Method: a registered number."""
    await office.register(PATIENT, NEIGHBOUR)
    async with screen(identity, tmp_path, "identity:recognise") as window:
        answer = await window.post("/identity/", {"box": PATIENT.number, "facility": HOSPITAL})
    said = words(answer)
    assert answer.status_code == 200
    for part in ("确认", "测*甲", "建档立卡", "免押金", "0 元", "最终结论", "证件号码:一致"):
        assert part in said, part
    assert "测试甲" not in answer.text
    assert f'name="box" value="{PATIENT.number}"' in answer.text  # stays, to be typed over
    assert_private(answer, PATIENT.number, "测试甲")
    (made,) = await office.events("recognition.made.v1")
    assert made["payload"]["facility_code"] == HOSPITAL
    assert made["payload"]["visit_type"] == "outpatient"
    assert made["payload"]["visit_no"].startswith("MZ20160710-100000-")


async def test_name_and_birth_date_in_any_writing(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: a clerk types as he likes. Method: one patient in several writings."""
    await office.register(PATIENT, NEIGHBOUR)
    async with screen(identity, tmp_path, "identity:recognise") as window:
        for typed in (
            "测试甲 1962-03-04",
            "测试甲1962年3月4日",
            "1962.3.4,测试甲",
            "姓名:测试甲 19620304",
        ):
            answer = await window.post("/identity/", {"box": typed, "facility": HOSPITAL})
            assert "测*甲" in words(answer), typed
            assert "基本确认" in words(answer), typed
            assert_private(answer, "测试甲", "1962")


async def test_a_doubt_says_what_to_do_and_is_asked_again_with_the_village(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: ``possible`` leads on. Method: two people of one name and birth date; then the village
    through the second form, which keeps the visit."""
    twin = PATIENT.but(sequence=15, household="H0009", village="新河村")
    await office.register(PATIENT, twin, NEIGHBOUR)
    async with screen(identity, tmp_path, "identity:recognise") as window:
        doubt = await window.post("/identity/", {"box": "测试甲 1962-03-04", "facility": HOSPITAL})
        said = words(doubt)
        assert "存疑" in said
        assert "请患者出示证件" in said
        assert "复核号" in said
        assert "测*甲" not in said
        assert "免押金:" not in said
        (visit_no,) = [v for v in values(doubt, "visit_no") if v]
        again = await window.post(
            "/identity/",
            {
                "box": "测试甲 1962-03-04",
                "facility": HOSPITAL,
                "visit_no": visit_no,
                "village": "新河村",
            },
        )
    assert "基本确认" in words(again)
    made = await office.events("recognition.made.v1")
    assert [one["payload"]["visit_no"] for one in made] == [visit_no, visit_no]


async def test_nobody_is_told_with_the_next_step(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: ``none`` leads on too. Method: a name that is not on the register."""
    await office.register(PATIENT)
    async with screen(identity, tmp_path, "identity:recognise") as window:
        answer = await window.post(
            "/identity/", {"box": "欧阳不在 1950-01-01", "facility": HOSPITAL}
        )
    said = words(answer)
    assert "未查到" in said
    assert "按普通患者办理" in said
    assert "POST /claims/v1/encounters" in said


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "请输入证件号码"),
        ("测试甲 1962-02-30", "出生日期无法读取"),
        ("51990119620304011", "18位"),
        ("测试甲", "姓名和出生日期"),
    ],
)
async def test_a_fault_stands_beside_the_box_and_the_text_stays(
    identity: Running, tmp_path: Path, typed: str, said: str
) -> None:
    """Goal: errors are told where they are, and nothing is typed twice. Method: faulty boxes."""
    async with screen(identity, tmp_path, "identity:recognise") as window:
        answer = await window.post(
            "/identity/", {"box": typed, "facility": HOSPITAL, "type": "inpatient"}
        )
    assert answer.status_code == 422
    assert 'id="box-fault"' in answer.text
    assert said in words(answer)
    assert f'value="{typed}"' in answer.text
    assert '<option value="inpatient" selected>' in answer.text
    assert_private(answer, *([typed] if typed else []))


async def test_english_is_a_switch(office: Office, identity: Running, tmp_path: Path) -> None:
    """Goal: every word has its English. Method: the answer in English."""
    await office.register(PATIENT)
    async with screen(identity, tmp_path, "identity:recognise") as window:
        answer = await window.post(
            "/identity/?lang=en", {"box": PATIENT.number, "facility": HOSPITAL}
        )
    said = words(answer)
    for part in ("Certain", "No deposit", "Registered poor", "Final", "the ID number agrees"):
        assert part in said, part
