"""The way of a review, its figures, its words, and the question behind it."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.matching.decision import PRODUCT, REASONS
from services.identity.matching.records import Person, Query
from services.identity.matching.scoring import FieldSpec
from services.identity.reviews.domain import (
    Decided,
    Outcome,
    Share,
    Word,
    drawn,
    figures,
    status_after,
)
from services.identity.reviews.questions import (
    alias_name,
    alias_number,
    fingerprint,
    number_key,
)
from services.identity.reviews.words import FIELDS, evidence_words, reason_words, sound_code
from shared.security.crypto import Vault
from tests.support.people import NEIGHBOUR, PATIENT

A, B = UUID(int=1), UUID(int=2)
ON = date(2016, 7, 10)


def word(outcome: Outcome, person: UUID | None = None, decider: str = "a") -> Word:
    return Word(decider, outcome, person)


class TestWay:
    @pytest.mark.parametrize(
        ("words", "double", "status", "counts"),
        [
            ([], False, "open", None),
            ([], True, "open", None),
            ([word("same_person", A)], False, "decided", 0),
            ([word("same_person", A)], True, "second", None),
            ([word("same_person", A), word("same_person", A)], True, "decided", 1),
            ([word("same_person", A), word("same_person", B)], True, "disputed", None),
            ([word("same_person", A), word("different_person")], True, "disputed", None),
            (
                [word("same_person", A), word("different_person"), word("different_person")],
                True,
                "decided",
                2,
            ),
            (
                [word("same_person", A), word("same_person", B), word("different_person")],
                True,
                "decided",
                2,
            ),
        ],
    )
    def test_who_decides(
        self,
        words: list[Word],
        double: bool,
        status: str,
        counts: int | None,
    ) -> None:
        """Goal: one word, two that agree, or a third. Method: every course."""
        assert status_after(words, double=double) == (
            status,
            None if counts is None else words[counts],
        )


class TestSample:
    def test_the_share_is_met_and_stays(self) -> None:
        """Goal: a sample by hash, the same each time. Method: 20,000 ids; nobody, everybody."""
        ids = [UUID(int=number * 7919) for number in range(20_000)]
        taken = [each for each in ids if drawn(each, 0.1, purpose="double")]
        assert 0.09 < len(taken) / len(ids) < 0.11
        assert all(drawn(each, 0.1, purpose="double") for each in taken)
        assert not any(drawn(each, 0.0, purpose="double") for each in ids)
        assert all(drawn(each, 1.0, purpose="double") for each in ids)

    def test_two_samples_are_independent(self) -> None:
        """Goal: who is looked at says nothing of who is looked at twice. Method: two purposes."""
        ids = [uuid4() for _ in range(5_000)]
        both = sum(drawn(i, 0.5, purpose="a") and drawn(i, 0.5, purpose="b") for i in ids)
        assert 0.2 < both / len(ids) < 0.3


class TestFigures:
    def test_by_month_and_weights(self) -> None:
        """Goal: precision and agreement of each group. Method: two months, two tables."""

        def decided(month: int, version: str, grade: str, **more: object) -> Decided:
            values: dict[str, object] = {
                "outcome": "same_person",
                "confirmed": True,
                "words": (word("same_person", A),),
            }
            return Decided(date(2016, month, 1), grade, version, **(values | more))  # type: ignore[arg-type]

        wrong = {"outcome": "different_person", "confirmed": False}
        agreed = (word("same_person", A), word("same_person", A, "b"))
        disputed = (word("same_person", A), word("different_person", None, "b"))
        found = figures(
            [
                decided(6, "v1", "probable"),
                decided(7, "v1", "probable", **wrong),
                decided(7, "v1", "probable", words=agreed),
                decided(7, "v1", "possible", words=disputed),
                decided(7, "v2", "possible", **wrong),
            ]
        )
        assert [(each.month.month, each.weights_version) for each in found] == [
            (7, "v1"),
            (7, "v2"),
            (6, "v1"),
        ]
        first, second, third = found
        assert (first.decided, first.probable, first.possible, first.agreement) == (
            3,
            Share(1, 2),
            Share(1, 1),
            Share(1, 2),
        )
        assert (second.probable.value, second.possible.value) == (None, 0.0)
        assert third.probable.value == 1.0

    def test_wilsons_interval(self) -> None:
        """Goal: honest about small numbers. Method: a textbook value; ends stay within 0 and 1."""
        assert Share(8, 10).interval == (0.4902, 0.9433)
        assert Share(0, 0).interval is None
        assert Share(3, 3).interval == (0.4385, 1.0)

    @given(st.integers(0, 500), st.integers(1, 500))
    def test_the_interval_holds_the_share(self, count: int, total: int) -> None:
        """Goal: low ≤ value ≤ high, whatever was counted."""
        share = Share(min(count, total), total)
        assert share.interval is not None
        assert share.value is not None
        low, high = share.interval
        assert 0 <= low <= share.value + 1e-4
        assert share.value - 1e-4 <= high <= 1


class TestWords:
    @pytest.mark.parametrize("spec", PRODUCT.fields, ids=lambda spec: spec.name)
    def test_every_finding_has_words(self, spec: FieldSpec[Query, Person]) -> None:
        """Goal: no code on a reviewer's screen. Method: each level of each of the matcher's
        fields, no two levels of a field alike."""
        words = [evidence_words(spec.name, level) for level in spec.levels]
        for english, chinese in words:
            assert english.isascii()
            assert "_" not in english
            field, _, finding = chinese.partition(":")
            assert field == FIELDS[spec.name][1]
            assert not finding.isascii()
        assert len(set(words)) == len(words)

    def test_what_has_no_words_yet_is_told_by_its_code(self) -> None:
        """Goal: a new level breaks no screen."""
        assert evidence_words("blood_group", "very_near") == (
            "blood group: very near",
            "blood_group:very_near",
        )

    def test_both_languages(self) -> None:
        """Goal: English in English, Chinese in Chinese."""
        for english, chinese in (*FIELDS.values(), *map(reason_words, REASONS)):
            assert english.isascii()
            assert not chinese.isascii()

    @pytest.mark.parametrize(
        ("code", "sound"),
        [
            ("possible", True),
            ("shared_number", True),
            ("", False),
            ("张三 来了", False),
            ("a b", 0),
        ],
    )
    def test_a_reason_is_a_code(self, code: str, sound: object) -> None:
        """Goal: no words, in which a name could stand, are stored in clear."""
        assert sound_code(code) is bool(sound)


class TestQuestion:
    @pytest.fixture
    def vault(self, tmp_path: Path) -> Vault:
        return Vault.generate(tmp_path / "keys.json")

    def test_the_same_question_written_otherwise(self, vault: Vault) -> None:
        """Goal: typing makes no new question. Method: spaces, full width, 15 digits, telephone."""
        number = PATIENT.number
        wide = number.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
        asked = {"id_number": number, "name": "阿依古丽·买买提", "birth_date": None}
        same = [
            asked | {"id_number": f" {number[:6]} {number[6:]} "},
            asked | {"id_number": wide},
            asked | {"id_number": number[:6] + number[8:17]},
            asked | {"name": "阿依古丽 • 买买提"},
            asked | {"phone": "10000000001", "address": "金河镇", "sex": "M"},
        ]
        key = fingerprint(vault, asked, on=ON)
        assert [fingerprint(vault, each, on=ON) == key for each in same] == [True] * len(same)

    def test_another_question(self, vault: Vault) -> None:
        """Goal: a word about one is not taken for another. Method: number, name, birth; without a
        number also the place."""
        asked: dict[str, str | None] = {
            "name": "测试甲",
            "birth_date": "1962-03-04",
            "address": "甲村",
        }
        others: list[dict[str, str | None]] = [
            asked | {"address": "乙村"},
            asked | {"birth_date": "1962-04-03"},
            asked | {"name": "测试乙"},
            asked | {"id_number": PATIENT.number},
            asked | {"id_number": NEIGHBOUR.number},
            asked | {"mother_id_number": NEIGHBOUR.number},
        ]
        keys = {fingerprint(vault, each, on=ON) for each in [asked, *others]}
        assert len(keys) == len(others) + 1

    def test_a_fingerprint_needs_the_key(self, tmp_path: Path) -> None:
        """Goal: a dump does not tell whose question it was. Method: two deployments' keys."""
        vaults = [Vault.generate(tmp_path / f"{name}.json") for name in ("a", "b")]
        asked = {"id_number": PATIENT.number}
        assert len({fingerprint(vault, asked, on=ON) for vault in vaults}) == 2

    @pytest.mark.parametrize(
        ("name", "alias"),
        [
            ("测试佳", "测试佳"),
            ("  阿依古丽·买买提 ", "阿依古丽·买买提"),
            ("测试甲之子", None),
            ("测试甲之双胞胎女2", None),
            ("", None),
            ("··", None),
        ],
    )
    def test_which_name_becomes_an_alias(self, name: str, alias: str | None) -> None:
        """Goal: names, not stand-ins."""
        assert alias_name({"name": name}) == alias

    @pytest.mark.parametrize(
        ("text", "alias"),
        [
            (PATIENT.number.lower(), PATIENT.number),
            (PATIENT.number[:6] + PATIENT.number[8:17], PATIENT.number),
            (PATIENT.number[:-2] + "00", PATIENT.number[:-2] + "00"),
            ("5.11E+17", None),
            ("不详", None),
            ("", None),
        ],
    )
    def test_which_number_becomes_an_alias(self, text: str, alias: str | None) -> None:
        """Goal: what may be a typing error, not what is no number at all."""
        assert alias_number({"id_number": text}, on=ON) == alias

    def test_a_mistyped_number_is_compared_tidy(self) -> None:
        """Goal: an invalid number has one key however spaced."""
        assert number_key(" 5199 0119x ", on=ON) == "51990119X"
