"""Grades at the window: what is sure, what a person has to look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.identity.matching.decision import PROBABLE_BELIEF, REASONS, Decision, decide
from services.identity.matching.index import Index
from services.identity.matching.model import AGREED_WEIGHTS, PRODUCT, population_prior
from services.identity.matching.reasons import EVIDENCE
from services.identity.matching.records import Person
from tests.support.people import id_number
from tests.unit.identity.matching.county import (
    BORN,
    ask,
    crowd,
    mistyped,
    number,
    person,
    without_number,
)

OWN = id_number(BORN, 11)
PATIENT = person("patient", "陈建国", phone="10000000001")
NEIGHBOUR = person(
    "neighbour", "陈建军", date(1970, 8, 9), 21, household_id="H2", phone="10000000002"
)
NEIGHBOURS = id_number(date(1970, 8, 9), 21)
NAMED: dict[str, Any] = {"name": "陈建国", "birth_date": BORN}
HERE = "四川省乐山市金口河区金河镇和平村3组"


def decided(*people: Person, **given: Any) -> Decision:
    return decide(ask(**given), Index(people), AGREED_WEIGHTS)


class TestByNumber:
    @pytest.mark.parametrize(
        "given", [{}, {"name": "陈建国"}, NAMED, {"name": "陳建國"}, {"name": "陈建囯"}]
    )
    def test_a_number_that_nothing_contradicts_is_certain(self, given: dict[str, Any]) -> None:
        """Goal: the sure case. Method: the number with nothing, or with the name in variants."""
        found = decided(PATIENT, NEIGHBOUR, number=OWN, **given)
        assert (found.grade, found.person_id) == ("certain", "patient")

    def test_the_old_form_is_the_same_number(self) -> None:
        """Goal: 15 digits. Method: the number without century and check character."""
        assert decided(PATIENT, number=OWN[:6] + OWN[8:17]).grade == "certain"

    @pytest.mark.parametrize("name", ["王某", "欧阳修", "陈大明"])
    def test_another_name_pays_nothing(self, name: str) -> None:
        """Goal: a lent number. Method: right number, names that are clearly another's."""
        found = decided(PATIENT, NEIGHBOUR, number=OWN, name=name)
        assert (found.grade, found.person_id) == ("possible", None)
        assert "name_differs" in found.reasons

    def test_contradictions_lower_the_grade(self) -> None:
        """Goal: sex and date count. Method: one of them wrong, then both; the name told or not."""
        wrong = {"sex": "F", "birth_date": date(1999, 1, 2)}
        one = decided(PATIENT, number=OWN, name="陈建国", sex="F")
        both = decided(PATIENT, number=OWN, name="陈建国", **wrong)
        unnamed = decided(PATIENT, number=OWN, sex="F")
        assert [found.grade for found in (one, both, unnamed)] == ["probable", *["possible"] * 2]

    def test_a_shared_number_is_never_certain(self) -> None:
        """Goal: two with one number. Method: asked with and without the name of one of them."""
        double = person("double", "李秀英", household_id="H2", sex="F")
        named = decided(PATIENT, double, number=OWN, name="陈建国")
        unnamed = decided(PATIENT, double, number=OWN)
        assert (named.grade, named.person_id) == ("probable", "patient")
        assert (unnamed.grade, unnamed.person_id) == ("possible", None)
        assert named.reasons == unnamed.reasons == ("number_shared",)

    def test_a_shared_number_and_one_name_tell_nobody(self) -> None:
        """Goal: where number and name are two persons', a person looks. Method: the same, and with a
        birth date that one of them alone has."""
        double = person("double", "陈建国", household_id="H2", birth_date=date(1985, 9, 8))
        for told in ({}, {"birth_date": BORN}):
            found = decided(PATIENT, double, number=OWN, name="陈建国", **told)
            assert (found.grade, found.person_id) == ("possible", None)

    def test_relatives_of_each_holder_are_told_apart(self) -> None:
        """Goal: a number that stands in two households may be shown for a relative in either. Method:
        the wives of both holders, one after the other."""
        double = person("double", "王大明", household_id="H2")
        wives = [
            person(f"wife-{at}", name, date(1965, 6, 7), 22, household_id=at)
            for at, name in (("H1", "李秀英"), ("H2", "赵小兰"))
        ]
        for wife, name in zip(wives, ("李秀英", "赵小兰"), strict=True):
            found = decided(PATIENT, double, *wives, number=OWN, name=name)
            (level,) = (
                one.level("id_number") for one in found.ranked if one.person.key == wife.key
            )
            assert level == "of_relative"

    def test_a_stranger_of_the_name_told_is_no_relative(self) -> None:
        """Goal: a number of one and a name of another who is not of his household is for a person to
        look at. Method: the stranger's name and birth date beside the holder's number."""
        stranger = person("n", "赵小兰", date(1965, 6, 7), 22, household_id="H9")
        told = {"number": OWN, "name": "赵小兰", "birth_date": date(1965, 6, 7)}
        found = decided(PATIENT, stranger, **told)
        assert (found.grade, found.reasons) == ("possible", ("number_agrees", "name_differs"))

    def test_a_stranger_is_nobody(self) -> None:
        """Goal: no false match. Method: a valid number and a name that are not registered."""
        found = decided(PATIENT, number=NEIGHBOURS, name="赵铁柱")
        assert (found.grade, found.best, found.reasons) == ("none", None, ("nobody_fits",))

    def test_a_name_heard_or_cut_short_is_probable(self) -> None:
        """Goal: certain needs the person's own name. Method: a look-alike, a truncated name."""
        long = person("long", "阿依古丽·买买提", BORN, 12, household_id="H9")
        heard = {"number": OWN, "name": "陈健国"}
        assert decided(PATIENT, **heard).grade == "probable"
        assert decided(PATIENT, **heard, birth_date=BORN).grade == "certain"
        cut = decided(PATIENT, long, number=id_number(BORN, 12), name="阿依古丽")
        assert (cut.grade, cut.person_id) == ("probable", "long")


