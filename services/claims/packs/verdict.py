"""Everything that can be said about a pack before it is used: faults, warnings, its own cases."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources.abc import Traversable

from services.claims.settlement.advising import warnings_of
from services.claims.settlement.cases import CASES_FILE, ExampleResult, read_cases, run_case
from services.claims.settlement.packs import load_pack_folder, validate_pack
from shared.policy.errors import Fault
from shared.policy.folders import content_hash
from shared.policy.places import with_lines


@dataclass(frozen=True)
class Verdict:
    """``errors`` keep the pack from being used, ``warnings`` do not.

    ``examples`` are the pack's own cases; none when it has errors.
    """

    pack: str
    version: str
    errors: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    examples: tuple[ExampleResult, ...]

    @property
    def valid(self) -> bool:
        return not self.errors

    @property
    def failed(self) -> tuple[ExampleResult, ...]:
        return tuple(result for result in self.examples if not result.passed)


def judge(folder: Traversable) -> Verdict:
    """Validate a pack's folder and, when it is sound, calculate its cases."""
    errors = validate_pack(folder)
    case_faults: list[Fault] = []
    cases = read_cases(folder, case_faults)
    missing = [fault for fault in case_faults if fault.code == "file_missing"]
    if not missing:
        errors += with_lines(case_faults, folder)
    if errors:
        return Verdict(folder.name, content_hash(folder), tuple(errors), (), ())
    pack = load_pack_folder(folder)
    warnings = with_lines(warnings_of(pack), folder)
    if missing:
        warnings.append(
            Fault(
                CASES_FILE,
                "(file)",
                "no_cases",
                "there is no worked example; write the cases that the document or the office"
                " has calculated by hand",
                "没有案例；请写入文件中或经办机构手工算过的案例",
            )
        )
    return Verdict(
        pack.pack_id,
        pack.version,
        (),
        tuple(warnings),
        tuple(run_case(pack, example) for example in cases),
    )
