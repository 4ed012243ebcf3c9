"""Units and rules as they are told; what a host takes of a file."""

from __future__ import annotations

from starlette.datastructures import UploadFile

from services.reporting.standards import service
from services.reporting.standards.domain import (
    GROUP_WORDS,
    RULES,
    Finding,
    Unit,
)
from services.reporting.standards.judging import groups, summary
from services.reporting.standards.problems import FactsFileRefused
from services.reporting.standards.schemas import (
    FindingAnswer,
    GroupSummary,
    RuleSummary,
    UnitAnswer,
)
from shared.http.problem import FieldFault
from shared.money import ratio_text
from shared.runtime.context import ServiceContext


def summary_of(units: list[Unit]) -> list[RuleSummary]:
    """How the county stands by each rule."""
    return [
        RuleSummary(
            rule=rule,
            group=RULES[rule].group,
            group_zh=GROUP_WORDS[RULES[rule].group][0],
            title_zh=RULES[rule].zh,
            title_en=RULES[rule].en,
            met=met,
            asked=asked,
            value=ratio_text(met, asked),
        )
        for rule, (met, asked) in summary(units).items()
    ]


def groups_of(units: list[Unit]) -> list[GroupSummary]:
    """How the county stands by each group of rules."""
    return [
        GroupSummary(
            group=group,
            group_zh=GROUP_WORDS[group][0],
            group_en=GROUP_WORDS[group][1],
            met=met,
            asked=asked,
            value=ratio_text(met, asked),
        )
        for group, (met, asked) in groups(units).items()
    ]


def unit_answer(unit: Unit) -> UnitAnswer:
    return UnitAnswer(
        kind=unit.kind,
        code=unit.code,
        name_zh=unit.name_zh,
        township=unit.township,
        village=unit.village,
        status=unit.status,
        findings=[_finding(each) for each in unit.findings],
    )


def _finding(found: Finding) -> FindingAnswer:
    rule = RULES[found.rule]
    return FindingAnswer(
        rule=found.rule,
        group=rule.group,
        group_zh=GROUP_WORDS[rule.group][0],
        title_zh=rule.zh,
        title_en=rule.en,
        status=found.status,
        message=found.en,
        message_zh=found.zh,
        cure=found.cure_en,
        cure_zh=found.cure_zh,
        citation=service.CITATION.format(rule=found.rule),
    )


async def bounded(context: ServiceContext, file: UploadFile) -> bytes:
    """A file's bytes, no more than the host takes.

    Raises:
        FactsFileRefused.
    """
    most = context.settings.max_upload_bytes
    content = await file.read(most + 1)
    if len(content) > most:
        fault = FieldFault(
            "file", "too_large", f"send at most {most} bytes", f"文件最大 {most} 字节"
        )
        raise FactsFileRefused(errors=[fault])
    return content