class TestMistypedNumbers:
    def test_a_repaired_number_with_the_name_is_probable(self) -> None:
        """Goal: a slip is no wall, and never certain. Method: every digit changed in turn."""
        for at in (0, 5, 8, 12, 15, 16):
            found = decided(PATIENT, NEIGHBOUR, number=mistyped(OWN, at), name="陈建国")
            assert (found.grade, found.person_id) == ("probable", "patient"), at
            assert "number_repaired" in found.reasons

    def test_two_slips_with_the_name_are_probable(self) -> None:
        """Goal: the same for two wrong keys. Method: two digits changed, with the name, in a crowd
        of the name; with another name; alone."""
        twice = mistyped(mistyped(OWN, 2), 15)
        crowd_of_name = [
            replace(
                one,
                person_id=f"n{at}",
                name=ask(name="陈建国").name,
                number=number(one.birth_date or BORN, 900 - at),
            )
            for at, one in enumerate(crowd(80))
        ]
        for others in ([NEIGHBOUR], crowd_of_name):
            found = decided(PATIENT, *others, number=twice, name="陈建国")
            assert (found.grade, found.person_id) == ("probable", "patient")
            assert "number_two_slips" in found.reasons
        assert decided(PATIENT, number=twice, name="赵铁柱").grade == "none"
        assert decided(PATIENT, number=twice).grade in ("possible", "none")

    def test_a_repaired_number_alone_is_possible(self) -> None:
        """Goal: corroboration is needed. Method: no name; another name, which makes it nobody."""
        assert decided(PATIENT, number=mistyped(OWN)).grade == "possible"
        assert decided(PATIENT, number=mistyped(OWN), name="赵铁柱").grade == "none"

    def test_the_birth_date_corroborates_as_well(self) -> None:
        """Goal: name *or* birth. Method: a mistyped number with the date and the sex."""
        found = decided(PATIENT, number=mistyped(OWN, 15), birth_date=BORN, sex="M", address=HERE)
        assert found.grade == "probable"

    def test_an_unreadable_number_leaves_it_to_the_name(self) -> None:
        """Goal: a destroyed number says nothing. Method: a spreadsheet's figure."""
        found = decided(PATIENT, number="5.11E+17", **NAMED, address=HERE)
        assert (found.grade, found.person_id) == ("probable", "patient")


