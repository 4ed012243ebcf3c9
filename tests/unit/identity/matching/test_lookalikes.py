"""Twins, namesakes and relatives: who is not told for certain, and who all the same."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support.people import id_number
from tests.unit.identity.matching.county import (
    BORN,
    person,
)
from tests.unit.identity.matching.test_decision import HERE, NAMED, OWN, PATIENT, decided


class TestLookAlikes:
    TWIN_A = person("twin-a", "陈双喜", date(2001, 5, 6), 11)
    TWIN_B = person("twin-b", "陈双庆", date(2001, 5, 6), 13)

    def test_twins_by_number_and_name_are_themselves(self) -> None:
        """Goal: protection is no wall. Method: each twin's own number with the own name."""
        for twin, sequence, name in (("twin-a", 11, "陈双喜"), ("twin-b", 13, "陈双庆")):
            own = id_number(date(2001, 5, 6), sequence)
            found = decided(self.TWIN_A, self.TWIN_B, number=own, name=name)
            assert (found.grade, found.person_id) == ("certain", twin)

    def test_a_twins_number_alone_is_not_certain(self) -> None:
        """Goal: twins' cards are mixed up. Method: the number without a name."""
        found = decided(self.TWIN_A, self.TWIN_B, number=id_number(date(2001, 5, 6), 11))
        assert found.grade == "probable"
        assert "lookalike" in found.reasons

    def test_one_twins_number_with_the_others_name(self) -> None:
        """Goal: the relative is told. Method: number of A, name of B, date of both."""
        found = decided(
            self.TWIN_A,
            self.TWIN_B,
            number=id_number(date(2001, 5, 6), 11),
            name="陈双庆",
            birth_date=date(2001, 5, 6),
        )
        assert found.grade != "certain"
        assert found.best is not None
        assert found.best.person.person_id == "twin-b"
        assert found.reasons == ("number_of_relative",)

    def test_twins_whose_names_sound_alike(self) -> None:
        """Goal: 李丽 and 李莉. Method: a number of one with the other's name; names alone."""
        one = person("one", "李丽", date(2001, 5, 6), 12)
        two = person("two", "李莉", date(2001, 5, 6), 14)
        crossed = decided(one, two, number=id_number(date(2001, 5, 6), 12), name="李莉")
        assert (crossed.grade, crossed.reasons) == ("possible", ("number_of_relative",))
        own = decided(one, two, number=id_number(date(2001, 5, 6), 12), name="李丽")
        assert own.grade == "certain"

    def test_father_and_son_of_one_name(self) -> None:
        """Goal: number of one, date of the other. Method: the same name in one household."""
        son = person("son", "陈建国", date(1990, 7, 8), 15)
        crossed = decided(PATIENT, son, number=OWN, name="陈建国", birth_date=date(1990, 7, 8))
        assert (crossed.grade, crossed.reasons) == ("possible", ("number_of_relative",))
        own = decided(PATIENT, son, number=OWN, **NAMED)
        assert (own.grade, own.person_id) == ("certain", "patient")

    @pytest.mark.parametrize("born", [date(1990, 7, 8), BORN])
    def test_one_name_in_a_household_needs_the_date(self, born: date) -> None:
        """Goal: a lent number of a namesake. Method: number and name without date, and with one
        that is both their own; the date that is his alone."""
        son = person("son", "陈建国", born, 15)
        untold = decided(PATIENT, son, number=OWN, name="陈建国")
        assert (untold.grade, untold.person_id) == ("probable", "patient")
        assert "namesake" in untold.reasons
        told = decided(PATIENT, son, number=OWN, **NAMED)
        assert told.grade == ("probable" if born == BORN else "certain")

    def test_the_better_written_name_of_a_household_is_rather_meant(self) -> None:
        """Goal: variants in one household. Method: the other's number, his name as registered."""
        other = person("other", "陳建國", date(1990, 7, 8), 15)
        found = decided(PATIENT, other, number=OWN, name="陳建國")
        assert (found.grade, found.person_id) != ("certain", "patient")

    def test_a_relatives_birth_date_without_a_name(self) -> None:
        """Goal: the mother's card for the child. Method: number of one, date of the other, no
        name; then twins of that date; then a date of nobody."""
        day = date(1990, 7, 8)
        daughter = person("daughter", "陈秀兰", day, 12)
        found = decided(PATIENT, daughter, number=OWN, birth_date=day)
        assert (found.grade, found.person_id) == ("probable", "daughter")
        assert found.reasons == ("number_of_relative",)
        twin = person("twin", "陈秀英", day, 14)
        assert decided(PATIENT, daughter, twin, number=OWN, birth_date=day).grade == "possible"
        nobodys = decided(PATIENT, daughter, number=OWN, birth_date=date(1999, 1, 2))
        assert (nobodys.grade, nobodys.person_id) == ("possible", None)

    def test_a_lent_number_speaks_for_the_family(self) -> None:
        """Goal: beliefs mean what they say. Method: the number with nothing, with a brother's kind
        of name, and with another name: each less believed, none as if it were independent."""
        daughter = person("daughter", "陈秀兰", date(1990, 7, 8), 12)
        alone, brother, other = (
            decided(PATIENT, daughter, number=OWN, **named).ranked
            for named in ({}, {"name": "陈建业"}, {"name": "赵铁柱"})
        )
        believed = [
            next(one.belief for one in found if one.person.person_id == "patient")
            for found in (alone, brother, other)
        ]
        assert believed == sorted(believed, reverse=True)
        assert 0.97 < believed[0] < 0.999
        assert believed[1] < 0.97
        relative = next(one for one in alone if one.person.person_id == "daughter")
        assert relative.level("id_number") == "of_relative"
        assert relative.level("birth_date") is None

    def test_a_relatives_number_with_the_own_name_and_date(self) -> None:
        """Goal: right household, wrong number. Method: the father's number, the daughter's facts."""
        daughter = person("daughter", "陈秀兰", date(1990, 7, 8), 12)
        found = decided(
            PATIENT, daughter, number=OWN, name="陈秀兰", birth_date=date(1990, 7, 8), sex="F"
        )
        assert (found.grade, found.person_id) == ("probable", "daughter")
        assert found.reasons == ("number_of_relative",)
        vague = decided(PATIENT, daughter, number=OWN, name="陈秀")
        assert (vague.grade, vague.person_id) == ("possible", None)

    def test_one_name_in_one_village_with_a_slip_in_the_date(self) -> None:
        """Goal: review. Method: two of one name in the village, a date that is nobody's."""
        other = person("other", "陈建国", date(1975, 1, 20), 17, household_id="H7", phone="1")
        given = {"name": "陈建国", "birth_date": date(1963, 3, 4), "phone": "10000000001"}
        alone = decided(PATIENT, **given, address=HERE)
        found = decided(PATIENT, other, **given, address=HERE)
        assert (alone.grade, alone.person_id) == ("probable", "patient")
        assert (found.grade, found.person_id) == ("possible", None)
        assert found.reasons == ("several_alike",)
