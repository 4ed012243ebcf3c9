"""A county of made-up households, and questions about them with the errors of ``errors``."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache

from services.identity.idnumber.domain import check_character
from services.identity.matching.births import lunar
from services.identity.matching.names import prepare_name, tables
from services.identity.matching.numbers import NumberForm, prepare_number
from services.identity.matching.records import Person, Query
from tests.bench.matching import errors
from tests.bench.matching.errors import Rate

TODAY = date(2016, 6, 30)
UNKNOWABLE = "unknowable"
"""Of questions that name nobody but by a number that is wrong or another person's."""
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫雷龙黎史陶贺毛段郝顾龚邵覃武钱戴严莫孔向常汤康易乔赖文"
GIVEN_M = "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊建国志文林海龙永福德贵长生成光荣昌富全兴"
GIVEN_F = "芳娜敏静丽艳娟霞秀兰玲桂英红梅燕玉萍琼珍凤琴春花莲菊香翠淑慧婷雪琳洁云美蓉佳欣怡"
CLANS = ("吉克", "阿鲁", "沙马", "曲木", "木呷", "俄木", "吉伍", "阿尔", "海来", "且沙")
YI_GIVEN = (
    "阿木",
    "日洛",
    "尔古",
    "拉则",
    "伍呷",
    "阿依",
    "木乃",
    "约布",
    "子哈",
    "史布",
    "阿呷",
    "依洛",
)
_FIRST_WEIGHTS = [1 / (rank + 4) for rank in range(len(SURNAMES))]


def number_of(born: date, sequence: int, area: str) -> str:
    body = f"{area}{born:%Y%m%d}{sequence:03d}"
    return body + check_character(body)


@dataclass(frozen=True)
class Truth:
    """A registered person as he is: texts, not forms."""

    person: Person
    name: str
    number: str | None
    groups: frozenset[str]


@dataclass(frozen=True)
class Asked:
    """A question, whom it is about (None: not on the roster), and the subgroups it counts in."""

    query: Query
    person_id: str | None
    groups: frozenset[str]


@dataclass
class County:
    """Everybody registered, with what questions about them need."""

    people: list[Truth] = field(default_factory=list)
    households: dict[str, list[Truth]] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)
    """In use: no two people of a country have one number."""


def build(size: int, seed: int = 2016) -> County:
    """About ``size`` registered people in households of one to six."""
    chance = random.Random(seed)
    county = County()
    household = 0
    while len(county.people) < size:
        household += 1
        _household(county, chance, f"h{household:06d}")
    return county


def _household(county: County, chance: random.Random, key: str) -> None:
    yi = chance.random() < 0.12
    surname = chance.choice(CLANS) if yi else chance.choices(SURNAMES, _FIRST_WEIGHTS)[0]
    township = (
        f"{'金永和共吉友民长红新'[chance.randrange(10)]}{'河和安乐利'[chance.randrange(5)]}镇"
    )
    village = f"{township[0]}{'平兴民顺林溪岩坪坝田'[chance.randrange(10)]}{'一二三四五六'[chance.randrange(6)]}村"
    area = f"5199{chance.randrange(1, 12):02d}"
    generation = chance.choice(GIVEN_M)
    head_born = date(1930, 1, 1) + timedelta(days=chance.randrange(60 * 365))
    members: list[tuple[str, date, str, frozenset[str]]] = [
        (_name(chance, surname, "M", None, yi), head_born, "M", frozenset())
    ]
    if chance.random() < 0.75:
        other = chance.choice(CLANS) if yi else chance.choices(SURNAMES, _FIRST_WEIGHTS)[0]
        born = head_born + timedelta(days=chance.randrange(-1500, 2500))
        members.append((_name(chance, other, "F", None, yi), born, "F", frozenset()))
    for _ in range(chance.choices((0, 1, 2, 3), (3, 4, 3, 1))[0]):
        sex = chance.choice("MF")
        born = head_born + timedelta(days=chance.randrange(20 * 365, 40 * 365))
        if born > TODAY:
            born = TODAY - timedelta(days=chance.randrange(2_000))
        members.append((_name(chance, surname, sex, generation, yi), born, sex, frozenset()))
        if chance.random() < 0.03:
            twin = _name(chance, surname, sex, generation, yi)
            groups = frozenset({"twins"})
            members[-1] = (*members[-1][:3], groups)
            if twin != members[-1][0]:
                members.append((twin, born, sex, groups))
    if chance.random() < 0.04:
        born = TODAY - timedelta(days=chance.randrange(1, 360))
        sex = chance.choice("MF")
        members.append(
            (_name(chance, surname, sex, generation, yi), born, sex, frozenset({"under 1"}))
        )
    sequence = chance.randrange(1, 400)
    found = []
    for place, (name, day, sex, groups) in enumerate(members):
        born = min(day, TODAY - timedelta(days=1))
        sequence += chance.choice((1, 2, 2, 4)) if "twins" in groups else chance.randrange(1, 90)
        number = number_of(born, (sequence * 2 + (sex == "M")) % 1000, area)
        years = (TODAY - born).days / 365.25
        no_number = chance.random() < (0.5 if years < 1 else 0.02 if years > 75 else 0.003)
        if number in county.numbers:
            no_number = True
        county.numbers.add(number)
        extra = {"minority name"} if yi else set()
        extra |= {"over 70"} if years > 70 else {"under 1"} if years < 1 else set()
        extra |= {"no number"} if no_number else set()
        person = Person(
            person_id=f"{key}-{place}",
            name=prepare_name(name),
            number=None if no_number else prepare_number(number, on=TODAY),
            birth_date=born,
            sex="M" if sex == "M" else "F",
            township=township,
            village=village,
            household_id=key,
        )
        found.append(Truth(person, name, None if no_number else number, groups | frozenset(extra)))
    county.households[key] = found
    county.people += found


