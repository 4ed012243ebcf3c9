"""Reading the documents' figures and answering with what they come to."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from services.reporting.figures.domain import Target
from services.reporting.history.domain import balance, fen_from_wan, judged, judged_share
from shared.content import read_yaml
from shared.http.problem import NotFound
from shared.money import text_from_fen
from shared.policy.region import RegionPack

_FOLDER = Path(__file__).parent / "data"
_REGIONS = {"511113": "jinkouhe"}
_PERIOD = "2016-H1"


class HistoryUnknown(NotFound):
    code = "history_unknown"
    title = "No document gives this region's figures of that period"
    title_zh = "没有该地区该时段的历史文件数据"


def periods_of(region: RegionPack) -> list[str]:
    """The periods of which a document of the region is at hand."""
    return [_PERIOD] if region.region_code in _REGIONS else []


def history_of(region: RegionPack, period: str) -> dict[str, Any]:
    """A period's figures as the document gives them, with what they come to.

    Raises:
        HistoryUnknown: no document is at hand.
    """
    name = _REGIONS.get(region.region_code)
    file = _FOLDER / f"{name}-{period.lower()}.yaml"
    if name is None or period != _PERIOD:
        raise HistoryUnknown("documents are at hand of 511113 for 2016-H1")
    told = _read(file)
    target = Target(Decimal(told["target"]["value"]), told["target"]["direction"])
    parts = {payer: part["value"] for payer, part in told["payers"].items()}
    value, status = judged(parts["patient"], told["total"]["value"], target)
    found = balance(told["total"]["value"], parts, told["decimals"])
    return {
        "period": told["period"],
        "source": told["source"],
        "historical": True,
        "households": told["households"],
        "persons": told["persons"],
        "inpatients": told["inpatients"],
        "payers": [
            {
                "payer": payer,
                "amount": text_from_fen(fen_from_wan(part["value"])),
                "citation": part["citation"],
            }
            for payer, part in told["payers"].items()
        ],
        "balance": {
            "total": text_from_fen(found.total_fen),
            "parts": text_from_fen(found.parts_fen),
            "gap": text_from_fen(found.gap_fen),
            "tolerance": text_from_fen(found.tolerance_fen),
            "within_tolerance": found.within_tolerance,
            "text_zh": "以万元四位小数列示，各项合计与总额相差不超过 1 元属于四舍五入(JK-36)",
        },
        "statistics": [
            {"remark": None, **each, "value": str(each["value"])} for each in told["statistics"]
        ],
        "personal_share": [
            {
                "area": "county",
                "name_zh": region.name_zh,
                "name_en": region.name_en,
                "numerator": text_from_fen(fen_from_wan(parts["patient"])),
                "denominator": text_from_fen(found.total_fen),
                "value": value,
                "target": told["target"]["value"],
                "status": status,
                "citation": told["target"]["citation"],
            },
            *(
                {
                    "area": each["area"],
                    "name_zh": each["name_zh"],
                    "name_en": each["name_en"],
                    "numerator": None,
                    "denominator": None,
                    "value": each["value"],
                    "target": told["target"]["value"],
                    "status": judged_share(each["value"], target),
                    "citation": each["citation"],
                }
                for each in told["shares"]
            ),
        ],
    }


@cache
def _read(file: Path) -> dict[str, Any]:
    return dict(read_yaml(file.read_text(encoding="utf-8")))