class TestByName:
    @pytest.mark.parametrize(
        ("extra", "grade"),
        [
            ({"address": HERE}, "probable"),
            ({}, "probable"),
            ({"address": "金口河区金河镇"}, "probable"),
            ({"address": "成都市武侯区", "away": True}, "possible"),
            ({"address": "永和镇民主村"}, "possible"),
            ({"address": HERE, "sex": "F"}, "possible"),
            ({"address": "成都市", "away": True, "phone": "10000000001"}, "probable"),
            ({"phone": "19999999999"}, "probable"),
            ({"number": NEIGHBOURS, "address": HERE}, "possible"),
        ],
    )
    def test_name_birth_date_and_village(self, extra: dict[str, Any], grade: str) -> None:
        """Goal: at best probable. Method: exact name and birth date with what else is given."""
        found = decided(PATIENT, NEIGHBOUR, **NAMED, **extra)
        assert found.grade == grade
        assert found.person_id == ("patient" if grade == "probable" else None)

    def test_namesakes_are_told_apart_by_the_village_or_not_at_all(self) -> None:
        """Goal: no guess between two. Method: one name and birth date in two villages."""
        other = person("other", "陈建国", sequence=13, village="民主村", household_id="H9")
        there = decided(PATIENT, other, **NAMED, address=HERE)
        nowhere = decided(PATIENT, other, **NAMED)
        assert (there.grade, there.person_id) == ("probable", "patient")
        assert (nowhere.grade, nowhere.reasons) == ("possible", ("several_alike",))

    @pytest.mark.parametrize(
        "written", ["阿依•买买提", "阿依买买提", "阿依 · 买买提", "阿依・买买提"]
    )
    def test_dots_of_any_kind(self, written: str) -> None:
        """Goal: minority names. Method: the dot in other code points, or left out."""
        dotted = person("dotted", "阿依·买买提")
        found = decided(dotted, name=written, birth_date=BORN, address=HERE)
        assert found.grade == "probable"

    @pytest.mark.parametrize(
        ("name", "born"),
        [("陈建郭", BORN), ("陈建国", date(1962, 4, 3)), ("陈建国", date(1963, 3, 4))],
    )
    def test_one_slip_with_the_village_and_telephone(self, name: str, born: date) -> None:
        """Goal: slips of the ear and the pen. Method: a homophone; day and month; year ± 1."""
        found = decided(
            PATIENT, name=name, birth_date=born, address=HERE, phone="10000000001", sex="M"
        )
        assert (found.grade, found.person_id) == ("probable", "patient")

    def test_a_name_without_date_number_or_telephone_is_possible_at_most(self) -> None:
        """Goal: names are shared. Method: a rare name with its village."""
        small = replace(AGREED_WEIGHTS, prior=population_prior(500))
        found = decide(ask(name="陈建国", address=HERE, sex="M"), Index([PATIENT]), small)
        assert (found.grade, found.reasons) == ("possible", ("not_enough",))
        assert found.best is not None
        assert found.best.belief > PROBABLE_BELIEF

    def test_a_frequent_name_alone_is_a_question_not_an_answer(self) -> None:
        """Goal: bounded, and told as such. Method: 2,000 of one name in many villages."""
        many = [
            replace(one, person_id=f"w{at}", name=ask(name="王伟").name)
            for at, one in enumerate(crowd(2_000))
        ]
        found = decided(*many, name="王伟")
        assert (found.grade, found.person_id) == ("possible", None)
        assert found.reasons == ("too_many_alike",)


