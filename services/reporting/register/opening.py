"""Items that open by themselves: a month's red lights, and the tasks of a reform document."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.reporting.figures.service import read_period
from services.reporting.indicators.service import figures_of, figures_of_places
from services.reporting.register import repository
from services.reporting.register.domain import Item, RedLight, red_lights
from services.reporting.register.problems import ItemUnreadable, TaskListUnknown, deadline_fault
from services.reporting.register.service import Wanted, add_item, led_by
from services.reporting.register.steps import taken
from services.reporting.register.tasks import TaskList, task_lists
from shared.clock import business_date
from shared.content import read_yaml
from shared.db.session import WriteSession
from shared.events.catalog import TargetMissed
from shared.http.problem import FieldFault
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.figures import percent

_DIRECTIONS = {"at_most": "≤", "at_least": "≥", "about": "约"}


class _Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: str
    days: int | None = Field(default=None, ge=1)


class _Rules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    default: _Rule
    indicators: dict[str, _Rule]


@cache
def _rules() -> _Rules:
    file = Path(__file__).with_name("data") / "red_lights.yaml"
    return _Rules.model_validate(read_yaml(file.read_text(encoding="utf-8")))


def owner_of(indicator: str) -> tuple[str, int]:
    """Whose red light it is, and how many days he has."""
    rules = _rules()
    rule = rules.indicators.get(indicator, rules.default)
    return rule.owner, rule.days or rules.default.days or 30


async def open_red_lights(
    session: WriteSession, context: ServiceContext, caller: Principal, month: str
) -> tuple[list[Item], list[Item]]:
    """Look at a month's figures as they stand now, and open what is red.

    Raises:
        PeriodUnreadable: the month cannot be read.
        ItemUnreadable: the month is not over.
    """
    period = read_period(month)
    if period.end is None or period.end > business_date(context.clock.now()):
        raise ItemUnreadable(
            "wait until the month is over",
            errors=[
                FieldFault(
                    "month",
                    "month_not_over",
                    "write a month that is over, such as 2016-05",
                    "请填写已结束的月份，如 2016-05",
                )
            ],
        )
    county = await figures_of(session, context, area=None, period=month)
    names = [each.name_zh for each in context.region.townships]
    figures = await figures_of_places(session, context, by="township", places=names, period=month)
    townships = [
        {
            "area": name,
            "name_zh": name,
            "indicators": {each.code: each.model_dump(mode="json") for each in figures[name]},
        }
        for name in names
    ]
    told = [each.model_dump(mode="json") for each in county]
    lights = red_lights(month, told, townships, context.region.name_zh)
    return await keep_red_lights(session, context, caller, lights)


async def open_red_lights_of(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    month: str,
    figures: dict[str, Any],
) -> tuple[list[Item], list[Item]]:
    """The same from the figures of a month that is being signed."""
    lights = red_lights(month, figures["indicators"], figures["townships"], context.region.name_zh)
    return await keep_red_lights(session, context, caller, lights)


async def keep_red_lights(
    session: WriteSession, context: ServiceContext, caller: Principal, lights: list[RedLight]
) -> tuple[list[Item], list[Item]]:
    """Items that were opened, and open ones that another month of red was added to.

    A month that an item has noted, be it closed since, changes nothing.
    """
    region, today = context.region.region_code, business_date(context.clock.now())
    await repository.hold_numbers(session, region)
    opened, noted = [], []
    for light in lights:
        subject = f"indicator/{light.indicator}/{light.area}"
        item = await repository.live_about(session, region, subject)
        if item is None:
            ended = await repository.ended_about(session, region, subject)
            if any(light.month in months_of(each) for each in ended):
                continue
            owner, days = owner_of(light.indicator)
            wanted = Wanted(
                kind="red_light",
                title=f"{light.area_zh}{light.name_zh}未达标({light.month})"[:120],
                problem=_told(light)[:1000],
                responsible=led_by("single", [owner], []),
                deadline=today + timedelta(days=days),
                area=light.area,
                citation=light.citation,
                source=_source(light),
                subject=subject,
            )
            opened.append(await add_item(session, context, caller, wanted))
            await _tell_missed(session, context, light, opened[-1])
        elif light.month not in months_of(item):
            noted.append(
                await taken(
                    session, context, caller, item, "still_red",
                    note=_told(light)[:1000], detail=_source(light),
                )
            )  # fmt: skip
            await _tell_missed(session, context, light, noted[-1])
    return opened, noted


async def _tell_missed(
    session: WriteSession, context: ServiceContext, light: RedLight, item: Item
) -> None:
    await outbox.record(
        session,
        TargetMissed(
            indicator=light.indicator,
            area=light.area,
            month=light.month,
            numerator=str(light.numerator),
            denominator=str(light.denominator),
            value=light.value,
            target=light.target,
            within=light.within,
            citation=light.citation,
            register_item=item.number,
        ),
        subject=str(item.id),
        sequence=item.version,
        occurred_at=context.clock.now(),
    )


def months_of(item: Item) -> set[str]:
    """The months whose red light an item has noted."""
    return {
        str(each["month"])
        for each in (item.source, *(step.detail for step in item.steps))
        if each.get("month")
    }


def _told(light: RedLight) -> str:
    target = "—"
    if light.target is not None:
        target = f"{_DIRECTIONS.get(str(light.direction), '')}{_value(light.target, light.unit)}"
    told = (
        f"{light.month} {light.name_zh} {_value(light.value, light.unit)}，目标 {target}"
        f"(分子 {light.numerator}，分母 {light.denominator})。"
    )
    return f"{told}未达标乡镇：{'、'.join(light.within)}。" if light.within else told


def _value(value: str | None, unit: str) -> str:
    if value is None:
        return "—"
    if unit in {"money", "count"}:
        return f"{percent(value)}%"
    return f"{value}/10万" if unit == "per_100k" else value


def _source(light: RedLight) -> dict[str, Any]:
    return {
        "indicator": light.indicator,
        "month": light.month,
        "numerator": light.numerator,
        "denominator": light.denominator,
        "value": light.value,
        "target": light.target,
        "within": list(light.within),
    }


def list_of(code: str) -> TaskList:
    """A list of reform tasks.

    Raises:
        TaskListUnknown: with the codes that there are.
    """
    try:
        return task_lists()[code]
    except KeyError:
        raise TaskListUnknown(f"lists are: {', '.join(task_lists())}") from None


async def load_tasks(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    code: str,
    deadline: date | None,
) -> tuple[list[Item], int]:
    """Open an item for each task of a list; a task that was loaded before is left as it is.

    Gives the items opened, and how many there were already.

    Raises:
        TaskListUnknown.
        ItemUnreadable: neither the document nor the caller names a deadline.
    """
    tasks = list_of(code)
    due = deadline or tasks.deadline
    if due is None:
        raise ItemUnreadable(
            "the document sets no deadline",
            errors=[
                FieldFault(
                    "deadline",
                    "missing",
                    "the document sets none: name the tasks' deadline",
                    "文件未规定时限，请填写办理时限",
                )
            ],
        )
    if due < tasks.issued_on:
        raise ItemUnreadable("the deadline is past", errors=[deadline_fault()])
    region = context.region.region_code
    await repository.hold_numbers(session, region)
    prefix = f"{code}/"
    known = await repository.subjects(session, region, prefix)
    opened = []
    for task in tasks.tasks:
        subject = f"{prefix}{task.no}"
        if subject in known:
            continue
        opened.append(
            await add_item(
                session,
                context,
                caller,
                Wanted(
                    kind="reform_task",
                    title=task.title,
                    problem=task.note,
                    responsible=task.responsible,
                    deadline=due,
                    citation=tasks.citation,
                    source={
                        "task_list": code,
                        "task_no": task.no,
                        "group": task.group,
                        **({"paper": task.paper.model_dump()} if task.paper else {}),
                    },
                    file_required=task.paper is not None,
                    subject=subject,
                ),
            )
        )
    return opened, len(tasks.tasks) - len(opened)
