"""What a unit of work is paid with: the region's pack, or, where it is silent, this product."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.policy.errors import Fault, PackInvalid
from shared.policy.folders import find_pack
from shared.policy.parameter_files import read_parameters
from shared.policy.parameters import Parameters
from shared.runtime.context import ServiceContext

CONTRACT_FEE: Final = "contract.fee"
CHECK_UP_FEE: Final = "check_up.fee"
CHRONIC_DRUGS_CAP: Final = "chronic_drugs.annual_cap"
FALLBACK_FEN: Final = {CONTRACT_FEE: 800, CHECK_UP_FEE: 15_000, CHRONIC_DRUGS_CAP: 100_000}
"""XB-21, XB-23 and XB-25, where a region's pack names no price of its own; told as an assumption."""

_KEPT = "contracts.price_parameters"


@dataclass(frozen=True)
class Price:
    """A price in fen, and whether the region's own pack names it."""

    amount_fen: int
    assumed: bool


def price_on(context: ServiceContext, name: str, day: date) -> Price:
    """The price in force on the day of the work.

    Raises:
        PackInvalid: the pack's parameters cannot be read.
    """
    parameters = context.state.get(_KEPT)
    if not isinstance(parameters, Parameters):
        folder = find_pack(context.region.pack_id, context.settings.pack_dirs)
        faults: list[Fault] = []
        parameters = read_parameters(folder, "parameters.yaml", faults)
        if faults:
            raise PackInvalid(context.region.pack_id, faults)
        context.state[_KEPT] = parameters
    known = parameters.by_name.get(name)
    if known is not None and known.value_at(day) is not None:
        return Price(parameters.at(day).money_fen(name), known.unconfirmed)
    return Price(FALLBACK_FEN[name], assumed=True)
