"""What an author should know though the pack can be used: assumed, left open, unused, unlisted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from services.claims.settlement.conditions import When
from services.claims.settlement.lines import CLASS_B_RATIO, IMPLANT_MAX, IMPLANT_MIN
from services.claims.settlement.pack_rules import PARAMETERS_FILE
from services.claims.settlement.tiers import SettlementPack
from shared.policy.errors import Fault
from shared.policy.folders import PACK_FILE
from shared.policy.parameters import Parameters
from shared.policy.reading import Citation


def names_used(rule: Any, parameters: Parameters) -> set[str]:
    """The parameters that a rule, or a whole pack's rules, name; whatever kind of rule it is."""
    return {text for text in _texts(rule) if text in parameters}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value) and not isinstance(value, type | When | Citation):
        for entry in fields(value):
            yield from _texts(getattr(value, entry.name))


def warnings_of(pack: SettlementPack) -> list[Fault]:
    """The pack's warnings; none of them keeps it from being loaded."""
    parameters = pack.parameters
    used = {CLASS_B_RATIO, IMPLANT_MIN, IMPLANT_MAX}
    used |= names_used((pack.line_rules, pack.tiers, pack.subsidies), parameters)
    found = []
    for name, parameter in parameters.by_name.items():
        if parameter.unconfirmed:
            found.append(
                Fault(
                    PARAMETERS_FILE,
                    f"{name}.assumed",
                    "assumption_unconfirmed",
                    f"assumed, and confirmed by nobody: {parameter.note}",
                    "该取值为假定，尚未有人以文件确认",
                )
            )
        if name not in used:
            found.append(
                Fault(
                    PARAMETERS_FILE,
                    name,
                    "unused_parameter",
                    "no rule by which a bill is split uses this parameter; use it in pack.yaml, or keep it for"
                    " its other readers",
                    "结算规则未使用该参数；请在 pack.yaml 中使用，或仅供其他业务查阅",
                )
            )
        if parameter.citation.document not in pack.documents:
            found.append(_unlisted(PARAMETERS_FILE, f"{name}.citation", parameter.citation))
        found.extend(
            Fault(
                PARAMETERS_FILE,
                f"{name}.values.{dated.start}",
                "value_left_open",
                f"there is no value from {dated.start}: a bill that needs it is refused",
                f"自 {dated.start} 起没有取值: 用到该参数的账单将被拒绝",
            )
            for dated in parameter.values
            if dated.value is None
        )
    cited = [(tier.head.id, tier.head.citation) for tier in pack.tiers]
    cited += [(waiting.id, waiting.citation) for waiting in pack.waiting]
    found.extend(
        _unlisted(PACK_FILE, f"tiers.{tier_id}.citation", citation)
        for tier_id, citation in cited
        if citation.document not in pack.documents
    )
    return sorted(found)


def _unlisted(file: str, where: str, citation: Citation) -> Fault:
    return Fault(
        file,
        where,
        "document_not_listed",
        f"the document {citation.document} is not in the list documents of {PACK_FILE}; add it or"
        " correct its name",
        f"{PACK_FILE} 的 documents 中没有《{citation.document}》；请补充或改正名称",
    )
