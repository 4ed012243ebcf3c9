"""The register's rules: who leads, when a cause is due, who closes; the documents' tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.reporting.register import domain, tasks
from services.reporting.register.domain import (
    CauseMissing,
    EvidenceMissing,
    Item,
    LeadMissing,
    LeadModeWrong,
    SamePersonTwice,
    Step,
    StepName,
    StepNotAllowed,
    assign,
    red_lights,
)
from shared.ids import new_id
from shared.security.free_text import HoldsIdentifier, without_identifiers

DAY = date(2020, 12, 31)
AT = datetime(2020, 12, 1, tzinfo=UTC)


def step(name: StepName, by: str) -> Step:
    return Step(name, AT, by, None, {})


ITEM = Item(
    id=new_id(), region="511113", number="511113-T2020-000001", kind="manual", title="补配村医",
    problem=None, area="county", township=None, responsible=assign("single", ["卫生健康局"]),
    opened_on=date(2020, 11, 1), deadline=DAY, first_deadline=DAY, status="open", cause=None,
    measures=None, source={}, citation=None, closed_on=None, version=1, told_overdue=None,
    steps=(step("open", "a"),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "departments", "leads", "co"),
    [
        ("single", ["卫生健康委"], 1, 0),
        # Kaizhou's tasks 11 (分别负责, KZ-04) and 15 (排在第一位的牵头, KZ-05).
        ("each_leads", ["卫生健康委", "医保局"], 2, 0),
        ("first_leads", ["医保局", "卫生健康委"], 1, 1),
    ],
)
def test_who_leads(mode: Any, departments: list[str], leads: int, co: int) -> None:
    """Goal: the document's word decides who answers. Method: one task of each mode."""
    found = assign(mode, departments)
    assert (len(found.leads), len(found.co_responsible)) == (leads, co)
    assert [*found.leads, *found.co_responsible] == departments


@pytest.mark.parametrize("mode", ["single", "each_leads", "first_leads"])
def test_a_task_without_a_lead_is_none(mode: Any) -> None:
    """Goal: KZ-02, every task has somebody. Method: no department, a blank one."""
    for departments in ([], [" "]):
        with pytest.raises(LeadMissing):
            assign(mode, departments)
    with pytest.raises(LeadModeWrong):
        assign("each_leads", ["医保局", "医保局"])
    with pytest.raises(LeadModeWrong):
        assign("single", ["医保局", "财政局"])


def test_the_documents_tasks_pass_their_check_sums() -> None:
    """Goal: 26 tasks (7 single, 14 each, 5 first) and 22 (leads 3, 15, 1, 3), as the documents
    have them. Method: count what was loaded, without the file's own sums."""
    kaizhou = tasks.task_lists()["tasks-kaizhou-2020"]
    modes = [task.responsible.mode for task in kaizhou.tasks]
    assert (len(modes), modes.count("single"), modes.count("each_leads")) == (26, 7, 14)
    assert modes.count("first_leads") == 5
    assert kaizhou.tasks[10].responsible.leads == ("卫生健康委", "医保局")
    assert kaizhou.tasks[14].responsible.leads == ("医保局",)
    assert kaizhou.tasks[14].responsible.co_responsible == ("卫生健康委",)
    assert len({task.group for task in kaizhou.tasks}) == 6
    assert kaizhou.deadline == DAY

    shijiazhuang = tasks.task_lists()["tasks-shijiazhuang-2023"]
    leads = [task.responsible.leads[0] for task in shijiazhuang.tasks]
    counted = {name: leads.count(name) for name in set(leads)}
    assert counted == {
        "各县(市、区)政府": 3, "卫生健康部门": 15, "医保部门": 1, "市卫健委": 3,
    }  # fmt: skip
    assert len(leads) == 22
    assert all(len(task.responsible.leads) == 1 for task in shijiazhuang.tasks)


def test_a_task_that_asks_for_a_paper_says_which() -> None:
    """Goal: a file is demanded where a document asks for a paper, and only there. Method: the four
    tasks by hand, each with the rule that asks."""
    asked = {
        (code, task.no): task.paper.citation.split()[-1].partition("「")[0]
        for code, each in tasks.task_lists().items()
        for task in each.tasks
        if task.paper
    }
    assert asked == {
        ("tasks-kaizhou-2020", 4): "KZ-24",
        ("tasks-kaizhou-2020", 19): "KZ-26",
        ("tasks-shijiazhuang-2023", 1): "SJ-40",
        ("tasks-shijiazhuang-2023", 12): "SJ-26",
    }


