"""The people of the demonstration county: who they are, where they live, what they are listed as.

Pure and deterministic: the same region and seed give the same rows, byte for byte. Every ID
number begins with 519901, an area code that GB/T 2260 never assigned; every telephone number
begins with 10000, which no mobile network uses.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from deploy.demo.names import Ethnicity, Sex, full_name, surname
from shared.policy.region import RegionPack

SEED = 2016
HOUSEHOLDS = 1_438
"""JK-30."""
PERSONS = 3_793
"""JK-30; 2.64 per household."""
RESIDENTS = 420
"""Ordinary people, on no roster, who come to the same windows."""

AREA_PREFIX = "519901"
PHONE_PREFIX = "10000"
ROSTER_DAY = date(2015, 12, 31)
"""The roster tells the county as of this day; ages are counted on it."""
_FIRST_LISTED = date(2014, 12, 1)
_LIFTED_ON = date(2015, 12, 1)
_LEAVES_ON = date(2016, 12, 31)
"""Last day of the few who are known to leave the registry at the end of the year."""

_GROWN_UP = 18
_SMALL = 2
"""A household of one or two."""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK = "10X98765432"


@dataclass(frozen=True, slots=True)
class Person:
    """One person. ``categories`` is empty for an ordinary resident."""

    household_no: str
    name: str
    id_number: str
    sex: Sex
    birth_date: date
    relation: str
    ethnicity: Ethnicity
    categories: tuple[str, ...]
    township: str
    village: str
    phone: str
    valid_from: date | None
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class County:
    """The registered people in household order, and some ordinary residents."""

    persons: tuple[Person, ...]
    residents: tuple[Person, ...]


def stream(seed: int, purpose: str) -> Random:
    """A random sequence of its own for each purpose, so that one part can change without others."""
    return Random(f"{seed}/{purpose}")  # noqa: S311 - made-up people, not secrets


def chance(rng: Random, share: float) -> bool:
    """True in that share of the draws."""
    return rng.random() < share


def check_character(first_17: str) -> str:
    """The eighteenth character of an ID number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(d) * weight for d, weight in zip(first_17, _WEIGHTS, strict=True))
    return _CHECK[total % 11]


class RegionTooBare(ValueError):
    """The pack names no village or hospital, so that nobody can live or be treated there."""


def build_county(region: RegionPack, *, seed: int = SEED) -> County:
    """Every person of the county.

    Raises:
        RegionTooBare: the region has no villages to live in.
    """
    places = [(t.name_zh, v.name_zh) for t in region.townships for v in t.villages]
    if not places:
        raise RegionTooBare(f"the pack {region.pack_id} names no village")
    rng = stream(seed, "people")
    numbers = _Numbers(rng)
    weights = [rng.uniform(0.6, 1.6) for _ in places]
    homes = _spread(rng, len(places), weights)
    persons: list[Person] = []
    per_village = dict.fromkeys(places, 0)
    for place_index, size in zip(homes, _sizes(rng), strict=True):
        township, village = places[place_index]
        per_village[places[place_index]] += 1
        household_no = f"{place_index + 1:02d}{per_village[places[place_index]]:04d}"
        persons += _household(rng, numbers, household_no, township, village, size)
    residents = [_resident(rng, numbers, *rng.choice(places)) for _ in range(RESIDENTS)]
    return County(tuple(persons), tuple(residents))


