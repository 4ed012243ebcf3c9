"""Bills of the demonstration: lines whose amounts are quantity times unit price, to the fen.

Money is in fen. The mix of an inpatient bill is set so that, under ``jinkouhe-2016``, the half-year
comes out near what the district reported (JK-32 … JK-35): about 63 % basic insurance, 15.7 %
medical aid and 21.3 % patient.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from shared.money import text_from_fen

Item = tuple[str, str, str]
"""Item code, name, kind."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill; ``amount_fen`` is ``quantity`` times ``unit_price_fen``."""

    line_no: int
    item: Item
    catalogue_class: str
    quantity: int
    unit_price_fen: int
    occurred_on: date
    self_first_ratio: str | None = None
    price_limit_fen: int | None = None

    @property
    def amount_fen(self) -> int:
        return self.quantity * self.unit_price_fen

    def body(self) -> dict[str, Any]:
        """The line as the HTTP interface takes it (api.md, "line")."""
        code, name, kind = self.item
        body: dict[str, Any] = {
            "line_no": self.line_no,
            "item_code": code,
            "name": name,
            "kind": kind,
            "catalogue_class": self.catalogue_class,
            "amount": text_from_fen(self.amount_fen),
            "quantity": str(self.quantity),
            "unit_price": text_from_fen(self.unit_price_fen),
            "occurred_on": self.occurred_on.isoformat(),
        }
        if self.self_first_ratio is not None:
            body["self_first_ratio"] = self.self_first_ratio
        if self.price_limit_fen is not None:
            body["price_limit"] = text_from_fen(self.price_limit_fen)
        return body


_BED: Item = ("F1109", "普通床位费", "bed")
_NURSING: Item = ("F1201", "二级护理", "other")
_WARD_ROUND: Item = ("F1101", "住院诊查费", "consultation")
_INJECTION: Item = ("F1204", "静脉输液", "injection")
_LABS: tuple[Item, ...] = (
    ("F2501", "血常规", "lab"),
    ("F2502", "尿常规", "lab"),
    ("F2503", "肝功能", "lab"),
    ("F2504", "肾功能", "lab"),
    ("F2505", "血糖测定", "lab"),
)
_CT: Item = ("F2103", "CT平扫", "ct")
_SURGERIES: tuple[Item, ...] = (
    ("F3301", "阑尾切除术", "surgery"),
    ("F3302", "胆囊切除术", "surgery"),
    ("F3303", "骨折切开复位内固定术", "surgery"),
    ("F3304", "疝修补术", "surgery"),
)
_IMPLANTS: tuple[Item, ...] = (
    ("H4401", "钛合金接骨板", "implant"),
    ("H4402", "髓内钉", "implant"),
    ("H4403", "疝补片", "implant"),
)
_DRUGS_A: tuple[Item, ...] = (
    ("XJ01", "青霉素钠注射剂", "drug"),
    ("XA02", "奥美拉唑肠溶胶囊", "drug"),
    ("XC08", "硝苯地平缓释片", "drug"),
    ("XA10", "二甲双胍片", "drug"),
    ("XN02", "布洛芬片", "drug"),
    ("XR06", "氯雷他定片", "drug"),
)
_DRUGS_B: tuple[Item, ...] = (
    ("XJ02", "头孢哌酮舒巴坦注射剂", "drug"),
    ("XC10", "阿托伐他汀片", "drug"),
    ("XA05", "血塞通注射剂", "drug"),
    ("XR03", "氨溴索口服溶液", "drug"),
)
_EXCLUDED: tuple[Item, ...] = (
    ("H9901", "自费敷料", "material"),
    ("X9902", "营养制剂", "drug"),
    ("F9903", "特需服务费", "other"),
)
_TREATMENT: Item = ("F1300", "综合治疗费", "other")
_VISIT_FEE: Item = ("F1001", "一般诊疗费", "consultation")
_IMPLANT_RATIOS = ("0.18", "0.30", "0.45", "0.60")
"""JK-05: between 0.18 and 0.60."""


