"""Cases in plain language: every shipped pack's own, a year of one person, what the runner tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from deploy.cli.main import app
from services.claims.packs.verdict import judge
from services.claims.settlement.cases import Difference, load_cases, run_case
from shared.policy.errors import PackInvalid
from shared.policy.folders import BUNDLED_PACKS, MemoryFolder, pack_folders, yaml_files
from shared.policy.reading import Reader
from tests.unit.claims.bills import JINKOUHE, changed_pack, jinkouhe

SHIPPED = sorted(pack_folders().items())
run = CliRunner()


@pytest.mark.parametrize("folder", [folder for _, folder in SHIPPED], ids=[p for p, _ in SHIPPED])
def test_a_shipped_pack_is_sound_and_its_cases_come_out(folder: Path) -> None:
    """Goal: content is tested like code, a new pack too. Method: every folder of deploy/packs."""
    verdict = judge(folder)
    assert [str(fault) for fault in verdict.errors] == []
    assert verdict.examples, "a pack ships with worked examples"
    assert {
        result.name: [str(difference) for difference in result.differences]
        for result in verdict.failed
    } == {}


def stay(day: str, amount: str, **expect: Any) -> dict[str, Any]:
    """A stay at the district hospital with one class A line."""
    return {
        "period": yaml.safe_load(day),
        "input": {
            "visit": {"type": "inpatient", "facility_level": "secondary"},
            "person": {"categories": ["registered_poor"]},
            "lines": [
                {
                    "line_no": 1,
                    "name": "住院费用",
                    "kind": "surgery",
                    "catalogue_class": "A",
                    "amount": amount,
                }
            ],
        },
        "expect": expect,
    }


def pack_with_cases(*cases: Mapping[str, Any]) -> MemoryFolder:
    text = yaml.safe_dump({"cases": list(cases)}, allow_unicode=True)
    return MemoryFolder(
        JINKOUHE, yaml_files(BUNDLED_PACKS / JINKOUHE) | {"cases.yaml": text.encode()}
    )


class TestYear:
    """Two stays of 60,200.00 leave 10,200.00 of burden each after basic insurance (0.83)."""

    def test_each_visit_starts_from_what_the_earlier_left(self) -> None:
        """Goal: accumulators are part of a case. Method: the annual cap of basic insurance
        (120,000.00) is hit by the third stay: 49,800.00 + 49,800.00 + 20,400.00."""
        payers = [
            {"basic_insurance": "49800.00"},
            {"basic_insurance": "49800.00"},
            {"basic_insurance": "20400.00"},
        ]
        folder = pack_with_cases(
            {
                "name": "三次住院",
                "period": yaml.safe_load("2016-01-31"),
                "visits": [
                    stay(f"2016-0{month}-01", "60200.00", payers=paid)
                    for month, paid in enumerate(payers, start=2)
                ],
                "expect_year": {"basic_paid": "120000.00"},
            }
        )
        (result,) = (run_case(jinkouhe(), case) for case in load_cases(folder))
        assert result.differences == ()

    def test_a_new_year_starts_from_nothing(self) -> None:
        """Goal: caps are the calendar year's. Method: the third stay is in January."""
        folder = pack_with_cases(
            {
                "name": "跨年",
                "period": yaml.safe_load("2016-11-01"),
                "visits": [
                    stay("2016-11-01", "60200.00"),
                    stay("2016-12-01", "60200.00"),
                    stay("2017-01-05", "60200.00", payers={"basic_insurance": "49800.00"}),
                ],
                "expect_year": {"basic_paid": "49800.00"},
            }
        )
        (result,) = (run_case(jinkouhe(), case) for case in load_cases(folder))
        assert result.differences == ()

    def test_what_differs_is_told_by_visit_and_field(self) -> None:
        """Goal: expected and got, by field. Method: two wrong expectations."""
        folder = pack_with_cases(
            {
                "name": "x",
                "period": yaml.safe_load("2016-02-01"),
                "visits": [stay("2016-02-01", "60200.00", payers={"basic_insurance": "1.00"})],
                "expect_year": {"basic_payed": "1.00"},
            }
        )
        (result,) = (run_case(jinkouhe(), case) for case in load_cases(folder))
        assert result.differences == (
            Difference("visits[0].payers.basic_insurance", "1.00", "49800.00"),
            Difference("expect_year.basic_payed", "1.00", None),
        )


@pytest.mark.parametrize(
    ("case", "place", "code"),
    [
        ({"expect": {"patient_pays": 991.27}}, "cases[0].expect.patient_pays", "not_a_string"),
        (
            {"expect": {"payers": {"hospital": 5}}},
            "cases[0].expect.payers.hospital",
            "not_a_string",
        ),
        ({"expected": {}}, "cases[0].expected", "unknown_key"),
        ({"period": "2016"}, "cases[0].period", "not_a_date"),
        ({"visits": []}, "cases[0].visits", "no_visits"),
        ({"input": None}, "cases[0].input", "missing"),
    ],
)
def test_a_malformed_case_is_refused(case: dict[str, Any], place: str, code: str) -> None:
    """Goal: a case that checks nothing does not pass silently. Method: one fault each."""
    plain = {"name": "n", **stay("2016-02-01", "10.00", patient_pays="1.50")}
    if "visits" in case:
        del plain["input"], plain["expect"]
    folder = pack_with_cases(plain | case)
    with pytest.raises(PackInvalid) as caught:
        load_cases(folder)
    assert (place, code) in {(fault.where, fault.code) for fault in caught.value.faults}
    assert all(fault.line for fault in caught.value.faults)