def _name(chance: random.Random, surname: str, sex: str, generation: str | None, yi: bool) -> str:
    if yi:
        return f"{surname}·{chance.choice(YI_GIVEN)}"
    given = chance.choice(GIVEN_M if sex == "M" else GIVEN_F)
    if generation and chance.random() < 0.5:
        return surname + generation + given
    if chance.random() < 0.75:
        return surname + chance.choice(GIVEN_M + GIVEN_F) + given
    return surname + given


def ask(county: County, chance: random.Random) -> Asked:
    """One question as a window would put it."""
    if chance.random() < errors.STRANGERS.share:
        return _about_a_stranger(county, chance)
    truth = chance.choice(county.people)
    way = _drawn(chance, errors.WAYS) or "number and name"
    groups = set(truth.groups)
    told: dict[str, object] = {}
    if truth.number is None and way.startswith("number"):
        way = "name, birth date, village"
    if way.startswith("number"):
        number, slip = _number(county, truth, chance)
        told["number"] = prepare_number(number, on=TODAY)
        if slip:
            groups.add(
                {"one slip": "mistyped number", "relative's": "relative's number"}.get(slip, slip)
            )
        if chance.random() < 0.35:
            told["birth_date"] = _birth(truth, chance)
        if way == "number alone" and slip in ("relative's", "one slip"):
            # Nothing told speaks of the person meant: named apart, and counted apart.
            alone = "relative's number alone" if slip == "relative's" else "mistyped number alone"
            groups -= {"mistyped number", "relative's number"}
            groups |= {alone, UNKNOWABLE}
    else:
        told["birth_date"] = _birth(truth, chance)
        if chance.random() < 0.8:
            told["sex"] = truth.person.sex
    if way != "number alone":
        told["name"] = prepare_name(_misheard(truth.name, chance))
    if way == "name, birth date, village":
        told["address"] = _address(county, truth, chance)
    return Asked(Query(**told), truth.person.person_id, frozenset(groups))  # type: ignore[arg-type]


def _about_a_stranger(county: County, chance: random.Random) -> Asked:
    kind = _drawn(chance, errors.STRANGER_KINDS) or "anybody"
    near = chance.choice(county.people)
    born = date(1930, 1, 1) + timedelta(days=chance.randrange(86 * 365))
    sex = chance.choice("MF")
    surname = near.name[0] if kind != "anybody" else chance.choices(SURNAMES, _FIRST_WEIGHTS)[0]
    name = _name(chance, surname, sex, near.name[1:2] if kind != "anybody" else None, False)
    family = {one.name for one in county.households[near.person.household_id or ""]}
    while kind != "anybody" and name in family:
        # No two of a family bear one name (the registered, harsher, sometimes do here).
        name = _name(chance, surname, sex, near.name[1:2], False)
    own = _unused(county, born, chance)
    told: dict[str, object] = {"name": prepare_name(name)}
    if kind == "with a registered relative's number" and near.number:
        told["number"] = prepare_number(near.number, on=TODAY)
    elif chance.random() < 0.8:
        told["number"] = prepare_number(own, on=TODAY)
        if chance.random() < errors.NUMBER["one slip"].share:
            told["number"] = prepare_number(_slip(own, chance), on=TODAY)
    if "number" not in told or chance.random() < 0.35:
        told["birth_date"] = born
        told["sex"] = sex
    if kind == "kin of a registered household":
        told["address"] = near.person.village
    return Asked(Query(**told), None, frozenset({kind}))  # type: ignore[arg-type]


