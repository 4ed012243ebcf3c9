"""Where a fault stands, what confirms an assumption, what is only a warning."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.claims.settlement.advising import warnings_of
from services.claims.settlement.domain import settle
from services.claims.settlement.packs import load_pack_folder, validate_pack
from shared.policy.errors import PackInvalid
from shared.policy.folders import BUNDLED_PACKS, MemoryFolder, content_hash, yaml_files
from tests.unit.claims.bills import JINKOUHE, POOR, bill, changed_pack, jinkouhe, line

CITED = {"document": "d", "article": "a"}


def told(folder: Any) -> dict[str, str]:
    """Place to code of the folder's faults."""
    return {fault.where: fault.code for fault in validate_pack(folder)}


class TestPlaces:
    def test_each_fault_has_its_line(self, tmp_path):
        """Goal: an editor can jump there. Method: faults in the shipped file at known lines; what
        is missing has the line of what it is missed in."""
        files = yaml_files(BUNDLED_PACKS / JINKOUHE)
        rows = files["parameters.yaml"].decode().splitlines()
        at = rows.index("basic.ratio.secondary:")
        cited = next(n for n in range(at, len(rows)) if rows[n].lstrip().startswith("citation"))
        valued = next(n for n in range(at, len(rows)) if "2016-01-01" in rows[n])
        segment = next(n for n, row in enumerate(rows) if 'above: "30000.00"' in row)
        rows[cited] = "  citation: { document: somewhere }"
        rows[valued] = '    2016-01-01: "1.83"'
        rows[segment] = '      - { above: "30000.00", ratio: "6" }'
        files["parameters.yaml"] = "\n".join(rows).encode()
        files["pack.yaml"] = files["pack.yaml"].replace(b"    kind: pooled_ratio\n", b"")
        pool = files["pack.yaml"].decode().splitlines().index("  - id: outpatient_pool")
        found = validate_pack(MemoryFolder(JINKOUHE, files))
        assert [(fault.line, fault.code) for fault in found if fault.file == "parameters.yaml"] == [
            (cited + 1, "missing_citation"),
            (valued + 1, "ratio_outside_0_1"),
            (segment + 1, "ratio_outside_0_1"),
        ]
        assert [(f.line, f.where) for f in found if f.code == "missing"] == [
            (pool + 1, "tiers[1].kind")
        ]
        assert any(str(fault).startswith(f"pack.yaml:{pool + 1}: tiers[1].kind") for fault in found)

    @pytest.mark.parametrize(
        ("text", "line_no"), [("a: 1\nb: [\n", 3), ("a: 1\n\na: 2\n", 3), ("a: &x 1\nb: *x\n", 2)]
    )
    def test_a_file_that_cannot_be_read_tells_its_line(self, text, line_no):
        """Goal: the same for broken YAML. Method: an open bracket, a repeated key, an alias."""
        files = yaml_files(BUNDLED_PACKS / JINKOUHE) | {"parameters.yaml": text.encode()}
        found = validate_pack(MemoryFolder(JINKOUHE, files))
        (fault,) = [fault for fault in found if fault.code == "yaml_malformed"]
        assert fault.line == line_no
        assert f"第 {line_no} 行" in fault.message_zh


def test_a_pack_in_memory_is_the_pack_on_disk():
    """Goal: a pack that is sent is read as one at hand. Method: version and verdict compared; what
    is not among the files cannot be named."""
    folder = BUNDLED_PACKS / JINKOUHE
    sent = MemoryFolder(JINKOUHE, yaml_files(folder))
    assert content_hash(sent) == content_hash(folder) == load_pack_folder(sent).version
    with pytest.raises(FileNotFoundError):
        sent.joinpath("../xinbin-2018/pack.yaml")


CONFIRMED = {
    "by": "区医保局",
    "date": date(2016, 7, 1),
    "document": "乐医保〔2016〕1号",
    "article": "三",
}


class TestConfirmation:
    def test_a_confirmed_value_is_no_assumption_any_more(self, tmp_path):
        """Goal: confirming is content: who, when, which document. Method: every assumed value is
        confirmed; production loads the pack and a bill names no assumption."""

        def parameters(content):
            for entry in content.values():
                if entry.get("assumed"):
                    entry["confirmed"] = dict(CONFIRMED)

        stay = bill(line(1, "1000.00"), level="tertiary")
        assert settle(stay, jinkouhe(), POOR).assumptions
        pack = load_pack_folder(changed_pack(tmp_path, parameters=parameters), production=True)
        assert pack.parameters.assumed_names == frozenset()
        assert settle(stay, pack, POOR).assumptions == ()
        cap = pack.parameters.by_name["basic.annual_cap"]
        assert cap.assumed
        assert cap.confirmation is not None
        assert cap.confirmation.on == date(2016, 7, 1)
        assert cap.confirmation.citation.document == "乐医保〔2016〕1号"
        assert pack.version != jinkouhe().version

    @pytest.mark.parametrize("left_out", ["by", "date", "document", "article"])
    def test_a_confirmation_is_complete(self, tmp_path, left_out):
        """Goal: half a confirmation is none. Method: leave one part out."""

        def parameters(content):
            confirmed = {key: value for key, value in CONFIRMED.items() if key != left_out}
            content["basic.annual_cap"]["confirmed"] = confirmed

        assert told(changed_pack(tmp_path, parameters=parameters)) == {
            f"basic.annual_cap.confirmed.{left_out}": "missing"
        }

    def test_what_was_not_assumed_needs_none(self, tmp_path):
        """Goal: no confirmation hides an assumption. Method: confirm a stated value."""
        folder = changed_pack(
            tmp_path,
            parameters=lambda c: c["outpatient.ratio"].update(confirmed=dict(CONFIRMED)),
        )
        assert told(folder) == {"outpatient.ratio.confirmed": "nothing_to_confirm"}

    def test_production_names_each_that_is_left(self, tmp_path):
        """Goal: all but one is not enough. Method: confirm all but one."""

        def parameters(content):
            for name, entry in content.items():
                if entry.get("assumed") and name != "medical_aid.annual_cap":
                    entry["confirmed"] = dict(CONFIRMED)

        with pytest.raises(PackInvalid) as caught:
            load_pack_folder(changed_pack(tmp_path, parameters=parameters), production=True)
        (fault,) = caught.value.faults
        assert (fault.where, fault.code) == ("medical_aid.annual_cap", "assumption_unconfirmed")
        assert fault.line > 0


def test_warnings_tell_what_is_assumed_open_unused_and_unlisted(tmp_path):
    """Goal: what does not keep a pack from loading is told apart. Method: one of each."""

    def parameters(content):
        content["spare.ratio"] = content["outpatient.ratio"] | {"citation": dict(CITED)}
        content["outpatient.annual_base"]["values"][date(2020, 1, 1)] = None

    pack = load_pack_folder(changed_pack(tmp_path, parameters=parameters))
    found = {(fault.where, fault.code) for fault in warnings_of(pack)}
    assumed = {
        (f"{name}.assumed", "assumption_unconfirmed") for name in pack.parameters.assumed_names
    }
    assert assumed
    assert found == assumed | {
        ("spare.ratio", "unused_parameter"),
        ("spare.ratio.citation", "document_not_listed"),
        ("outpatient.annual_base.values.2020-01-01", "value_left_open"),
    }
    assert pack.parameters.at(date(2016, 1, 1)).decimal("spare.ratio") == Decimal("0.60")