class TestNewborns:
    MOTHER = person("mother", "陈秀英", date(1988, 2, 3), 22)
    MOTHERS = id_number(date(1988, 2, 3), 22)
    DAY = date(2016, 5, 20)

    def child(self, person_id: str, name: str, sex: str = "M") -> Person:
        return without_number(person(person_id, name, self.DAY, 1 if sex == "M" else 2))

    def asked(self, *people: Person, **given: Any) -> Decision:
        return decided(self.MOTHER, *people, newborn=True, mother_number=self.MOTHERS, **given)

    def test_by_the_mothers_number_and_the_day(self) -> None:
        """Goal: provisional, never certain. Method: a registered child without a number."""
        child = self.child("child", "陈秀英之子")
        found = self.asked(child, name="陈秀英之子", birth_date=self.DAY)
        assert (found.grade, found.person_id, found.provisional) == ("probable", "child", True)
        assert found.reasons == ("newborn_provisional",)

    def test_twins_by_their_order(self) -> None:
        """Goal: no guess between twins. Method: with and without the order of birth."""
        first = self.child("first", "陈秀英之长子")
        second = self.child("second", "陈秀英之次子")
        told = self.asked(first, second, birth_date=self.DAY, sex="M", birth_order=2)
        assert (told.grade, told.person_id) == ("probable", "second")
        untold = self.asked(first, second, birth_date=self.DAY, sex="M")
        assert (untold.grade, untold.reasons) == ("possible", ("several_alike",))

    def test_twins_by_sex(self) -> None:
        """Goal: 之子 and 之女. Method: twins of two sexes."""
        son, daughter = self.child("son", "陈秀英之子"), self.child("girl", "陈秀英之女", "F")
        found = self.asked(son, daughter, birth_date=self.DAY, sex="F")
        assert (found.grade, found.person_id) == ("probable", "girl")

    def test_a_child_not_yet_registered(self) -> None:
        """Goal: the mother is found, the child not invented. Method: only she is registered."""
        found = self.asked(name="陈秀英之子", birth_date=self.DAY)
        assert (found.grade, found.person_id, found.provisional) == ("possible", None, True)
        assert found.reasons == ("mother_registered",)

    def test_the_stand_in_name_without_a_mothers_number(self) -> None:
        """Goal: what the register has is enough. Method: name, day and village of the child."""
        child = self.child("child", "陈秀英之子")
        found = decided(
            self.MOTHER, child, newborn=True, name="陈秀英之子", birth_date=self.DAY, address=HERE
        )
        assert (found.grade, found.person_id, found.provisional) == ("probable", "child", True)
        assert "newborn_provisional" in found.reasons


class TestCards:
    HOLDER = person("patient", "陈建国", card_numbers=("CARD-1",))

    def test_a_verified_card_is_certain_unless_contradicted(self) -> None:
        """Goal: LP-24. Method: the card alone; with another sex; with another name."""
        alone = decided(self.HOLDER, card_no="CARD-1", card_verified=True)
        sex = decided(self.HOLDER, card_no="CARD-1", card_verified=True, sex="F")
        name = decided(self.HOLDER, card_no="CARD-1", card_verified=True, name="赵铁柱")
        assert [alone.grade, sex.grade, name.grade] == ["certain", "probable", "possible"]

    def test_a_card_of_one_with_the_number_of_another(self) -> None:
        """Goal: two strong signs that contradict. Method: with the holder's name, and without."""
        card = {"card_no": "CARD-1", "card_verified": True, "number": NEIGHBOURS}
        named = decided(self.HOLDER, NEIGHBOUR, **card, name="陈建国")
        unnamed = decided(self.HOLDER, NEIGHBOUR, **card)
        assert [named.grade, unnamed.grade] == ["probable", "possible"]
        mother = person("mother", "李秀英", date(1970, 8, 9), 21)
        family = decided(self.HOLDER, mother, **card, name="陈建国")
        assert (family.grade, family.person_id) == ("probable", "patient")

    def test_a_typed_card_number_is_not(self) -> None:
        """Goal: only a signature proves. Method: the same number, not verified."""
        assert decided(self.HOLDER, card_no="CARD-1").grade == "possible"
        assert decided(self.HOLDER, card_no="CARD-1", name="陈建国").grade == "probable"


def test_a_dismissed_person_is_not_proposed_again() -> None:
    """Goal: "different person" stands. Method: the only candidate dismissed."""
    query = ask(number=OWN, name="王某")
    found = decide(query, Index([PATIENT]), AGREED_WEIGHTS, dismissed={"patient"})
    assert found.grade == "none"


def test_several_records_of_one_person_are_one_person() -> None:
    """Goal: a further number is no rival. Method: two records, asked by either number."""
    further = replace(PATIENT, record_id="r2", number=number(BORN, 15))
    first = replace(PATIENT, record_id="r1")
    for sequence in (11, 15):
        found = decided(first, further, number=id_number(BORN, sequence), name="陈建国")
        assert (found.grade, found.person_id) == ("certain", "patient")
        assert len(found.ranked) == 1


def test_every_finding_and_reason_has_words_in_both_languages() -> None:
    """Goal: nothing is told as a bare code. Method: every level of every field, every reason."""
    for spec in PRODUCT.fields:
        for level in spec.levels:
            chinese, english = EVIDENCE[spec.name, level]
            assert not chinese.isascii()
            assert english.isascii()
    for chinese, english in REASONS.values():
        assert not chinese.isascii()
        assert english.isascii()
