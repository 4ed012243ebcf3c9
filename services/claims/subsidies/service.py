"""The use case of the subsidies: one stateless quote."""

from __future__ import annotations

from services.claims.calculation_refused import CalculationRefused
from services.claims.packs.service import pack_of
from services.claims.settlement.tiers import SettlementPack
from services.claims.subsidies.domain import Enrolment, Subsidy, subsidise
from services.claims.subsidies.schemas import SubsidyRequest
from shared.http.problem import FieldFault, Unprocessable
from shared.policy.errors import Refused
from shared.runtime.context import ServiceContext


class PackKnowsNoSubsidies(Unprocessable):
    code = "no_subsidies"
    title = "The policy pack has no rules for enrolment subsidies"
    title_zh = "政策包没有资助参保规则"


def quote(context: ServiceContext, body: SubsidyRequest) -> tuple[SettlementPack, Subsidy]:
    """What of the contribution is subsidised, and by which article.

    Raises:
        PackIsUnknown, PackIsInvalid, PackKnowsNoSubsidies, CalculationRefused,
        AssumptionUnconfirmed: with each fault.
    """
    pack = pack_of(context, body.pack)
    if pack.subsidies is None:
        raise PackKnowsNoSubsidies(
            "choose a pack whose documents state subsidies",
            errors=[
                FieldFault(
                    "pack",
                    "no_subsidies",
                    "the pack states no subsidies; choose another",
                    "该政策包未规定资助参保；请改用其他政策包",
                )
            ],
        )
    enrolment = Enrolment(
        frozenset(body.person.categories),
        body.insurance_tier,
        body.insurance_year,
        body.person.poverty_status,
    )
    try:
        return pack, subsidise(
            enrolment,
            pack.subsidies,
            pack.parameters,
            (pack.valid_from, pack.valid_to),
            overrides=body.parameters,
        )
    except Refused as refused:
        raise CalculationRefused(refused) from refused
