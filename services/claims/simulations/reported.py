"""What a region's own report says of a period: the figure that a simulation stands beside."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import yaml

from services.claims.simulations.domain import Period, period_of
from shared.money import fen_from_text, ratio_text

_FILE = "reported.yaml"


def reported_of(pack_id: str, period: Period) -> dict[str, Any] | None:
    """The report of the pack's region for exactly this period; None where there is none."""
    text = files(__package__).joinpath("data", _FILE).read_text(encoding="utf-8")
    for report in yaml.safe_load(text):
        if report["pack"] == pack_id and period_of(report["period"]) == period:
            total = fen_from_text(report["total"])
            return {
                **{name: value for name, value in report.items() if name != "pack"},
                "patient_share": ratio_text(fen_from_text(report["patient_pays"]), total),
            }
    return None
