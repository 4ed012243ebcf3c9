"""Rules that meet without a stated order, rules never reached, places by line, confirmations."""

from __future__ import annotations

from datetime import date
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.claims.settlement.bill import (
    CATEGORIES,
    DISEASE_PROGRAMMES,
    LEVELS,
    Evidence,
    Person,
    Standing,
    Visit,
)
from services.claims.settlement.conditions import Case, When
from services.claims.settlement.domain import settle
from services.claims.settlement.packs import load_pack_folder, validate_pack
from services.claims.settlement.possible import Bounds, example
from tests.unit.claims.bills import bill, changed_pack, jinkouhe, line, tier_of

POOR_ONLY = {"categories": ["registered_poor"]}
CITED = {"document": "d", "article": "a"}


def told(folder: Any) -> dict[str, str]:
    """Place to code of the folder's faults."""
    return {fault.where: fault.code for fault in validate_pack(folder)}


def floor(**more: Any) -> dict[str, Any]:
    """A second tilt of the medical aid ratio."""
    return {
        "target": "ratio",
        "operation": "add",
        "parameter": "basic.ratio.township",
        "when": {"categories": ["destitute"]},
        "citation": dict(CITED),
        **more,
    }


def grouped(content: dict[str, Any], first: dict[str, Any], second: dict[str, Any]) -> None:
    """Two tiers of basic insurance for stays, in one group, in place of the one there was."""
    stay = tier_of(content, "inpatient_basic")
    content["tiers"] = [
        stay | {"id": "first", "order": 1, "group": "stay", "when": first},
        stay | {"id": "second", "order": 2, "group": "stay", "when": second},
    ]


class TestConflicts:
    def test_two_tilts_of_one_target_need_an_order(self, tmp_path):
        """Goal: no silent order of lines. Method: a person of both categories meets both tilts;
        the fault names such a visit and the line of the second."""
        folder = changed_pack(
            tmp_path, pack=lambda c: tier_of(c, "medical_aid")["adjustments"].append(floor())
        )
        (fault,) = validate_pack(folder)
        assert (fault.where, fault.code) == (
            "tiers.medical_aid.adjustments[1]",
            "adjustments_conflict",
        )
        assert "destitute, registered_poor" in fault.message
        text = (folder / "pack.yaml").read_text(encoding="utf-8").splitlines()
        assert text[fault.line - 1].lstrip().startswith("- citation")
        assert "article: a" in text[fault.line]

    def test_a_stated_order_settles_it(self, tmp_path):
        """Goal: the author's order is the engine's. Method: the tilt that stands last is applied
        first (0.85 + 0.83, at most 1), then the floor changes nothing."""
        folder = changed_pack(
            tmp_path,
            pack=lambda c: (
                tier_of(c, "medical_aid")["adjustments"][0].update(order=2),
                tier_of(c, "medical_aid")["adjustments"].append(floor(order=1)),
            ),
        )
        pack = load_pack_folder(folder)
        (aid,) = [tier for tier in pack.tiers if tier.head.id == "medical_aid"]
        assert [a.operation for a in aid.head.adjustments] == ["add", "at_least"]
        both = Person(frozenset({"registered_poor", "destitute"}))
        stay = bill(line(1, "1000.00"), level="township")
        assert settle(stay, pack, both).patient_pays == 0

    @pytest.mark.parametrize(
        "apart",
        [
            {"when": {"any_category": False}},
            {"when": {"categories": ["destitute"], "from": date(2020, 1, 1)}, "first_until": True},
            {"target": "ratio", "when": {"visit_types": ["outpatient"]}},
        ],
    )
    def test_tilts_that_never_meet_are_no_conflict(self, tmp_path, apart):
        """Goal: no false alarm. Method: nobody's, by days, by kind of visit (never reached)."""

        def pack(content):
            first = tier_of(content, "medical_aid")["adjustments"]
            if apart.pop("first_until", False):
                first[0]["when"]["to"] = date(2019, 12, 31)
            first.append(floor(**apart))

        assert "adjustments_conflict" not in told(changed_pack(tmp_path, pack=pack)).values()

    def test_two_waivers_of_one_kind(self, tmp_path):
        """Goal: a line is waived by one rule. Method: two waivers that name lab, one for the poor."""

        def pack(content):
            content["waivers"] = [
                waiver | {"citation": dict(CITED)}
                for waiver in (
                    {"kinds": ["lab", "ct"], "ratio": "basic.ratio.township"},
                    {"kinds": ["lab"], "ratio": "basic.ratio.primary", "when": POOR_ONLY},
                    {"kinds": ["mri"], "ratio": "basic.ratio.primary", "when": POOR_ONLY},
                )
            ]

        assert told(changed_pack(tmp_path, pack=pack)) == {"waivers[1]": "waivers_conflict"}

    def test_conditions_that_exclude_each_other_are_no_conflict(self, tmp_path):
        """Goal: one payer may have a rule for the poor and one for everybody else. Method: the
        two conditions that no person can meet together."""

        def pack(content):
            stay = tier_of(content, "inpatient_basic")
            stay["when"] = {"visit_types": ["inpatient"], **POOR_ONLY}
            other = stay | {
                "id": "everybody_else",
                "order": 15,
                "when": {"visit_types": ["inpatient"], "any_category": False},
            }
            content["tiers"].insert(1, other)

        assert told(changed_pack(tmp_path, pack=pack)) == {}