def test_the_year_of_a_visit_is_not_stated_twice() -> None:
    """Goal: one source of the year so far. Method: year_to_date inside a visit."""
    visit = stay("2016-02-01", "10.00")
    visit["input"]["year_to_date"] = {"basic_paid": "1.00"}
    folder = pack_with_cases(
        {"name": "n", "period": yaml.safe_load("2016-02-01"), "visits": [visit]}
    )
    with pytest.raises(PackInvalid) as caught:
        load_cases(folder)
    (fault,) = caught.value.faults
    assert fault.where == "cases[0].visits[0].input.year_to_date"


class TestCommands:
    def test_the_totals_are_printed(self) -> None:
        """Goal: what an author and the lead's checks read. Method: the shipped pack by its id."""
        told = run.invoke(app, ["packs", "test", JINKOUHE])
        assert told.exit_code == 0, told.output
        count = len(load_cases(BUNDLED_PACKS / JINKOUHE))
        assert f"{JINKOUHE}: {count} of {count} cases passed" in told.output
        assert f"total: {count} passed, 0 failed, 0 packs not loaded" in told.output

    def test_a_changed_value_fails_its_cases(self, tmp_path: Path) -> None:
        """Goal: expected and got by field, exit code 1. Method: the ratio 0.83 becomes 0.84, the
        folder is given by its path."""
        folder = changed_pack(
            tmp_path,
            parameters=lambda c: c["basic.ratio.township"].update(
                values={yaml.safe_load("2016-01-01"): "0.84"}
            ),
        )
        told = run.invoke(app, ["packs", "test", "--quiet", str(folder)], env={"COLUMNS": "200"})
        assert told.exit_code == 1
        assert "payers.basic_insurance" in told.output
        assert "1610.20" in told.output
        assert "1629.60" in told.output
        assert " failed, 0 packs not loaded" in told.output

    def test_every_fault_is_printed_with_its_line(self, tmp_path: Path) -> None:
        """Goal: place, fault and cure in two languages, exit code 1. Method: two faults."""
        folder = changed_pack(
            tmp_path,
            pack=lambda c: c["tiers"][0].pop("citation"),
            parameters=lambda c: c["outpatient.ratio"].update(unit="percent"),
        )
        told = run.invoke(app, ["packs", "validate", str(folder)])
        assert told.exit_code == 1
        assert "tiers[0].citation  [missing_citation]" in told.output
        assert "there is no citation; name the document and the article" in told.output
        assert "缺少出处；请注明文件和条款" in told.output
        assert "outpatient.ratio.unit  [unknown_word]" in told.output
        again = run.invoke(app, ["packs", "test", str(folder)])
        assert again.exit_code == 1
        assert "1 packs not loaded" in again.output

    def test_warnings_fail_only_when_asked(self) -> None:
        """Goal: an assumption is told apart from an error. Method: with and without --strict."""
        plain = run.invoke(app, ["packs", "validate", JINKOUHE])
        assert plain.exit_code == 0
        assert "assumption_unconfirmed" in plain.output
        assert run.invoke(app, ["packs", "validate", "--strict", JINKOUHE]).exit_code == 1

    def test_no_such_pack(self) -> None:
        """Goal: the packs at hand are named. Method: a pack that is not there."""
        told = run.invoke(app, ["packs", "validate", "atlantis-1999"], env={"COLUMNS": "300"})
        assert told.exit_code == 2
        assert JINKOUHE in told.output

    def test_the_list_counts_them(self) -> None:
        """Goal: what is at hand, at a glance. Method: each shipped pack is a row."""
        told = run.invoke(app, ["packs", "list"])
        assert told.exit_code == 0
        assert all(pack in told.output for pack, _ in SHIPPED)


class TestTemplate:
    """What an author starts from."""

    def test_a_copy_under_another_name_is_a_sound_pack(self, tmp_path: Path) -> None:
        """Goal: the guide's first step works. Method: copy, rename, change the id alone."""
        files = yaml_files(BUNDLED_PACKS / "template")
        files["pack.yaml"] = files["pack.yaml"].replace(b"id: template", b"id: some-county-2020")
        verdict = judge(MemoryFolder("some-county-2020", files))
        assert verdict.errors == verdict.warnings == verdict.failed == ()
        assert len(verdict.examples) >= 5

    @pytest.mark.parametrize("guide", ["policy-author.md", "policy-author.zh-CN.md"])
    def test_the_guide_explains_every_key(
        self, guide: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Goal: no key without its explanation. Method: every key that is asked for while the
        shipped packs are read stands in the guide, in code letters."""
        asked: set[str] = set()
        ask = Reader.raw

        def noting(self: Reader, key: str) -> Any:
            if not self.where.endswith((".columns", "insurance_plans")) and "." not in key:
                asked.add(key)
            return ask(self, key)

        monkeypatch.setattr(Reader, "raw", noting)
        for _, folder in SHIPPED:
            judge(folder)
        text = (BUNDLED_PACKS.parents[1] / "docs" / guide).read_text(encoding="utf-8")
        codes = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`]+)`", text))))
        assert len(asked) > 50
        assert asked - codes == set()
