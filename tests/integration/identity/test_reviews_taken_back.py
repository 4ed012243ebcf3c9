"""Wrong outcomes of reviews are taken back: what they taught goes, what they changed is told anew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.identity.settings import IdentitySettings
from tests.integration.identity.desk import (
    RIGHTS,
    decide,
    doubt,
    person_id,
    signed_in,
    township,
)
from tests.integration.identity.office import Office
from tests.support.browsing import assert_private, screen, words
from tests.support.people import NEIGHBOUR, PATIENT
from tests.support.service import Running

MARRIED = {"id_number": PATIENT.number, "name": "王小花"}
WHY = "家属到场说明并非本人"
REVISED = "recognition.revised.v1"


@pytest.fixture(autouse=True)
def settings(identity: Running) -> IdentitySettings:
    """One word decides; no probable is drawn by chance."""
    found = IdentitySettings(double_review_share=0.0, probable_sample_share=0.0)
    identity.context.state["identity.settings"] = found
    return found


async def take_back(
    office: Office, review_id: str | None, reason: str = WHY, *, who: str | None = None
) -> httpx.Response:
    return await office.http.post(
        f"/identity/v1/reviews/{review_id}/withdrawal",
        json={"reason": reason},
        headers=signed_in(office, who) if who else None,
    )


async def standing(office: Office) -> dict[str, tuple[str, str | None]]:
    """What was last told of each visit."""
    told = {
        e["payload"]["visit_no"]: (e["payload"]["grade"], e["payload"]["person_id"])
        for e in await office.events("recognition.made.v1")
    }
    for event in await office.events(REVISED):
        said = event["payload"]
        told[said["visit_no"]] = (said["to_grade"], said["to_person_id"])
    return told


async def open_reviews(office: Office) -> list[dict[str, Any]]:
    answer = await office.http.get("/identity/v1/reviews")
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def aliases(office: Office) -> list[dict[str, Any]]:
    return await office.service.rows("SELECT person_id, kind FROM person_aliases")


async def test_a_wrong_same_person_is_undone_to_its_last_consequence(office: Office) -> None:
    """Goal: nobody is told as the patient on a word that was wrong.

    Method: another name is taken for the patient; the same question and another one are answered
    by that; a sound recognition beside them; taken back; the window asks; decided anew.
    """
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    first = await office.recognise(MARRIED)
    await decide(office, first["review_id"], "same_person")
    await office.recognise(MARRIED, visit_no="ZY-2")
    by_name = {"name": MARRIED["name"], "birth_date": "1962-03-04", "address": "金河镇测试村"}
    await office.recognise(by_name, visit_no="ZY-3")
    himself = {"id_number": PATIENT.number, "name": PATIENT.name}
    await office.recognise(himself, visit_no="ZY-4")
    before = await standing(office)
    assert {person for _, person in before.values()} == {whose}
    assert await aliases(office)

    answer = await take_back(office, first["review_id"])
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["status"], said["aliases_removed"], said["recognitions_revised"]) == (
        "withdrawn", 1, 3,
    )  # fmt: skip
    assert await aliases(office) == []
    now = await standing(office)
    assert now == dict.fromkeys(("ZY-1", "ZY-2", "ZY-3"), ("possible", None)) | {
        "ZY-4": ("certain", whose)
    }
    last = (await office.events(REVISED))[-1]["payload"]
    assert last["entitlements"] == dict.fromkeys(RIGHTS, False)
    waiting = {item["review_id"] for item in await open_reviews(office)}
    assert said["reopened_as"] in waiting

    again = await office.recognise(MARRIED, visit_no="ZY-5")
    assert (again["grade"], again["review_id"]) == ("possible", said["reopened_as"])
    await decide(office, said["reopened_as"], "different_person")
    assert (await standing(office))["ZY-1"] == ("none", None)
    kept = (await office.http.get(f"/identity/v1/reviews/{first['review_id']}")).json()
    assert (kept["status"], kept["outcome"]) == ("decided", "same_person")
    assert kept["reopened_as"] == said["reopened_as"]
    assert [each["reason"] for each in kept["withdrawals"]] == [WHY]
    figures = (await office.http.get("/identity/v1/reviews/figures")).json()["items"]
    assert sum(month["decided"] for month in figures) == 1


async def test_a_wrong_different_person_is_asked_again(office: Office) -> None:
    """Goal: a family is not shut out by a slip of the key. Method: dismissed; taken back; said to
    be the same; the window knows him."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    first = await office.recognise(MARRIED)
    await decide(office, first["review_id"], "different_person")
    unknown = await office.recognise(MARRIED, visit_no="ZY-2")
    assert unknown["review_id"] is None
    said = (await take_back(office, first["review_id"])).json()
    assert (await standing(office))["ZY-1"] == ("possible", None)
    (item,) = await open_reviews(office)
    assert item["review_id"] == said["reopened_as"]
    assert item["reasons"][0]["code"] == "taken_back"
    assert [each["person_id"] for each in item["candidates"]] == [whose]
    await decide(office, said["reopened_as"], "same_person")
    assert (await standing(office))["ZY-1"] == ("certain", whose)
    assert (await office.recognise(MARRIED, visit_no="ZY-3"))["person_id"] == whose


