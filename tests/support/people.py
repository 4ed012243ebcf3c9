"""Synthetic people: valid check digits, an area code that GB/T 2260 never gave out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

SYNTHETIC_AREA = "519901"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"

HEADER = "户编号,姓名,证件号码,性别,出生日期,与户主关系,人员类别,乡镇,村,联系电话,起始日期,终止日期"


def id_number(birth: date, sequence: int, area: str = SYNTHETIC_AREA) -> str:
    """A valid 18-character number; an odd ``sequence`` is a man's (GB 11643)."""
    body = f"{area}{birth:%Y%m%d}{sequence:03d}"
    return body + _CHECK[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


@dataclass(frozen=True)
class RosterPerson:
    """One row of a roster."""

    name: str
    birth: date
    sequence: int
    household: str = "H0001"
    relation: str = "户主"
    category: str = "建档立卡"
    township: str = "金河镇"
    village: str = "测试村"
    phone: str = "10000000001"
    valid_from: str = "2015-01-01"
    valid_to: str = ""

    @property
    def number(self) -> str:
        return id_number(self.birth, self.sequence)

    @property
    def sex(self) -> str:
        return "男" if self.sequence % 2 else "女"

    def row(self) -> str:
        cells = (
            self.household, self.name, self.number, self.sex, self.birth.isoformat(),
            self.relation, self.category, self.township, self.village, self.phone,
            self.valid_from, self.valid_to,
        )  # fmt: skip
        return ",".join(cells)

    def but(self, **changes: object) -> RosterPerson:
        return replace(self, **changes)  # type: ignore[arg-type]


PATIENT = RosterPerson("测试甲", date(1962, 3, 4), 11)
NEIGHBOUR = RosterPerson("测试乙", date(1970, 8, 9), 22, household="H0002", phone="10000000002")


def roster_csv(*people: RosterPerson) -> bytes:
    """A roster file in UTF-8 with Chinese headers."""
    return "\n".join([HEADER, *(person.row() for person in people), ""]).encode()
