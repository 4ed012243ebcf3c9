"""``yizhan packs``: a policy author checks a pack and calculates its worked examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from deploy.cli.console import console
from services.claims.packs.verdict import Verdict, judge
from services.claims.settlement.cases import ExampleResult
from shared.policy.errors import Fault
from shared.policy.folders import PACK_FILE, pack_folders
from shared.runtime.settings import RuntimeSettings

app = typer.Typer(no_args_is_help=True, add_completion=False)

Packs = Annotated[
    list[str] | None,
    typer.Argument(help="a pack's id or its folder; every pack at hand when left out"),
]


@app.command("list")
def list_packs() -> None:
    """The packs at hand: shipped, and in the folders of YIZHAN_PACKS."""
    table = Table("pack", "version", "errors", "warnings", "cases")
    for folder in _folders(None):
        verdict = judge(folder)
        table.add_row(
            folder.name,
            verdict.version[:12],
            str(len(verdict.errors)),
            str(len(verdict.warnings)),
            str(len(verdict.examples)),
        )
    console.print(table)


@app.command()
def validate(
    packs: Packs = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="warnings count as errors (before production)")
    ] = False,
) -> None:
    """Everything wrong with a pack at once: file, line, key, the fault and the cure.

    Ends with 1 when a pack has errors.
    """
    bad = False
    for folder in _folders(packs):
        verdict = judge(folder)
        bad |= bool(verdict.errors) or (strict and bool(verdict.warnings))
        for fault in verdict.errors:
            _tell("错误 error", "red", fault)
        for fault in verdict.warnings:
            _tell("提示 warning", "yellow", fault)
        console.print(
            f"{verdict.pack}: {len(verdict.errors)} errors, {len(verdict.warnings)} warnings"
            f" ({len(verdict.errors)} 个错误，{len(verdict.warnings)} 个提示)，"
            f" version {verdict.version[:12]}",
            style="red" if verdict.errors else "green",
            soft_wrap=True,
        )
    if bad:
        raise typer.Exit(1)


@app.command("test")
def calculate_cases(
    packs: Packs = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="only what differs, and the totals")
    ] = False,
) -> None:
    """Calculate the cases beside a pack and compare what each expects.

    Ends with 1 when a case comes out otherwise, or a pack cannot be loaded.
    """
    passed = failed = broken = 0
    for folder in _folders(packs):
        verdict = judge(folder)
        for fault in verdict.errors:
            _tell("错误 error", "red", fault)
        broken += bool(verdict.errors)
        if verdict.examples and not quiet:
            console.print(_table(verdict))
        for result in verdict.failed:
            _tell_differences(verdict.pack, result)
        good = len(verdict.examples) - len(verdict.failed)
        passed, failed = passed + good, failed + len(verdict.failed)
        console.print(
            f"{verdict.pack}: {good} of {len(verdict.examples)} cases passed"
            f" ({len(verdict.examples)} 个案例，{good} 个通过)",
            style="red" if verdict.failed or verdict.errors else "green",
            soft_wrap=True,
        )
    console.print(
        f"total: {passed} passed, {failed} failed, {broken} packs not loaded"
        f" (合计: 通过 {passed}，未通过 {failed}，无法加载 {broken})",
        soft_wrap=True,
    )
    if failed or broken:
        raise typer.Exit(1)


def _folders(packs: list[str] | None) -> list[Path]:
    """The folders meant: of packs at hand by id, or a folder itself."""
    at_hand = pack_folders(RuntimeSettings().pack_dirs)
    if not packs:
        return list(at_hand.values())
    found = []
    for pack in packs:
        folder = at_hand.get(pack, Path(pack))
        if not (folder / PACK_FILE).is_file():
            listed = ", ".join(sorted(at_hand)) or "none"
            raise typer.BadParameter(
                f"{pack} is neither a pack at hand ({listed}) nor a folder with {PACK_FILE};"
                f" {pack} 既不是现有政策包，也不是含 {PACK_FILE} 的文件夹"
            )
        found.append(folder.resolve())
    return found


def _tell(kind: str, style: str, fault: Fault) -> None:
    console.print(
        Text.assemble((f"{kind}  ", style), fault.place, f"  [{fault.code}]"), soft_wrap=True
    )
    console.print(f"    {fault.message_zh}\n    {fault.message}", markup=False, soft_wrap=True)


def _table(verdict: Verdict) -> Table:
    table = Table(
        "案例 case", "日期 date", "个人支付 patient pays", "结果 result", title=verdict.pack
    )
    for result in verdict.examples:
        table.add_row(
            Text(result.name),
            str(result.period),
            Text(result.patient_pays, justify="right"),
            "通过 passed" if result.passed else Text("不符 differs", style="red"),
        )
    return table


def _tell_differences(pack: str, result: ExampleResult) -> None:
    table = Table("项目 field", "应为 expected", "实为 got", title=f"{pack}: {result.name}")
    for difference in result.differences:
        got = "-" if difference.got is None else str(difference.got)
        table.add_row(difference.field, str(difference.expected), Text(got, style="red"))
    console.print(table)
