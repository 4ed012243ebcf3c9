"""Use cases of standards: record facts, judge a day, keep the map, open items for what fails."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from services.reporting.register import repository as register_rows
from services.reporting.register.access import county_only
from services.reporting.register.domain import Item
from services.reporting.register.service import Wanted, add_item, led_by
from services.reporting.standards import files, maps, repository
from services.reporting.standards.domain import RULES, Unit
from services.reporting.standards.facts import MODELS, Fact, Kind, county_of
from services.reporting.standards.judging import evaluate
from services.reporting.standards.problems import FactsRefused, MapMissing
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.faults import field_faults
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

CITATION = "梁平区 2019 · {rule}「三建好、三合格、三达标」"
_DAYS_TO_CURE = 90
"""Of an item that a failing unit opens; the document names no number, so it is assumed."""
_ROW = "row"


@dataclass(frozen=True)
class Verdict:
    """What became of a fact; ``number`` is its place in the list, or its row in the file."""

    number: int
    verdict: str
    fault: FieldFault | None = None


async def record(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kind: Kind,
    told: Sequence[tuple[int, Mapping[str, Any]]],
) -> list[Verdict]:
    """Keep facts of a kind; gives a verdict for each, in their order.

    What stands already is ``unchanged``; another telling of the same thing and first day takes its
    place, and the one before is kept. A rejected one changes nothing.
    """
    region, now = context.region.region_code, context.clock.now()
    await repository.hold(session, region)
    facilities = await repository.facility_townships(session, region)
    places = {each.facility_code: each.township for each in context.region.facilities}
    verdicts: dict[int, Verdict] = {}
    sound: dict[tuple[str, date], tuple[int, Fact, str | None]] = {}
    for number, values in told:
        try:
            fact = MODELS[kind].model_validate(dict(values))
        except ValidationError as invalid:
            verdicts[number] = Verdict(number, "rejected", field_faults(invalid.errors())[0])
            continue
        township, fault = _placed(caller, kind, fact, {**places, **facilities})
        at = (fact.key, fact.valid_from)
        if fault is None and at in sound:
            fault = FieldFault(
                _ROW,
                "told_twice",
                "the same thing is told twice of the same first day: keep one",
                "同一对象同一起始日期重复，请只保留一条",
            )
        if fault is not None:
            verdicts[number] = Verdict(number, "rejected", fault)
            continue
        sound[at] = (number, fact, township)
    standing = await repository.standing(session, region, kind, sorted({key for key, _ in sound}))
    rows, replaced = [], []
    for at, (number, fact, township) in sound.items():
        content = fact.model_dump(mode="json")
        before = standing.get(at)
        if before is not None and before["content"] == content:
            verdicts[number] = Verdict(number, "unchanged")
            continue
        if before is not None:
            replaced.append(before["fact_id"])
        verdicts[number] = Verdict(number, "accepted")
        rows.append(
            {
                "fact_id": new_id(),
                "region": region,
                "kind": kind,
                "key": fact.key,
                "valid_from": fact.valid_from,
                "township": township,
                "content": content,
                "recorded_at": now,
                "recorded_by": caller.client_id,
            }
        )
    await repository.replace(session, replaced, now)
    await repository.add(session, rows)
    return [verdicts[number] for number, _ in told]


def _placed(
    caller: Principal, kind: Kind, fact: Fact, facilities: Mapping[str, str | None]
) -> tuple[str | None, FieldFault | None]:
    """The township that a fact is of, and why the caller may not tell it."""
    if kind in {"departments", "staff"}:
        code = str(getattr(fact, "facility_code", ""))
        if code not in facilities:
            return None, FieldFault(
                "facility_code",
                "facility_unknown",
                "record the institution first",
                "没有该机构，请先登记机构",
            )
        township = facilities[code] or None
    else:
        township = getattr(fact, "township", None)
    own, _, name = caller.organisation.partition(":")
    if own == "region" or (own == "township" and township == name):
        return township, None
    return township, FieldFault(
        "township",
        "area_not_yours",
        "a township records its own places and institutions",
        "乡镇只能登记本乡镇的数据",
    )


async def record_all(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    told: Mapping[Kind, Sequence[Mapping[str, Any]]],
) -> dict[str, int]:
    """Keep facts of every kind, all or none; gives how many were new and how many stood.

    Raises:
        FactsRefused: with each fault, such as ``staff[3].qualification``.
    """
    counted = {"accepted": 0, "unchanged": 0}
    faults: list[FieldFault] = []
    for kind, entries in told.items():
        for verdict in await record(session, context, caller, kind, list(enumerate(entries))):
            if verdict.fault is None:
                counted[verdict.verdict] += 1
                continue
            fault = verdict.fault
            where = f"{kind}[{verdict.number}]" + ("" if fault.field == _ROW else f".{fault.field}")
            faults.append(FieldFault(where, fault.code, fault.message, fault.message_zh))
    if faults:
        raise FactsRefused("correct them and send all again", errors=faults[:50])
    await _log(session, context, caller, "standards.recorded", counted)
    return counted


async def import_file(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kind: Kind,
    content: bytes,
    *,
    dry_run: bool,
) -> list[Verdict]:
    """Keep the facts of a file's rows; a dry run gives the same verdicts and keeps nothing.

    Raises:
        FactsFileRefused.
    """
    rows = await asyncio.to_thread(files.read, kind, content)
    tried = await session.begin_nested()
    verdicts = await record(
        session, context, caller, kind, [(row.number, row.values) for row in rows]
    )
    if dry_run:
        await tried.rollback()
    else:
        await tried.commit()
    await _log(
        session, context, caller, "standards.imported",
        {
            "kind": kind,
            "sha256": hashlib.sha256(content).hexdigest(),
            "dry_run": dry_run,
            **{
                name: sum(each.verdict == name for each in verdicts)
                for name in ("accepted", "unchanged", "rejected")
            },
        },
    )  # fmt: skip
    return verdicts


async def judged(session: ReadSession, context: ServiceContext, as_of: date | None) -> list[Unit]:
    """Every unit of the county as of a day (None: today), failing ones with rule and cure."""
    day = as_of or business_date(context.clock.now())
    rows = await repository.in_force(session, context.region.region_code, day)
    told = [(row["kind"], MODELS[row["kind"]].model_validate(row["content"])) for row in rows]
    return evaluate(county_of(context.region, told, day), day)


async def open_items(
    session: WriteSession, context: ServiceContext, caller: Principal, as_of: date | None
) -> list[Item]:
    """Open an item of the register for each unit and rule that is missed and has none open.

    Raises:
        CountyOnly.
    """
    county_only(caller)
    region, today = context.region.region_code, business_date(context.clock.now())
    day = as_of or today
    units = await judged(session, context, day)
    await register_rows.hold_numbers(session, region)
    opened = []
    for unit in units:
        for finding in unit.findings:
            if finding.status != "missed" or (finding.rule == "LP-61" and unit.kind != "county"):
                continue
            subject = f"standard/{finding.rule}/{unit.kind}/{unit.code}"
            if finding.rule == "LP-55":
                subject += f"/{finding.zh.partition('执业医师')[0]}"
            if await register_rows.live_about(session, region, subject[:200]) is not None:
                continue
            opened.append(
                await add_item(
                    session,
                    context,
                    caller,
                    Wanted(
                        kind="standard",
                        title=f"{unit.name_zh}:{RULES[finding.rule].zh}"[:120],
                        problem=f"{finding.zh}。{finding.cure_zh}。",
                        responsible=led_by("single", [unit.township or "卫生健康局"], []),
                        deadline=today + timedelta(days=_DAYS_TO_CURE),
                        area=unit.township or "county",
                        citation=CITATION.format(rule=finding.rule),
                        source={
                            "rule": finding.rule,
                            "unit": unit.kind,
                            "code": unit.code,
                            "as_of": day.isoformat(),
                        },
                        subject=subject[:200],
                    ),
                )
            )
    return opened


async def keep_map(
    session: WriteSession, context: ServiceContext, caller: Principal, content: bytes
) -> maps.Drawing:
    """Keep the county's GeoJSON in place of the one before.

    Raises:
        CountyOnly, MapRefused.
    """
    county_only(caller)
    region, now = context.region.region_code, context.clock.now()
    villages = [unit.code for unit in await judged(session, context, None) if unit.village]
    drawing = await asyncio.to_thread(maps.draw, content, villages)
    sha256 = hashlib.sha256(content).hexdigest()
    await repository.keep_map(
        session,
        {
            "region": region,
            "sha256": sha256,
            "content": content,
            "shapes": [asdict(shape) for shape in drawing.shapes],
            "width": drawing.width,
            "height": drawing.height,
            "unplaced": list(drawing.unplaced),
            "uploaded_at": now,
            "uploaded_by": caller.client_id,
        },
    )
    await _log(
        session, context, caller, "standards.map_uploaded",
        {"sha256": sha256, "shapes": len(drawing.shapes), "unplaced": len(drawing.unplaced)},
    )  # fmt: skip
    return drawing


async def map_file(session: ReadSession, context: ServiceContext) -> bytes:
    """The GeoJSON as the county sent it.

    Raises:
        MapMissing.
    """
    found = await repository.map_of(session, context.region.region_code, "content")
    if found is None:
        raise MapMissing("upload it with POST /reporting/v1/standards/map")
    return bytes(found["content"])


async def _log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    action: str,
    detail: Mapping[str, Any],
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=context.region.region_code,
        at=context.clock.now(),
        detail=detail,
    )