class TestTiersThatNeedOthers:
    """``follows``, notices and kinds of line, on a pack in which the hospital bears the rest."""

    def pack(self, tmp_path: Any, *more: dict[str, Any], **follower: Any) -> Any:
        """Medical aid for stays, a hospital tier that follows it, and further tiers after them."""

        def change(content: dict[str, Any]) -> None:
            hospital = {
                "id": "hospital",
                "order": 100,
                "payer": "hospital",
                "kind": "remainder_up_to",
                "covers": "everything",
                "follows": ["medical_aid"],
                "citation": dict(CITED),
            }
            content["tiers"] += [hospital | follower, *more]

        return changed_pack(tmp_path, pack=change)

    def test_a_follower_applies_with_what_it_follows(self, tmp_path):
        """Goal: its conditions are those of both. Method: it follows a tier for stays and is for
        outpatients; and for stays."""
        out = self.pack(tmp_path / "out", when={"visit_types": ["outpatient"]})
        assert told(out) == {"tiers.hospital": "unreachable"}
        assert told(self.pack(tmp_path / "in", when={"visit_types": ["inpatient"]})) == {}

    def test_a_follower_conflicts_only_where_it_applies(self, tmp_path):
        """Goal: no false alarm, no missed one. Method: another hospital tier, for those without a
        category (never with medical aid), and for everybody."""
        other = {
            "id": "other",
            "order": 110,
            "payer": "hospital",
            "kind": "remainder_up_to",
            "covers": "in_scope",
            "citation": dict(CITED),
        }
        nobody = other | {"when": {"any_category": False}}
        assert told(self.pack(tmp_path / "nobody", nobody)) == {}
        assert told(self.pack(tmp_path / "all", other)) == {"tiers.other": "tiers_conflict"}

    def test_a_notice_pays_nothing_and_conflicts_with_nothing(self, tmp_path):
        """Goal: words may be said beside a payment. Method: a notice of the same payer."""
        notice = {
            "id": "words",
            "order": 120,
            "payer": "hospital",
            "kind": "notice",
            "words": {"zh": "说明。", "en": "Words."},
            "citation": dict(CITED),
        }
        assert told(self.pack(tmp_path, notice)) == {}

    def test_kinds_of_line_must_not_be_in_doubt(self, tmp_path):
        """Goal: whose line an earlier payer relieved is known. Method: drugs after the whole bill,
        for stays; for outpatients abroad, whom no earlier tier pays, there is no doubt."""
        drugs = {
            "id": "drugs",
            "order": 130,
            "payer": "charity_fund",
            "kind": "remainder_up_to",
            "covers": "everything",
            "line_kinds": ["drug"],
            "citation": dict(CITED),
        }

        def change(content: dict[str, Any]) -> None:
            others = {"charity_fund", "commercial_insurance"}
            content["tiers"] = [t for t in content["tiers"] if t["payer"] not in others]
            content["tiers"].append(drugs | {"when": when})

        when: dict[str, Any] = {"visit_types": ["inpatient"]}
        found = told(changed_pack(tmp_path / "stay", pack=change))
        assert found == {"tiers.drugs": "line_kinds_in_doubt"}
        when = {"visit_types": ["outpatient"], "in_region": False}
        assert told(changed_pack(tmp_path / "out", pack=change)) == {}