async def test_what_two_decided_two_take_back(office: Office, settings: IdentitySettings) -> None:
    """Goal: nobody alone overturns two. Method: double review; one asks, asks again, another."""
    settings.double_review_share = 1.0
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    _, review_id = await doubt(office, MARRIED, [whose])
    for who in ("fang", "li"):
        await decide(office, review_id, "same_person", who=who)
    one = await take_back(office, review_id, who="fang")
    assert (one.json()["status"], one.json()["reopened_as"]) == ("second", None)
    assert len(await aliases(office)) == 1
    same = await take_back(office, review_id, who="fang")
    assert (same.status_code, same.json()["code"]) == (409, "you_asked_already")
    other = await take_back(office, review_id, who="wang")
    assert other.json()["status"] == "withdrawn"
    assert await aliases(office) == []
    (item,) = await open_reviews(office)
    assert (item["review_id"], item["double"]) == (other.json()["reopened_as"], True)


async def test_what_another_outcome_taught_too_stays(office: Office) -> None:
    """Goal: only the wrong word is forgotten. Method: two questions teach one name; the first is
    taken back."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    _, first = await doubt(office, MARRIED, [whose])
    _, second = await doubt(
        office, {"name": "王小花", "birth_date": "1962-03-04"}, [whose], visit_no="ZY-2"
    )
    await decide(office, first, "same_person")
    await decide(office, second, "same_person")
    await take_back(office, first)
    assert [row["kind"] for row in await aliases(office)] == ["name"]
    (revised,) = [
        e["payload"] for e in await office.events(REVISED) if not e["payload"]["to_person_id"]
    ]
    assert revised["visit_no"] == "ZY-1"


async def test_refusals_name_the_cure(office: Office) -> None:
    """Goal: nothing happens by mistake. Method: each wrong call; nothing is revised by any."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    _, review_id = await doubt(office, MARRIED, [whose])
    early = await take_back(office, review_id)
    assert (early.status_code, early.json()["code"]) == (409, "review_not_decided")
    await decide(office, review_id, "same_person")
    short = await take_back(office, review_id, " 错 ")
    assert (short.status_code, short.json()["code"]) == (422, "reason_missing")
    assert short.json()["errors"][0]["field"] == "reason"
    async with township(office, "永和镇") as others:
        path = f"/identity/v1/reviews/{review_id}/withdrawal"
        foreign = await others.post(path, json={"reason": WHY})
    assert (foreign.status_code, foreign.json()["code"]) == (404, "review_unknown")
    assert len(await office.events(REVISED)) == 1
    done = await take_back(office, review_id)
    twice = await take_back(office, review_id)
    assert (twice.status_code, twice.json()["code"]) == (409, "review_withdrawn_already")
    assert twice.json()["reopened_as"] == done.json()["reopened_as"]


async def test_two_at_once_take_it_back_once(office: Office) -> None:
    """Goal: one effect. Method: two clerks at the same moment, while the window asks."""
    await office.register(PATIENT, NEIGHBOUR)
    first = await office.recognise(MARRIED)
    await decide(office, first["review_id"], "same_person")
    one, two, _ = await asyncio.gather(
        take_back(office, first["review_id"], who="fang"),
        take_back(office, first["review_id"], who="li"),
        office.recognise(MARRIED, visit_no="ZY-2"),
    )
    assert sorted((one.status_code, two.status_code)) == [200, 409]
    assert {person for _, person in (await standing(office)).values()} == {None}
    assert len(await open_reviews(office)) == 1


async def test_on_the_screen(office: Office, identity: Running, tmp_path: Path) -> None:
    """Goal: a reviewer does it himself. Method: decided list; without a reason; with one."""
    await office.register(PATIENT, NEIGHBOUR)
    whose = await person_id(office, PATIENT)
    _, review_id = await doubt(office, MARRIED, [whose])
    await decide(office, review_id, "same_person")
    async with screen(identity, tmp_path, "identity:review") as reviewer:
        path = f"/identity/reviews/{review_id}"
        shown = words(await reviewer.get(path, status="decided"))
        assert "收回结论" in shown
        blank = await reviewer.post(f"{path}/withdrawal", {"reason": "错"})
        assert (blank.status_code, "请至少用四个字说明原因" in words(blank)) == (422, True)
        sent = await reviewer.post(f"{path}/withdrawal", {"reason": WHY})
        again = await reviewer.follow(sent)
        assert "结论已收回" in words(again)
        assert "此前的复核结论已收回" in words(again)
        old = await reviewer.get(path, status="decided")
        assert WHY in words(old)
        assert "查看重新提出的复核" in words(old)
        assert_private(old, WHY)