def _unused(county: County, born: date, chance: random.Random) -> str:
    while True:
        number = number_of(born, chance.randrange(1, 999), f"5199{chance.randrange(1, 12):02d}")
        if number not in county.numbers:
            return number


def _drawn(chance: random.Random, rates: Mapping[str, Rate]) -> str | None:
    point = chance.random()
    for kind, rate in rates.items():
        if point < rate.share:
            return kind
        point -= rate.share
    return None


def _number(county: County, truth: Truth, chance: random.Random) -> tuple[str, str | None]:
    number = truth.number or ""
    slip = _drawn(chance, errors.NUMBER)
    if slip == "one slip":
        return _slip(number, chance), slip
    if slip == "old form" and number[6:8] == "19":
        return number[:6] + number[8:17], slip
    if slip == "relative's":
        household = truth.person.household_id or ""
        kin = [one for one in county.households[household] if one.number and one is not truth]
        if kin:
            return chance.choice(kin).number or "", slip
    return number, None


def _slip(number: str, chance: random.Random) -> str:
    at = chance.randrange(17)
    kind = chance.random()
    if kind < 0.6:
        return (
            number[:at] + str((int(number[at]) + chance.randrange(1, 10)) % 10) + number[at + 1 :]
        )
    if kind < 0.8:
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    return number[:at] + number[at + 1 :] if kind < 0.9 else number[:at] + number[at] + number[at:]


def _misheard(name: str, chance: random.Random) -> str:
    if "·" in name:
        slip = _drawn(chance, errors.DOTTED)
        if slip == "dot dropped":
            return name.replace("·", "")
        if slip == "dot replaced":
            return name.replace("·", chance.choice(" .•"))
        if slip == "cut to four":
            return name.replace("·", "")[:4]
        return name
    slip = _drawn(chance, errors.NAME)
    at = chance.randrange(len(name))
    others: tuple[str, ...] = ()
    if slip == "homophone":
        others = _homophones().get(tables.dictionary().get(name[at], ""), ())
    elif slip == "variant":
        others = _variants().get(name[at], ())
    elif slip == "look-alike":
        others = _lookalikes().get(name[at], ())
    elif slip == "one character wrong":
        others = tuple(GIVEN_M)
    others = tuple(other for other in others if other != name[at])
    return name[:at] + chance.choice(others) + name[at + 1 :] if others else name


@cache
def _homophones() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for char in dict.fromkeys(SURNAMES + GIVEN_M + GIVEN_F + "健建剑伟卫玮芳方英瑛兰岚梅玫霞侠"):
        found.setdefault(tables.dictionary().get(char, char), []).append(char)
    return {sound: tuple(chars) for sound, chars in found.items()}


@cache
def _variants() -> dict[str, tuple[str, ...]]:
    return {
        "闫": ("阎",),
        "付": ("傅",),
        "肖": ("萧",),
        "国": ("國",),
        "兰": ("蘭",),
        "华": ("華",),
        "丽": ("麗",),
    }


@cache
def _lookalikes() -> dict[str, tuple[str, ...]]:
    return {
        "玲": ("铃",),
        "辉": ("晖",),
        "梅": ("海",),
        "晓": ("哓",),
        "健": ("建",),
        "芳": ("劳",),
    }


def _birth(truth: Truth, chance: random.Random) -> date:
    born = truth.person.birth_date
    assert born is not None
    slip = _drawn(chance, errors.BIRTH)
    if slip == "lunar" and (found := lunar(born)):
        try:
            return date(*found)
        except ValueError:
            return born
    if slip == "first of January":
        return date(born.year, 1, 1)
    if slip == "day and month exchanged" and born.day <= 12:
        return date(born.year, born.day, born.month)
    if slip == "year off by one" and (born.month, born.day) != (2, 29):
        return born.replace(year=born.year - 1)
    if slip == "one digit":
        return born.replace(day=1 + (born.day + 9) % 28)
    return born


def _address(county: County, truth: Truth, chance: random.Random) -> str:
    slip = _drawn(chance, errors.PLACE)
    person = truth.person
    if slip == "moved":
        person = chance.choice(county.people).person
    if slip == "township only":
        return person.township or ""
    return f"{person.township}{person.village}"


def registered(county: County) -> list[Person]:
    """The people for an index."""
    return [replace(one.person) for one in county.people]


__all__ = ["Asked", "County", "NumberForm", "ask", "build", "registered"]
