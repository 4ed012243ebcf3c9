"""``yizhan identity``: work on the register by the operator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from deploy.cli.console import console, write_private
from deploy.cli.in_service import in_service
from deploy.cli.rosters import import_roster
from services.identity.batch.service import MOST_ROWS, Progress, Result, match_file
from services.identity.batch.workbook import GRADES
from services.identity.cards import keys
from services.identity.cards.compromise import Compromised, compromise
from services.identity.cards.keys import Rotated
from services.identity.module import MODULE
from services.identity.recognition import rescoring
from services.identity.recognition.schemas import RescoringAnswer
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

app = typer.Typer(no_args_is_help=True, add_completion=False)

app.command("import")(import_roster)

T = TypeVar("T")


@app.command()
def match(
    visits: Annotated[Path, typer.Argument(help="an .xlsx list of visits", exists=True)],
    out: Annotated[
        Path | None, typer.Option(help="where the result goes; beside the list when left out")
    ] = None,
    english: Annotated[bool, typer.Option("--english", help="words of the result")] = False,
) -> None:
    """Grade every row of a list of visits; the columns stay, nothing is recorded as a visit."""
    target = out or visits.with_name(f"{visits.stem}-matched.xlsx")
    if target.exists() and out is None:
        console.print(f"{target} exists; name another file with --out", soft_wrap=True)
        raise typer.Exit(1)
    content = visits.read_bytes()
    with _showing() as (progress, moved):
        result = _match(content, english=english, progress=progress, moved=moved)
    write_private(target, result.content)
    console.print(_table(result))
    console.print(
        f"written to {target} (mode 0600: it tells who is on the register)", soft_wrap=True
    )


@app.command()
def rescore(
    recognition_id: Annotated[UUID, typer.Argument(help="of the recognition's answer")],
) -> None:
    """Score a kept decision again from its evidence and weights; exit code 1 when it differs."""

    async def work(context: ServiceContext, caller: Principal) -> RescoringAnswer:
        async with context.db.writing() as session:
            return await rescoring.rescore(session, context, caller, recognition_id)

    found = _in_identity(work)
    table = Table("field", "level", "weight then", "weight again")
    for item in found.evidence:
        table.add_row(item.field, item.level, f"{item.weight}", f"{item.weight_again}")
    table.add_row("score", found.grade, f"{found.score}", f"{found.score_again}")
    console.print(table)
    console.print(f"weights {found.weights_version}")
    if found.equal:
        console.print("equal: the decision scores the same to the bit")
        return
    console.print(
        "different: the person's entry was changed since, and with it how common his name is"
        if found.register_changed_since
        else "different, and the person's entry is as old as the decision: somebody changed a row",
        soft_wrap=True,
    )
    raise typer.Exit(1)


@app.command("rotate-card-key")
def rotate_card_key() -> None:
    """Let a new key sign health cards from now on; cards signed before stay good."""

    async def work(context: ServiceContext, caller: Principal) -> Rotated:
        async with context.db.writing() as session:
            return await keys.rotate(session, context, caller)

    done = _in_identity(work)
    console.print(f"cards are signed with {done.kid} from now on", soft_wrap=True, markup=False)
    if done.before is not None:
        console.print(
            f"{done.before} is retired; {done.good_cards:,} cards that it signed stay good. "
            "Windows that verify offline fetch GET /identity/v1/cards/keys before the next card "
            "is shown to them.",
            soft_wrap=True,
            markup=False,
        )


@app.command("compromised-card-key")
def compromised_card_key(
    kid: Annotated[str, typer.Argument(help="the key's id, as in GET /identity/v1/cards/keys")],
) -> None:
    """Revoke every card that a key signed which somebody else may hold, and sign with a new one."""

    async def work(context: ServiceContext, caller: Principal) -> Compromised:
        async with context.db.writing() as session:
            return await compromise(session, context, caller, kid)

    done = _in_identity(work)
    console.print(
        f"{done.kid} proves nothing any more: {done.revoked:,} cards are revoked, and cards are"
        f" signed with {done.signing} from now on. Windows that verify offline fetch"
        " GET /identity/v1/cards/keys and GET /identity/v1/cards/revocations at once;"
        " GET /identity/v1/cards/reissues lists who needs a new card.",
        soft_wrap=True,
        markup=False,
    )


def _match(
    content: bytes, *, english: bool, progress: Progress, moved: Callable[[], None]
) -> Result:
    async def work(context: ServiceContext, caller: Principal) -> Result:
        return await match_file(
            context,
            caller,
            content,
            max_rows=MOST_ROWS,
            english=english,
            progress=progress,
            moved=moved,
        )

    return _in_identity(work)


def _in_identity(work: Callable[[ServiceContext, Principal], Awaitable[T]]) -> T:
    return in_service(MODULE, work)


@contextmanager
def _showing() -> Iterator[tuple[Progress, Callable[[], None]]]:
    """A bar that moves with the rows."""
    progress = Progress()
    bar = Bar(
        TextColumn("  {task.description:<10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    task = bar.add_task(progress.stage, total=None)

    def moved() -> None:
        bar.update(
            task,
            description=progress.stage,
            completed=progress.done,
            total=progress.total or None,
        )

    with bar:
        yield progress, moved


def _table(result: Result) -> Table:
    table = Table("grade", "rows", "%")
    for grade, (chinese, english) in GRADES.items():
        count = result.grades.get(grade or "unasked", 0)
        table.add_row(f"{chinese} {english}", f"{count:,}", f"{100 * count / result.rows:.1f}")
    table.add_row("合计 total", f"{result.rows:,}", "")
    return table