class _Numbers:
    """Gives out ID numbers, telephone numbers and name-birth-village triples, each once."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._ids: set[str] = set()
        self._known: set[tuple[str, date, str]] = set()
        self._phones = iter(rng.sample(range(10**6), HOUSEHOLDS + PERSONS + RESIDENTS))

    def id_number(self, birth: date, sex: Sex) -> str:
        while True:
            serial = self._rng.randrange(500) * 2 + (1 if sex == "M" else 0)
            body = f"{AREA_PREFIX}{birth:%Y%m%d}{serial:03d}"
            number = body + check_character(body)
            if number not in self._ids:
                self._ids.add(number)
                return number

    def phone(self) -> str:
        return f"{PHONE_PREFIX}{next(self._phones):06d}"

    def is_new(self, name: str, birth: date, village: str) -> bool:
        known = (name, birth, village)
        if known in self._known:
            return False
        self._known.add(known)
        return True


def _spread(rng: Random, places: int, weights: Sequence[float]) -> list[int]:
    """A village for every household, in village order; none stays empty."""
    homes = list(range(places))
    homes += rng.choices(range(places), weights=weights, k=HOUSEHOLDS - places)
    return sorted(homes)


def _sizes(rng: Random) -> list[int]:
    """Household sizes that add up to the registered persons exactly."""
    sizes = rng.choices((1, 2, 3, 4, 5, 6), weights=(22, 30, 22, 16, 7, 3), k=HOUSEHOLDS)
    largest = 7
    while (missing := PERSONS - sum(sizes)) != 0:
        index = rng.randrange(HOUSEHOLDS)
        changed = sizes[index] + (1 if missing > 0 else -1)
        if 1 <= changed <= largest:
            sizes[index] = changed
    return sizes


def _ethnicity(rng: Random, township: str) -> Ethnicity:
    if chance(rng, 0.72 if "彝" in township else 0.14):
        return "彝族"
    return "回族" if chance(rng, 0.05) else "汉族"


@dataclass(frozen=True, slots=True)
class _Member:
    relation: str
    sex: Sex
    birth_year: int
    keeps_surname: bool


def _sex(rng: Random) -> Sex:
    return "M" if chance(rng, 0.5) else "F"


def _members(rng: Random, size: int) -> list[_Member]:
    """Head, spouse, children, parents and grandchildren, with years of birth that fit together."""
    year = ROSTER_DAY.year
    old = size <= _SMALL and chance(rng, 0.6)
    head_age = rng.randint(60, 86) if old else rng.randint(31, 59)
    head_sex: Sex = "M" if chance(rng, 0.78) else "F"
    head = _Member("户主", head_sex, year - head_age, keeps_surname=True)
    members = [head]
    other: Sex = "F" if head_sex == "M" else "M"
    if size > 1 and chance(rng, 0.86):
        age = max(22, head_age + rng.randint(-5, 3))
        members.append(_Member("配偶", other, year - age, keeps_surname=False))
    if size > _SMALL + 1 and chance(rng, 0.55):
        sex = _sex(rng)
        relation = "父亲" if sex == "M" else "母亲"
        age = min(92, head_age + rng.randint(20, 30))
        members.append(_Member(relation, sex, year - age, keeps_surname=sex == "M"))
    while len(members) < size:
        sex = _sex(rng)
        age = head_age - rng.randint(20, 36)
        if age < 0:
            age = rng.randint(0, 3)
        grandchild_room = head_age - 44
        if grandchild_room > 0 and len(members) > _SMALL and chance(rng, 0.35):
            relation = "孙子" if sex == "M" else "孙女"
            age = rng.randint(0, min(grandchild_room, 16))
        else:
            relation = "儿子" if sex == "M" else "女儿"
        members.append(_Member(relation, sex, year - age, keeps_surname=True))
    return members


def _birth(rng: Random, year: int) -> date:
    first = date(year, 1, 1)
    last = min(date(year, 12, 31), ROSTER_DAY - timedelta(days=10))
    return first + timedelta(days=rng.randrange((last - first).days + 1))


def _household(
    rng: Random, numbers: _Numbers, household_no: str, township: str, village: str, size: int
) -> list[Person]:
    ethnicity = _ethnicity(rng, township)
    family = surname(rng, ethnicity)
    family_categories, valid_from, valid_to = _listing(rng, size)
    people = []
    phone = numbers.phone()
    for member in _members(rng, size):
        own_family = family if member.keeps_surname else surname(rng, ethnicity)
        birth, name = _new_person(rng, numbers, ethnicity, own_family, member, village)
        people.append(
            Person(
                household_no=household_no,
                name=name,
                id_number=numbers.id_number(birth, member.sex),
                sex=member.sex,
                birth_date=birth,
                relation=member.relation,
                ethnicity=ethnicity,
                categories=_with_own(rng, family_categories, ROSTER_DAY.year - birth.year),
                township=township,
                village=village,
                phone=phone if member.relation == "户主" else _own_phone(rng, numbers, birth),
                valid_from=max(valid_from, birth),
                valid_to=valid_to,
            )
        )
    return people


def _new_person(
    rng: Random,
    numbers: _Numbers,
    ethnicity: Ethnicity,
    family: str,
    member: _Member,
    village: str,
) -> tuple[date, str]:
    """A birth date and a name that nobody in the village has together."""
    while True:
        birth = _birth(rng, member.birth_year)
        name = full_name(rng, ethnicity, family, member.sex, birth.year)
        if numbers.is_new(name, birth, village):
            return birth, name


def _own_phone(rng: Random, numbers: _Numbers, birth: date) -> str:
    grown_up = ROSTER_DAY.year - birth.year >= _GROWN_UP
    return numbers.phone() if grown_up and chance(rng, 0.45) else ""


_Listing = tuple[tuple[str, ...], date, date | None]
"""Categories, first day, last day (None: open)."""

_LISTINGS: tuple[tuple[float, _Listing], ...] = (
    (0.785, (("registered_poor",), _FIRST_LISTED, None)),
    (0.090, (("registered_poor", "subsistence"), _FIRST_LISTED, None)),
    (0.070, (("registered_poor_lifted",), _LIFTED_ON, None)),
    (0.040, (("registered_poor", "low_income"), _FIRST_LISTED, None)),
    (0.015, (("registered_poor",), _FIRST_LISTED, _LEAVES_ON)),
)
_ALONE: _Listing = (("registered_poor", "destitute"), _FIRST_LISTED, None)


def _listing(rng: Random, size: int) -> _Listing:
    """What a household is listed as; some who live alone are destitute (特困)."""
    if size == 1 and chance(rng, 0.09):
        return _ALONE
    weights = [weight for weight, _ in _LISTINGS]
    return rng.choices(_LISTINGS, weights=weights)[0][1]


def _with_own(rng: Random, family: tuple[str, ...], age: int) -> tuple[str, ...]:
    """The household's categories and what is the person's own."""
    if chance(rng, 0.022):
        return (*family, "severely_disabled")
    if age > _GROWN_UP and chance(rng, 0.012):
        return (*family, "illness_impoverished_severe")
    return family


def _resident(rng: Random, numbers: _Numbers, township: str, village: str) -> Person:
    ethnicity = _ethnicity(rng, township)
    member = _Member("户主", _sex(rng), ROSTER_DAY.year - rng.randint(1, 82), keeps_surname=True)
    birth, name = _new_person(rng, numbers, ethnicity, surname(rng, ethnicity), member, village)
    return Person(
        household_no="",
        name=name,
        id_number=numbers.id_number(birth, member.sex),
        sex=member.sex,
        birth_date=birth,
        relation="",
        ethnicity=ethnicity,
        categories=(),
        township=township,
        village=village,
        phone=numbers.phone(),
        valid_from=None,
        valid_to=None,
    )


ROSTER_HEADERS = (
    "户编号", "姓名", "证件号码", "性别", "出生日期", "与户主关系", "民族", "人员类别",
    "乡镇", "村", "联系电话", "起始日期", "终止日期",
)  # fmt: skip

_CATEGORY_WORDS = {
    "registered_poor": "建档立卡",
    "registered_poor_lifted": "已脱贫",
    "destitute": "特困",
    "subsistence": "低保",
    "low_income": "低收入救助对象",
    "illness_impoverished_severe": "因病致贫重病",
    "severely_disabled": "重度残疾",
}


def roster_csv(persons: Iterable[Person]) -> bytes:
    """The roster as a poverty office would send it: CSV, UTF-8, Chinese headers and words."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(ROSTER_HEADERS)
    for person in persons:
        writer.writerow(
            (
                person.household_no,
                person.name,
                person.id_number,
                "男" if person.sex == "M" else "女",
                person.birth_date.isoformat(),
                person.relation,
                person.ethnicity,
                ";".join(_CATEGORY_WORDS[code] for code in person.categories),
                person.township,
                person.village,
                person.phone,
                person.valid_from.isoformat() if person.valid_from else "",
                person.valid_to.isoformat() if person.valid_to else "",
            )
        )
    return text.getvalue().encode("utf-8")
