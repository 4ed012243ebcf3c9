"""A pack as the HTTP contract and the screens show it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from services.claims.packs import service
from services.claims.packs.repository import KeptVersion
from services.claims.packs.schemas import (
    AdjustmentAnswer,
    CasesAnswer,
    ConfirmationAnswer,
    DatedValueAnswer,
    DifferenceAnswer,
    FailedCase,
    PackAnswer,
    PackFault,
    ParameterAnswer,
    TierAnswer,
    VerdictAnswer,
    VersionAnswer,
    WaiverAnswer,
)
from services.claims.packs.verdict import Verdict
from services.claims.packs.wording import conditions, tilt
from services.claims.settlement.advising import names_used
from services.claims.settlement.explanation import PAYER_NAMES
from services.claims.settlement.lines import Waiver
from services.claims.settlement.tiers import SettlementPack, Tier, WaitingTier
from shared.clock import SHANGHAI
from shared.policy.parameters import Parameter, Parameters
from shared.runtime.context import ServiceContext

_WORD_BREAK = re.compile(r"(?<!^)(?=[A-Z])")


def summary(context: ServiceContext, pack: SettlementPack) -> dict[str, Any]:
    """What the list tells of a pack."""
    return {
        "pack": pack.pack_id,
        "pack_version": pack.version,
        "title": pack.title.en,
        "title_zh": pack.title.zh,
        "valid_from": pack.valid_from,
        "valid_to": pack.valid_to,
        "in_force": pack.pack_id == context.region.pack_id,
        "assumptions": sorted(pack.parameters.assumed_names),
    }


def whole(
    context: ServiceContext, pack: SettlementPack, versions: Iterable[KeptVersion]
) -> PackAnswer:
    """Everything of a pack: who pays in which order and when, every value with its source."""
    plans: dict[str, list[str]] = {}
    for word, plan in sorted(pack.plans.items()):
        plans.setdefault(plan, []).append(word)
    return PackAnswer(
        **summary(context, pack),
        documents=list(pack.documents),
        insurance_plans=plans,
        waivers=[_waiver(waiver, pack.parameters) for waiver in pack.line_rules.waivers],
        tiers=[_tier(tier, pack.parameters) for tier in pack.tiers]
        + [_waiting(tier) for tier in pack.waiting],
        parameters=[_parameter(parameter) for parameter in pack.parameters.by_name.values()],
        versions=[
            VersionAnswer(
                pack_version=kept.version, first_used_at=kept.first_used_at.astimezone(SHANGHAI)
            )
            for kept in versions
        ],
    )


def _parameter(parameter: Parameter) -> ParameterAnswer:
    confirmation = parameter.confirmation
    return ParameterAnswer(
        name=parameter.name,
        description=parameter.description.en,
        description_zh=parameter.description.zh,
        unit=parameter.unit,
        document=parameter.citation.document,
        article=parameter.citation.article,
        assumed=parameter.assumed,
        unconfirmed=parameter.unconfirmed,
        note=parameter.note,
        confirmed=ConfirmationAnswer(
            by=confirmation.by,
            on=confirmation.on,
            document=confirmation.citation.document,
            article=confirmation.citation.article,
        )
        if confirmation
        else None,
        values=[
            DatedValueAnswer(
                valid_from=dated.start,
                valid_to=dated.until,
                value=service.written(parameter, dated.value),
            )
            for dated in parameter.values
        ],
    )


def _tier(tier: Tier, parameters: Parameters) -> TierAnswer:
    head = tier.head
    when, payer = conditions(head.when), PAYER_NAMES[head.payer]
    adjustments = []
    for adjustment in head.adjustments:
        names = names_used(adjustment, parameters)
        said, whom = tilt(adjustment, names, parameters), conditions(adjustment.when)
        adjustments.append(
            AdjustmentAnswer(
                target=adjustment.target,
                operation=adjustment.operation,
                parameters=sorted(names),
                text=said.en,
                text_zh=said.zh,
                conditions=whom.en,
                conditions_zh=whom.zh,
                document=adjustment.citation.document,
                article=adjustment.citation.article,
            )
        )
    return TierAnswer(
        id=head.id,
        order=head.order,
        payer=head.payer,
        payer_name=payer.en,
        payer_name_zh=payer.zh,
        mode="immediate",
        kind=_WORD_BREAK.sub("_", type(tier).__name__).lower(),
        group=head.group,
        follows=sorted(head.follows),
        line_kinds=sorted(head.line_kinds),
        conditions=when.en,
        conditions_zh=when.zh,
        otherwise=head.otherwise.en if head.otherwise else "",
        otherwise_zh=head.otherwise.zh if head.otherwise else "",
        parameters=sorted(names_used(tier, parameters)),
        adjustments=adjustments,
        document=head.citation.document,
        article=head.citation.article,
    )


def _waiting(tier: WaitingTier) -> TierAnswer:
    payer = PAYER_NAMES[tier.payer]
    return TierAnswer(
        id=tier.id,
        order=None,
        payer=tier.payer,
        payer_name=payer.en,
        payer_name_zh=payer.zh,
        mode=tier.mode,
        kind="",
        group="",
        follows=[],
        line_kinds=[],
        conditions="",
        conditions_zh="",
        otherwise=tier.note.en,
        otherwise_zh=tier.note.zh,
        parameters=[],
        adjustments=[],
        document=tier.citation.document,
        article=tier.citation.article,
    )


def _waiver(waiver: Waiver, parameters: Parameters) -> WaiverAnswer:
    when = conditions(waiver.when)
    return WaiverAnswer(
        kinds=sorted(waiver.kinds),
        parameters=sorted(names_used(waiver, parameters)),
        conditions=when.en,
        conditions_zh=when.zh,
        document=waiver.citation.document,
        article=waiver.citation.article,
    )


def verdict_answer(verdict: Verdict) -> VerdictAnswer:
    """A verdict with every fault's place."""
    return VerdictAnswer(
        pack=verdict.pack,
        pack_version=verdict.version,
        valid=verdict.valid,
        errors=[PackFault.found(fault) for fault in verdict.errors],
        warnings=[PackFault.found(fault) for fault in verdict.warnings],
        cases=CasesAnswer(
            total=len(verdict.examples),
            passed=len(verdict.examples) - len(verdict.failed),
            failed=[
                FailedCase(
                    name=result.name,
                    period=result.period,
                    differences=[
                        DifferenceAnswer(
                            field=difference.field,
                            expected=difference.expected,
                            got=difference.got,
                        )
                        for difference in result.differences
                    ],
                )
                for result in verdict.failed
            ],
        ),
    )
