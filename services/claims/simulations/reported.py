"""What a region's own report says of a period: the figure that a simulation stands beside."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from services.claims.simulations.domain import Period, period_of
from shared.content import read_yaml
from shared.money import fen_from_text, ratio_text

_FILE = "reported.yaml"


def latest_report(pack_id: str) -> dict[str, Any] | None:
    """The region's last report; None where there is none."""
    found = [each for each in _reports() if each["pack"] == pack_id]
    return _told(found[-1]) | {"pack": pack_id} if found else None


def reported_of(pack_id: str, period: Period) -> dict[str, Any] | None:
    """The report of the pack's region for exactly this period; None where there is none."""
    for report in _reports():
        if report["pack"] == pack_id and period_of(report["period"]) == period:
            return _told(report)
    return None


def _reports() -> list[dict[str, Any]]:
    text = files(__package__).joinpath("data", _FILE).read_text(encoding="utf-8")
    found: list[dict[str, Any]] = read_yaml(text)
    return found


def _told(report: dict[str, Any]) -> dict[str, Any]:
    total, pays = fen_from_text(report["total"]), fen_from_text(report["patient_pays"])
    return {
        **{name: value for name, value in report.items() if name != "pack"},
        "patient_share": ratio_text(pays, total),
    }
