"""``/identity/reviews``: side by side, decided, told to the next."""

from __future__ import annotations

import re
from pathlib import Path

from tests.integration.identity.desk import doubt, person_id
from tests.integration.identity.office import Office
from tests.support.browsing import assert_private, screen, words
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import Running

DOUBTFUL = {"name": "测试佳", "birth_date": "1962-03-05"}


async def test_both_records_stand_side_by_side_masked(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: a reviewer compares and learns nothing. Method: one doubt, looked at."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    await doubt(office, {**DOUBTFUL, "phone": "10000000001"}, [whose])
    async with screen(identity, tmp_path, "identity:review") as reviewer:
        page = await reviewer.get("/identity/reviews")
    said = words(page)
    assert page.status_code == 200
    for part in ("测*佳", "测*甲", "窗口所填", "登记册", "5199**********0119", "待复核 1 件"):
        assert part in said, part
    assert PATIENT.number not in page.text
    assert "测试甲" not in page.text
    assert_private(page, "测试", PATIENT.number)


async def test_same_person_is_kept_and_the_next_comes(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: one key after the other. Method: two doubts; say same, follow, say different."""
    await office.register(PATIENT, NEIGHBOUR)
    whose, other = await person_id(office, PATIENT), await person_id(office, NEIGHBOUR)
    _, first = await doubt(office, DOUBTFUL, [whose], visit_no="ZY-1")
    _, second = await doubt(
        office, {"name": "测试一", "birth_date": "1970-08-10"}, [other], visit_no="ZY-2"
    )
    async with screen(identity, tmp_path, "identity:review", name="fang") as reviewer:
        sent = await reviewer.post(
            f"/identity/reviews/{first}",
            {
                "decision": "same_person",
                "person_id": whose,
                "note": "电话核实",
                "next": str(second),
            },
        )
        assert sent.headers["location"] == f"/identity/reviews/{second}?done=same_person"
        following = await reviewer.follow(sent)
        assert "已记录：是同一人" in words(following)
        sent = await reviewer.post(f"/identity/reviews/{second}", {"decision": "different_person"})
        assert "没有待复核的识别" in words(await reviewer.follow(sent))
        decided = words(await reviewer.get("/identity/reviews", status="decided"))
        assert "测试fang" in decided
        assert "不是同一人" in decided
        figures = words(await reviewer.get("/identity/reviews/figures"))
        assert "2016-07" in figures
        assert "1/2" in figures
    revised = await office.events("recognition.revised.v1")
    assert revised[0]["payload"]["to_person_id"] == whose


async def test_of_several_candidates_one_must_be_chosen(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: no candidate by accident. Method: "same" without a choice, then with one."""
    await office.register(PATIENT, NEIGHBOUR)
    whose, other = await person_id(office, PATIENT), await person_id(office, NEIGHBOUR)
    _, review = await doubt(office, DOUBTFUL, [whose, other])
    async with screen(identity, tmp_path, "identity:review") as reviewer:
        page = await reviewer.get(f"/identity/reviews/{review}")
        assert re.findall(r'type="radio" name="person_id" value="([^"]+)"', page.text) == [
            whose,
            other,
        ]
        told = await reviewer.post(
            f"/identity/reviews/{review}", {"decision": "same_person", "note": "问过家属"}
        )
        assert told.status_code == 422
        assert "请先选定是哪一位候选人员" in words(told)
        assert "问过家属" in told.text  # what was typed stays
        sent = await reviewer.post(
            f"/identity/reviews/{review}", {"decision": "same_person", "person_id": other}
        )
        assert sent.status_code == 303


async def test_a_decided_review_is_told_as_such(
    office: Office, identity: Running, tmp_path: Path
) -> None:
    """Goal: two reviewers at one case do no harm. Method: decide it twice."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    _, review = await doubt(office, DOUBTFUL, [whose])
    form = {"decision": "same_person", "person_id": whose}
    async with (
        screen(identity, tmp_path, "identity:review", name="one") as one,
        screen(identity, tmp_path, "identity:review", name="two") as two,
    ):
        assert (await one.post(f"/identity/reviews/{review}", form)).status_code == 303
        late = await two.post(f"/identity/reviews/{review}", form)
    assert late.status_code == 409
    assert "此复核此前已有结论" in words(late)


async def test_an_unknown_review_is_a_page(identity: Running, tmp_path: Path) -> None:
    """Goal: no JSON before a person's eyes. Method: an id that is nobody's."""
    async with screen(identity, tmp_path, "identity:review") as reviewer:
        page = await reviewer.get("/identity/reviews/019a0000-0000-7000-8000-00000000000a")
    assert page.status_code == 404
    assert "没有此复核任务" in words(page)
    assert page.headers["content-type"].startswith("text/html")
