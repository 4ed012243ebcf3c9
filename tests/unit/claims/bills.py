"""Bills, people and packs for the engine's tests; real values, no doubles."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.claims.settlement.domain import Bill, Line, Person, SettlementPack, Visit
from services.claims.settlement.packs import load_pack
from shared.policy.folders import BUNDLED_PACKS

JINKOUHE, LIANGPING, XINBIN = "jinkouhe-2016", "liangping-2019", "xinbin-2018"
DAY = date(2016, 3, 10)
POOR = Person(frozenset({"registered_poor"}))
ORDINARY = Person()


class _PlainDumper(yaml.SafeDumper):
    """Writes content out where it stands: packs allow no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


@cache
def shipped(pack_id: str) -> SettlementPack:
    return load_pack(pack_id)


def jinkouhe() -> SettlementPack:
    return shipped(JINKOUHE)


def visit(kind: str = "inpatient", level: str = "secondary", **more: Any) -> Visit:
    return Visit(kind, level, **{"discharged_on": DAY, **more})


def line(number: int, yuan: str, **more: Any) -> Line:
    """A class A line of that many CNY, unless told otherwise."""
    facts = {"name": "item", "kind": "other", "catalogue_class": "A", **more}
    return Line(line_no=number, amount_fen=int(Decimal(yuan) * 100), **facts)


def bill(*lines: Line, **where: Any) -> Bill:
    return Bill(visit(**where), lines)


def example_a(implant_share: str) -> Bill:
    """Worked example A: class A 3000, class B 1000, an implant of 500, out of catalogue 500."""
    return bill(
        line(1, "3000.00", kind="bed"),
        line(2, "1000.00", kind="drug", catalogue_class="B"),
        line(3, "500.00", kind="implant", self_first_ratio=Decimal(implant_share)),
        line(4, "500.00", kind="drug", catalogue_class="C"),
    )


def changed_pack(
    folder: Path,
    *,
    pack: Callable[[dict[str, Any]], object] | None = None,
    parameters: Callable[[dict[str, Any]], object] | None = None,
    facilities: Callable[[dict[str, Any]], object] | None = None,
) -> Path:
    """A copy of the Jinkouhe pack with its content changed."""
    target = folder / JINKOUHE
    shutil.copytree(BUNDLED_PACKS / JINKOUHE, target)
    changes = (("pack", pack), ("parameters", parameters), ("facilities", facilities))
    for name, change in changes:
        if change is None:
            continue
        path = target / f"{name}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        text = yaml.dump(content, Dumper=_PlainDumper, allow_unicode=True)
        path.write_text(text, encoding="utf-8")
    return target


def tier_of(content: dict[str, Any], tier_id: str) -> dict[str, Any]:
    """One tier of a pack's content."""
    found: dict[str, Any] = next(tier for tier in content["tiers"] if tier["id"] == tier_id)
    return found
