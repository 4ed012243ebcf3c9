"""The demonstration county: exact counts, valid and plainly made-up identities, one county per seed."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from datetime import date

import pytest

from deploy.demo.county import (
    AREA_PREFIX,
    HOUSEHOLDS,
    PERSONS,
    PHONE_PREFIX,
    RESIDENTS,
    ROSTER_HEADERS,
    County,
    RegionTooBare,
    build_county,
    roster_csv,
)
from deploy.demo.names import misheard
from shared.policy.region import RegionPack, load_region


@pytest.fixture(scope="module")
def region() -> RegionPack:
    return load_region("jinkouhe-2016")


@pytest.fixture(scope="module")
def county(region: RegionPack) -> County:
    return build_county(region)


def mod_11_2(number: str) -> bool:
    """The check of GB 11643 written a second way: the weighted sum is 1 modulo 11."""
    total = sum(
        (10 if character == "X" else int(character)) * pow(2, 17 - place, 11)
        for place, character in enumerate(number)
    )
    return total % 11 == 1


def test_the_same_seed_gives_the_same_county(region: RegionPack, county: County) -> None:
    """Goal: a load can be repeated. Method: build twice, and once with another seed."""
    assert build_county(region) == county
    assert roster_csv(build_county(region).persons) == roster_csv(county.persons)
    assert build_county(region, seed=7) != county


@pytest.mark.parametrize("seed", [2016, 1, 99])
def test_counts_are_those_of_the_report(region: RegionPack, seed: int) -> None:
    """Goal: JK-30 and JK-52 to the person. Method: count for several seeds."""
    built = build_county(region, seed=seed)
    assert len(built.persons) == PERSONS == 3_793
    assert len({person.household_no for person in built.persons}) == HOUSEHOLDS == 1_438
    assert len({(person.township, person.village) for person in built.persons}) == 41
    assert len({person.township for person in built.persons}) == 6
    assert len(built.residents) == RESIDENTS


def test_every_id_number_is_valid_once_and_plainly_made_up(county: County) -> None:
    """Goal: no real person can be meant. Method: check digit, birth, sex, prefix, uniqueness."""
    everybody = [*county.persons, *county.residents]
    for person in everybody:
        number = person.id_number
        assert re.fullmatch(r"\d{17}[\dX]", number)
        assert number.startswith(AREA_PREFIX)
        assert mod_11_2(number)
        assert number[6:14] == f"{person.birth_date:%Y%m%d}"
        assert (int(number[16]) % 2 == 1) == (person.sex == "M")
    assert len({person.id_number for person in everybody}) == len(everybody)


def test_nobody_is_confused_with_a_neighbour(county: County) -> None:
    """Goal: name, birth date and village name one person. Method: look for a repeated triple."""
    triples = Counter(
        (person.name, person.birth_date, person.village)
        for person in [*county.persons, *county.residents]
    )
    assert max(triples.values()) == 1


def test_telephone_numbers_are_no_ones(county: County) -> None:
    """Goal: no telephone rings. Method: prefix, length, uniqueness."""
    numbers = [p.phone for p in [*county.persons, *county.residents] if p.phone]
    assert all(re.fullmatch(PHONE_PREFIX + r"\d{6}", number) for number in numbers)
    assert len(numbers) == len(set(numbers))


def test_households_are_families(county: County) -> None:
    """Goal: households are plausible. Method: one head each, one village, sizes, ages of parents."""
    households: dict[str, list] = {}
    for person in county.persons:
        households.setdefault(person.household_no, []).append(person)
    sizes = Counter(len(members) for members in households.values())
    assert set(sizes) <= set(range(1, 8))
    assert sizes[1] > 100
    assert sizes[4] > 100
    for members in households.values():
        heads = [member for member in members if member.relation == "户主"]
        assert len(heads) == 1
        assert len({(member.township, member.village) for member in members}) == 1
        for member in members:
            gap = heads[0].birth_date.year - member.birth_date.year
            if member.relation in {"父亲", "母亲"}:
                assert gap >= 18
            if member.relation in {"儿子", "女儿"}:
                assert gap <= -18
            if member.relation in {"父亲", "儿子", "孙子"}:
                assert member.sex == "M"


def test_names_of_three_peoples(county: County) -> None:
    """Goal: Han, Yi and Hui are there, Yi with the middle dot. Method: count and look at shapes."""
    by_people = Counter(person.ethnicity for person in county.persons)
    assert by_people["汉族"] > by_people["彝族"] > 500
    assert by_people["回族"] > 50
    dotted = [person for person in county.persons if "·" in person.name]
    assert all(person.ethnicity == "彝族" for person in dotted)
    assert len(dotted) > 0.6 * by_people["彝族"]
    assert all(re.fullmatch(r"[\u4e00-\u9fff·]{2,8}", p.name) for p in county.persons)
    assert len({person.name for person in county.persons}) > 2_500


def test_listings_are_mixed_and_some_end(county: County) -> None:
    """Goal: categories of every kind. Method: count codes and ends."""
    codes = Counter(code for person in county.persons for code in person.categories)
    assert codes["registered_poor"] > 3_000
    for code in (
        "registered_poor_lifted", "destitute", "subsistence", "low_income",
        "severely_disabled", "illness_impoverished_severe",
    ):  # fmt: skip
        assert codes[code] >= 20, code
    ends = {person.valid_to for person in county.persons}
    assert ends == {None, date(2016, 12, 31)}
    assert all(not resident.categories for resident in county.residents)


def test_the_roster_is_csv_with_chinese_headers(county: County) -> None:
    """Goal: the file is what a poverty office sends. Method: read it back with the csv module."""
    rows = list(csv.DictReader(io.StringIO(roster_csv(county.persons).decode("utf-8"))))
    assert tuple(rows[0]) == ROSTER_HEADERS
    assert len(rows) == PERSONS
    assert [row["证件号码"] for row in rows] == [p.id_number for p in county.persons]
    assert {row["性别"] for row in rows} == {"男", "女"}
    assert any(";" in row["人员类别"] for row in rows)


def test_a_misheard_name_differs_and_keeps_its_length() -> None:
    """Goal: typing errors are errors. Method: two names, with and without a known homophone."""
    assert misheard("李国华") == "李国花"
    assert misheard("赵凯") == "赵某"


def test_a_pack_without_a_village_has_no_demo_county() -> None:
    """Goal: told in a sentence, not by a traceback. Method: a pack that names no place."""
    with pytest.raises(RegionTooBare, match="names no village"):
        build_county(load_region("kaizhou-2020"))
