"""The packs at hand: loaded once per process, shown with every parameter and its source."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from services.claims.calculation_refused import PackIsUnknown
from services.claims.settlement.packs import load_pack
from services.claims.settlement.tiers import SettlementPack
from shared.http.problem import FieldFault, NotFound, Unprocessable
from shared.money import text_from_fen
from shared.policy.errors import PackInvalid, PackUnknown
from shared.policy.folders import pack_folders
from shared.policy.parameters import Parameter
from shared.policy.values import Value
from shared.runtime.context import ServiceContext

_CACHE = "claims.packs"


class PackNotFound(NotFound):
    code = "unknown_pack"
    title = "There is no policy pack of this name"
    title_zh = "没有这个政策包"


class PackIsInvalid(Unprocessable):
    code = "pack_invalid"
    title = "The policy pack cannot be loaded"
    title_zh = "政策包无法加载"

    def __init__(self, invalid: PackInvalid) -> None:
        super().__init__(
            "correct the pack's files, then restart the service",
            errors=[
                FieldFault(
                    f"{fault.file}:{fault.where}", fault.code, fault.message, fault.message_zh
                )
                for fault in invalid.faults[:50]
            ],
        )


def pack_of(context: ServiceContext, pack_id: str) -> SettlementPack:
    """A pack, loaded when first asked for.

    Raises:
        PackIsUnknown, PackIsInvalid: it cannot be used.
    """
    cache: dict[str, SettlementPack] = context.state.setdefault(_CACHE, {})
    pack = cache.get(pack_id)
    if pack is None:
        try:
            pack = load_pack(pack_id, context.settings.pack_dirs)
        except PackUnknown as unknown:
            raise PackIsUnknown(unknown) from unknown
        except PackInvalid as invalid:
            raise PackIsInvalid(invalid) from invalid
        cache[pack_id] = pack
    return pack


def pack_in_force(context: ServiceContext) -> SettlementPack:
    """The pack of the region, by which bills are settled."""
    return pack_of(context, context.region.pack_id)


def listed(context: ServiceContext) -> list[SettlementPack | PackIsInvalid]:
    """Every pack at hand, by id; one that cannot be loaded says why."""
    found: list[SettlementPack | PackIsInvalid] = []
    for pack_id in sorted(pack_folders(context.settings.pack_dirs)):
        try:
            found.append(pack_of(context, pack_id))
        except PackIsInvalid as invalid:
            found.append(invalid)
    return found


def written(parameter: Parameter, value: Value) -> Any:
    """A value as it is written in the pack: amounts in CNY, ratios as decimal strings."""
    if isinstance(value, tuple):
        columns = parameter.shape.columns
        return [
            {name: _scalar(columns.get(name, "text"), cell) for name, cell in row.items()}
            for row in value
        ]
    if isinstance(value, frozenset):
        return sorted(value)
    return None if value is None else _scalar(parameter.unit, value)


def _scalar(unit: str, value: int | Decimal | str) -> str:
    return text_from_fen(int(value)) if unit == "CNY" else str(value)


def parameters_on(pack: SettlementPack, day: date) -> dict[str, Any]:
    """The pack's values of one day, as written; kept with every settlement."""
    return {
        name: written(parameter, parameter.value_at(day))
        for name, parameter in pack.parameters.by_name.items()
    }