def test_a_changed_list_is_found() -> None:
    """Goal: a slip in the file does not go unnoticed. Method: drop a task, change a mode."""
    text = (tasks.FOLDER / "tasks-kaizhou-2020.yaml").read_text(encoding="utf-8")
    shorter = text[: text.index("  - { number: 26")]
    with pytest.raises(tasks.TaskListWrong, match="25 tasks"):
        tasks.read("x", shorter)
    with pytest.raises(tasks.TaskListWrong, match="modes"):
        tasks.read("x", text.replace("mode: single", "mode: each_leads", 1))


def test_a_late_item_needs_its_cause() -> None:
    """Goal: KZ-23. Method: on the deadline, the day after, with a cause given or on record."""
    ITEM.check_cause(DAY)
    late = date(2021, 1, 1)
    assert ITEM.days_late(late) == 1
    with pytest.raises(CauseMissing):
        ITEM.check_cause(late)
    ITEM.check_cause(late, "两次招聘无人报名")
    replace(ITEM, cause="两次招聘无人报名").check_cause(late)
    # Closed in time, it is late on no later day.
    assert replace(ITEM, status="closed", closed_on=DAY).days_late(late) == 0


def test_another_person_closes_on_evidence() -> None:
    """Goal: 销号 takes evidence and a second person. Method: who opened, worked, submitted."""
    with pytest.raises(EvidenceMissing):
        ITEM.check_evidence()
    done = replace(ITEM, steps=(*ITEM.steps, step("evidence", "b"), step("submit", "c")))
    done.check_evidence()
    for worker in ("b", "c"):
        with pytest.raises(SamePersonTwice):
            done.check_closer(worker)
    done.check_closer("a")
    with pytest.raises(SamePersonTwice):
        done.check_withdrawer("a")
    done.check_withdrawer("b")


def test_closed_is_closed() -> None:
    """Goal: no step leads out of the end. Method: every step from every status."""
    allowed: dict[str, set[str]] = {}
    for status in ("open", "submitted", "closed", "withdrawn"):
        for name in ("update", "evidence", "still_red", "submit", "return", "close", "withdraw"):
            try:
                replace(ITEM, status=status).check(name)
            except StepNotAllowed:
                continue
            allowed.setdefault(status, set()).add(name)
    assert allowed.keys() == domain.LIVE
    assert "submit" not in allowed["submitted"]
    assert "return" not in allowed["open"]


def test_the_widest_red_place_opens_one_item() -> None:
    """Goal: a red county is one item that names its townships; a green county hides no red one.
    Method: an indicator missed by all, one missed by a township alone, one without a target."""

    def figure(code: str, status: str) -> dict[str, Any]:
        return {
            "code": code, "name_zh": code, "status": status, "numerator": "21.32",
            "denominator": "100.00", "value": "0.2132", "target": "0.10", "direction": "at_most",
            "citation": "JK-15", "unit": "money",
        }  # fmt: skip

    county = [figure("a", "missed"), figure("b", "met"), figure("c", "none")]
    towns = [
        {
            "area": name,
            "name_zh": name,
            "indicators": {code: figure(code, status) for code in "abc"},
        }
        for name, status in (("甲镇", "missed"), ("乙镇", "met"))
    ]
    found = red_lights("2016-05", county, towns, "某县")
    assert [(light.indicator, light.area, light.within) for light in found] == [
        ("a", "county", ("甲镇",)), ("b", "甲镇", ()), ("c", "甲镇", ()),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("患者511132196203014539已办", True), ("电话13800138000", True), ("永卫〔2016〕12号", False),
        ("金额 12345678.90 元", False), ("511132620301453", True), ("编号2016000000000000000001", False),
    ],
)  # fmt: skip
def test_no_number_of_a_person_in_a_text(text: str, *, refused: bool) -> None:
    """Goal: the register names nobody. Method: ID numbers, a phone, numbers of papers and money."""
    if not refused:
        assert without_identifiers(text) == text
        return
    with pytest.raises(HoldsIdentifier) as caught:
        without_identifiers(text)
    assert not any(ch.isdigit() for ch in str(caught.value))
