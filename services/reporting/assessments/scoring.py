"""Assessments as they stand: scores from figures and samples, or as they were published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.reporting.assessments import repository
from services.reporting.assessments.domain import (
    Sampled,
    Score,
    linked,
    ranked,
    score,
)
from services.reporting.assessments.problems import (
    AssessmentNotFound,
)
from services.reporting.assessments.schemes import Scheme
from services.reporting.indicators.service import figures_of_places
from shared.db.session import ReadSession
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext


@dataclass(frozen=True)
class Assessment:
    """An assessment with everything that is told of it."""

    row: RowMapping
    scheme: Scheme
    results: list[dict[str, Any]]
    samples: Sequence[RowMapping]
    sanctions: Sequence[RowMapping]

    @property
    def published(self) -> bool:
        return self.row["results"] is not None

    @property
    def number(self) -> str:
        """Told on the notice, such as ``511113-township-2016-H1``."""
        return f"{self.row['region']}-{self.row['scheme']}-{self.row['period']}"


async def read(session: ReadSession, context: ServiceContext, assessment_id: UUID) -> Assessment:
    """An assessment; of one that is not published, its scores as they stand now.

    Raises:
        AssessmentNotFound.
    """
    row = await repository.get(session, context.region.region_code, assessment_id)
    if row is None:
        raise AssessmentNotFound("GET /reporting/v1/assessments lists them")
    return await whole(session, context, row)


async def whole(session: ReadSession, context: ServiceContext, row: RowMapping) -> Assessment:
    scheme = Scheme.model_validate(row["parameters"])
    samples = await repository.samples_of(session, row["id"])
    results = row["results"] or await _scored(session, context, row, scheme, samples)
    return Assessment(
        row, scheme, results, samples, await repository.sanctions_of(session, row["id"])
    )


def subjects_of(context: ServiceContext, scheme: Scheme) -> dict[str, str]:
    """Who is assessed: code and Chinese name."""
    if scheme.subjects == "township":
        return {each.name_zh: each.name_zh for each in context.region.townships}
    return {
        each.facility_code: each.name_zh
        for each in context.region.facilities
        if each.in_region and each.designated
    }


async def _scored(
    session: ReadSession,
    context: ServiceContext,
    row: RowMapping,
    scheme: Scheme,
    samples: Sequence[RowMapping],
) -> list[dict[str, Any]]:
    counted: dict[str, dict[str, Sampled]] = defaultdict(dict)
    for each in samples:
        before = counted[each["subject"]].get(each["item"], Sampled(0, 0))
        counted[each["subject"]][each["item"]] = Sampled(
            before.checked + each["checked"], before.passed + each["passed"]
        )
    subjects = subjects_of(context, scheme)
    figures = await figures_of_places(
        session,
        context,
        by="township" if scheme.subjects == "township" else "facility_code",
        places=subjects,
        period=row["period"],
        codes=tuple(scheme.parts.online),
    )
    scores = [
        score(
            subject,
            name_zh,
            scheme.parts.online,
            {each.code: each.model_dump(mode="json") for each in figures[subject]},
            {code: each.points for code, each in scheme.parts.on_site.items()},
            counted[subject],
            [(each.grade, each.least) for each in scheme.grades],
        )
        for subject, name_zh in subjects.items()
    ]
    return [_told(each, scheme, row["bases"].get(each.subject, {})) for each in ranked(scores)]


def _told(found: Score, scheme: Scheme, bases: Mapping[str, int]) -> dict[str, Any]:
    def shown(value: Decimal | None) -> str | None:
        return None if value is None else f"{value:.2f}"

    return {
        "subject": found.subject,
        "name_zh": found.name_zh,
        "rank": found.rank,
        "total": shown(found.total),
        "online": shown(found.online),
        "on_site": shown(found.on_site),
        "grade": found.grade,
        "points": [
            {
                "code": each.code,
                "part": each.part,
                "most": int(each.most),
                "got": shown(each.got),
                "basis": each.basis,
            }
            for each in found.points
        ],
        "funding": [
            {
                "link": link,
                "name_zh": scheme.links[link].zh,
                "base": text_from_fen(base),
                "ratio": str(scheme.links[link].ratios[found.grade]),
                "amount": text_from_fen(linked(base, scheme.links[link].ratios[found.grade])),
            }
            for link, base in bases.items()
            if found.grade is not None
        ],
    }