class _Bill:
    """Collects lines towards a total."""

    def __init__(self, rng: Random, first_day: date, days: int) -> None:
        self._rng = rng
        self._first_day = first_day
        self._days = days
        self.lines: list[Line] = []

    @property
    def sum_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    def add(
        self,
        item: Item,
        catalogue_class: str,
        target_fen: int,
        quantity: int = 1,
        *,
        self_first_ratio: str | None = None,
        limit_share: float | None = None,
    ) -> None:
        """A line of about ``target_fen``, exactly quantity times unit price."""
        unit = max(10, round(target_fen / quantity))
        self.lines.append(
            Line(
                line_no=len(self.lines) + 1,
                item=item,
                catalogue_class=catalogue_class,
                quantity=quantity,
                unit_price_fen=unit,
                occurred_on=self._first_day + timedelta(days=self._rng.randrange(self._days)),
                self_first_ratio=self_first_ratio,
                price_limit_fen=None if limit_share is None else round(unit * limit_share),
            )
        )


def inpatient_bill(
    rng: Random, *, total_fen: int, admitted_on: date, days: int, operated: bool
) -> tuple[Line, ...]:
    """The bill of a stay; its lines sum to ``total_fen`` exactly.

    Raises:
        ValueError: the total is too small to hold the lines of a stay.
    """
    bill = _Bill(rng, admitted_on, days)
    bill.add(_BED, "A", round(total_fen * 0.06), days)
    bill.add(_WARD_ROUND, "A", round(total_fen * 0.02), days)
    bill.add(_NURSING, "A", round(total_fen * 0.04), days)
    bill.add(_INJECTION, "A", round(total_fen * 0.03), days)
    for lab in rng.sample(_LABS, 3):
        bill.add(lab, "A", round(total_fen * rng.uniform(0.012, 0.03)))
    if operated:
        # Some operations cost more than the insurer's limit (JK-06).
        over = rng.choice((None, None, 0.85))
        bill.add(rng.choice(_SURGERIES), "A", round(total_fen * 0.16), limit_share=over)
        ratio = rng.choice(_IMPLANT_RATIOS)
        share = rng.uniform(0.06, 0.12)
        bill.add(rng.choice(_IMPLANTS), "A", round(total_fen * share), self_first_ratio=ratio)
    else:
        bill.add(_CT, "A", round(total_fen * 0.07))
    class_b = rng.uniform(0.24, 0.32)
    for drug in rng.sample(_DRUGS_B, 2):
        bill.add(drug, "B", round(total_fen * class_b / 2), rng.randint(3, 10))
    bill.add(rng.choice(_EXCLUDED), "C", round(total_fen * rng.uniform(0.073, 0.128)))
    bill.add(rng.choice(_DRUGS_A), "A", round(total_fen * 0.05), rng.randint(3, 12))
    rest = total_fen - bill.sum_fen
    if rest <= 0:
        raise ValueError(f"a stay of {total_fen} fen is too small for its lines")
    bill.add(_TREATMENT, "A", rest)
    return tuple(bill.lines)


def outpatient_bill(rng: Random, *, level: str, day: date) -> tuple[Line, ...]:
    """The bill of one outpatient visit; dearer at the district hospital."""
    low, high = {"village": (600, 2600), "township": (900, 4200)}.get(level, (2500, 11000))
    bill = _Bill(rng, day, 1)
    bill.add(_VISIT_FEE, "A", {"village": 600, "township": 1000}.get(level, 1500))
    bill.add(rng.choice(_DRUGS_A), "A", rng.randint(low, high) // 2, rng.randint(1, 3))
    if rng.random() < _CLASS_B_SHARE:
        bill.add(rng.choice(_DRUGS_B), "B", rng.randint(low, high) // 3)
    if level != "village" and rng.random() < _LAB_SHARE:
        bill.add(rng.choice(_LABS), "A", rng.randint(800, 2500))
    if rng.random() < _EXCLUDED_SHARE:
        bill.add(rng.choice(_EXCLUDED), "C", rng.randint(200, 900))
    return tuple(bill.lines)


_CLASS_B_SHARE = 0.35
_LAB_SHARE = 0.30
_EXCLUDED_SHARE = 0.06
