"""What the screens put together by themselves: the way through the villages, the drawing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from services.contracts.follow_up.schemas import TaskAnswer
from services.contracts.screens.charts import Line, drawn, lines_of
from services.contracts.screens.today import way

DAY = date(2016, 3, 20)


def task(
    number: int, village: str, household: str | None, due: date, priority: int = 40
) -> TaskAnswer:
    return TaskAnswer(
        task_id=str(number), rule="post_discharge_follow_up", title_zh="随访", title="Visit",
        person_id=f"P{number}", team="T", township="金河镇", village=village, due_on=due,
        status="open", state="ready", overdue=due < DAY, priority=priority, opens_on=due,
        closes_on=None, programme=None, rule_version=1, citation="LP-33", household_id=household,
        outcome=None, encounter_id="E", facility_code=None, discharged_on=None,
    )  # fmt: skip


def test_the_way_leads_first_where_something_is_overdue() -> None:
    """Goal: overdue first among villages, households and tasks, one household one stop. Method: two
    villages, a household of two, a person whose household nobody knows."""
    tasks = [
        task(1, "安村", "H1", date(2016, 3, 25), priority=10),
        task(2, "曙光村", "H2", date(2016, 3, 25)),
        task(3, "曙光村", None, date(2016, 3, 21), priority=10),
        task(4, "曙光村", "H2", date(2016, 3, 15)),
    ]
    first, second = way(tasks, {"P4": "测*丁"}, DAY)
    assert (first["village"], second["village"]) == ("曙光村", "安村")
    assert (first["tasks"], first["overdue"]) == (3, 1)
    assert [[one["task_id"] for one in home] for home in first["households"]] == [["4", "2"], ["3"]]
    (late, _), _ = first["households"]
    assert (late["name"], late["days"], late["overdue"]) == ("测*丁", 5, True)


def test_a_drawing_needs_two_points_and_knows_the_limit_of_an_age() -> None:
    """Goal: the line that the standard draws, higher for the elderly; nothing drawn of one visit.
    Method: two visits above and below, of a person of 64 and of 65."""
    limits = {
        "sbp": Decimal(140),
        "sbp_elderly": Decimal(150),
        "elderly_age": Decimal(65),
        "dbp": Decimal(90),
    }
    younger = lines_of("hypertension", limits, birth_year=1952, on=DAY)
    elderly = lines_of("hypertension", limits, birth_year=1951, on=DAY)
    assert [line.limit for line in younger] == [140, 90]
    assert [line.limit for line in elderly] == [150, 90]
    visits = [(date(2016, 1, 1), {"sbp": 150, "dbp": 80}), (date(2016, 3, 1), {"sbp": 136})]
    assert drawn(elderly, visits[:1]) is None
    again = [(DAY, {"sbp": 160, "dbp": 90}), (DAY, {"sbp": 150})]
    assert drawn(elderly, again) is None
    measured_twice = drawn(elderly, [*visits[:1], *again])["series"]
    assert [[p["value"] for p in one["points"]] for one in measured_twice] == [
        ["150", "150"],
        ["80", "90"],
    ]
    drawing = drawn(elderly, visits)
    systolic, diastolic = drawing["series"]
    assert systolic["limit"] == "150"
    assert [point["beyond"] for point in systolic["points"]] == [True, False]
    assert systolic["points"][0]["y"] < systolic["points"][1]["y"]
    assert len(diastolic["points"]) == 1
    assert drawn([Line("risk")], visits) is None