class TestNeverReached:
    @pytest.mark.parametrize(
        ("first", "second", "reached"),
        [
            ({}, POOR_ONLY, False),
            ({"any_category": True}, POOR_ONLY, False),
            ({"categories": ["registered_poor", "orphan"]}, POOR_ONLY, False),
            (POOR_ONLY, {"categories": ["registered_poor", "orphan"]}, True),
            (POOR_ONLY, {}, True),
            ({"in_region": True}, {"facility_levels": ["township"]}, True),
            ({"to": date(2016, 12, 31)}, {"from": date(2016, 6, 1), "to": date(2016, 9, 1)}, False),
            ({"to": date(2016, 12, 31)}, {"from": date(2016, 6, 1)}, True),
        ],
    )
    def test_a_sibling_before_it_always_holds(self, tmp_path, first, second, reached):
        """Goal: an exception after its general rule is told. Method: two tiers of one group."""
        stay = {"visit_types": ["inpatient"]}
        folder = changed_pack(tmp_path, pack=lambda c: grouped(c, stay | first, stay | second))
        assert told(folder) == ({} if reached else {"tiers.second": "unreachable"})

    def test_two_siblings_that_together_leave_nothing(self, tmp_path):
        """Goal: what each alone leaves, both may take. Method: in the region, outside, then a third."""

        def pack(content):
            grouped(content, {"in_region": True}, {"in_region": False})
            third = content["tiers"][0] | {"id": "third", "order": 3, "when": dict(POOR_ONLY)}
            content["tiers"].append(third)

        assert told(changed_pack(tmp_path, pack=pack)) == {"tiers.third": "unreachable"}

    @pytest.mark.parametrize(
        ("when", "place"),
        [
            ({"any_category": False, **POOR_ONLY}, "tiers.medical_aid"),
            ({"from": date(2017, 1, 1), "to": date(2016, 1, 1)}, "tiers.medical_aid"),
            ({"visit_types": ["inpatient"], "any_category": False}, "tiers.medical_aid.adj"),
        ],
    )
    def test_conditions_that_no_visit_meets(self, tmp_path, when, place):
        """Goal: a contradiction is told where it stands. Method: no category and a category; days
        reversed; a tilt for the poor in a tier for everybody else."""
        folder = changed_pack(tmp_path, pack=lambda c: tier_of(c, "medical_aid").update(when=when))
        (fault,) = validate_pack(folder)
        assert fault.code == "unreachable"
        assert fault.where.startswith(place)

    def test_a_waiver_after_the_packs_last_day(self, tmp_path):
        """Goal: waivers are checked as tiers are. Method: the pack ends before the waiver starts."""

        def pack(content):
            content["valid"]["to"] = date(2018, 12, 31)
            content["waivers"] = [
                {
                    "kinds": ["lab"],
                    "ratio": "basic.ratio.township",
                    "when": {"from": date(2019, 1, 1)},
                    "citation": dict(CITED),
                }
            ]

        assert told(changed_pack(tmp_path, pack=pack)) == {"waivers[0]": "unreachable"}


def _some(values: Any) -> Any:
    return st.frozensets(st.sampled_from(sorted(values)), max_size=2)


FLAG = st.sampled_from([None, True, False])
PEOPLE = ["registered_poor", "destitute", "orphan"]
ILLNESSES = ["major_14", "serious_34"]
WHENS = st.builds(
    When,
    visit_types=_some(["inpatient", "outpatient", "emergency"]),
    facility_levels=_some(["township", "secondary", "tertiary"]),
    categories=_some(PEOPLE),
    except_categories=_some(PEOPLE),
    disease_programmes=_some(ILLNESSES),
    any_category=FLAG,
    in_region=FLAG,
    in_region_or_referred=FLAG,
)


def subsets(values: list[str]) -> list[tuple[str, ...]]:
    return [chosen for size in range(len(values) + 1) for chosen in combinations(values, size)]


@settings(max_examples=40)
@given(st.lists(WHENS, min_size=1, max_size=2), st.lists(WHENS, max_size=2))
def test_an_example_is_found_exactly_when_there_is_one(all_of, none_of):
    """Goal: neither a false alarm nor a missed conflict. Method: against every visit there is of
    three kinds, four levels, four illnesses and eight persons."""
    pack = jinkouhe()
    bounds = Bounds(pack.valid_from, date.max, ("resident",), pack.parameters.at(pack.valid_from))

    def meets(case):
        return all(w.holds(case) for w in all_of) and not any(w.holds(case) for w in none_of)

    everything = (
        Case(
            Visit(
                kind,
                level,
                in_region=near,
                referral=referred,
                discharged_on=pack.valid_from,
                further_programmes=illnesses,
            ),
            Person(frozenset(person)),
            Evidence(),
            Standing(),
            bounds.view,
            pack.valid_from,
        )
        for kind, level, near, referred, illnesses, person in product(
            ["inpatient", "outpatient", "emergency", "chronic_outpatient"],
            ["township", "secondary", "tertiary", "village"],
            [True, False],
            [True, False],
            subsets([*ILLNESSES, "chronic_4"]),
            subsets([*PEOPLE, "low_income"]),
        )
    )
    found = example(bounds, all_of, none_of)
    assert (found is not None) == any(meets(case) for case in everything)
    assert found is None or meets(found)


def test_an_example_varies_every_fact_that_a_condition_can_ask_for():
    """Goal: a new condition cannot be forgotten here. Method: each field of When, alone, is met by
    some visit and not by another."""
    pack = jinkouhe()
    bounds = Bounds(pack.valid_from, date.max, ("resident", "staff"), pack.parameters.at(date.max))
    narrow: dict[str, Any] = {
        "visit_types": frozenset({"emergency"}),
        "facility_levels": frozenset({LEVELS[-1]}),
        "categories": frozenset({max(CATEGORIES)}),
        "except_categories": frozenset({max(CATEGORIES)}),
        "insurance_plans": frozenset({"staff"}),
        "disease_programmes": frozenset({max(DISEASE_PROGRAMMES)}),
        "first_day": date(2018, 1, 1),
        "last_day": date(2018, 1, 1),
    }
    for name in When.__dataclass_fields__:
        for value in [narrow[name]] if name in narrow else [True, False]:
            when = When(**{name: value})
            assert example(bounds, [when]) is not None, name
            assert example(bounds, [When()], [when]) is not None, name
