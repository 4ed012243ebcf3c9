"""``yizhan identity import``: a roster's way into the register, through the HTTP interface."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from deploy.cli.console import clients_file_of, console, write_private
from shared.ids import new_id
from shared.runtime.settings import RuntimeSettings
from shared.security.clients import ClientsFile

_LOOK_EVERY_S = 0.3
_LONGEST_S = 3_600
_FEW = 5


def import_roster(
    file: Annotated[
        Path | None, typer.Argument(help="the roster, .xlsx or .csv", exists=True, dir_okay=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="poverty_office, civil_affairs, disabled_federation, insurer")
    ] = None,
    effective_on: Annotated[
        str | None, typer.Option(help="the day from which it holds, 2016-01-01")
    ] = None,
    mode: Annotated[str, typer.Option(help="full: whoever is absent leaves; delta")] = "delta",
    apply: Annotated[
        str | None, typer.Option("--apply", help="apply this import, as the second person")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask before applying")] = False,
    client: Annotated[str, typer.Option(help="the API client to act as")] = "poverty-office",
    base_url: Annotated[str | None, typer.Option(help="the running server")] = None,
) -> None:
    """Upload a roster and show what it would change; a second person applies it with --apply."""
    settings = RuntimeSettings()
    secret = ClientsFile(clients_file_of(settings)).secret_of(client)
    if secret is None:
        console.print(f"the clients file holds no secret of {client!r}: name another with --client")
        raise typer.Exit(1)
    address = base_url or f"http://{settings.host}:{settings.port}"
    try:
        with httpx.Client(base_url=address, timeout=_LONGEST_S) as http:
            office = _Office.signed_in(http, client, secret)
            if apply is not None:
                _apply(office, apply, yes=yes)
            elif file is not None and source is not None and effective_on is not None:
                _upload(office, file, source=source, effective_on=effective_on, mode=mode)
            else:
                raise typer.BadParameter(
                    "give FILE, --source and --effective-on; or --apply IMPORT_ID"
                )
    except httpx.TransportError as error:
        console.print(f"{address} does not answer ({type(error).__name__}): is the server running?")
        raise typer.Exit(1) from None


@dataclass(frozen=True)
class _Office:
    """A signed-in client of the identity service."""

    http: httpx.Client

    @classmethod
    def signed_in(cls, http: httpx.Client, client: str, secret: str) -> _Office:
        grant = http.post(
            "/oauth/token",
            data={
                "grant_type": "client_credentials",
                "client_id": client,
                "client_secret": secret,
            },
        )
        _checked(grant)
        http.headers["Authorization"] = f"Bearer {grant.json()['access_token']}"
        return cls(http)

    def get(self, path: str) -> httpx.Response:
        return _checked(self.http.get(f"/identity/v1{path}"))

    def post(self, path: str, **options: Any) -> dict[str, Any]:
        headers = {"Idempotency-Key": str(new_id())}
        answer = _checked(self.http.post(f"/identity/v1{path}", headers=headers, **options))
        return dict(answer.json())

    def watched(
        self, work: Callable[[], dict[str, Any]], mine: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """Do it, with a bar that moves as the service says how far it has come."""
        bar = Progress(
            TextColumn("  {task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        task = bar.add_task("sending", total=None)
        with bar, ThreadPoolExecutor(1) as beside:
            doing = beside.submit(work)
            while True:
                try:
                    return doing.result(timeout=_LOOK_EVERY_S)
                except NotYet:
                    if doing.done():
                        raise
                items = self.get("/roster-imports/progress").json()["items"]
                for item in (each for each in items if mine(each)):
                    bar.update(
                        task,
                        description=item["stage"],
                        completed=item["done"],
                        total=item["total"] or None,
                    )
                    break


def _upload(office: _Office, file: Path, *, source: str, effective_on: str, mode: str) -> None:
    content = file.read_bytes()
    before = {item["import_id"] for item in office.get("/roster-imports/progress").json()["items"]}
    found = office.watched(
        lambda: office.post(
            "/roster-imports",
            files={"file": (file.name, content, "application/octet-stream")},
            data={"source": source, "effective_on": effective_on, "mode": mode},
        ),
        lambda item: item["import_id"] not in before and item["source"] == source,
    )
    _show(found)
    import_id = found["import_id"]
    if found["errors_total"]:
        errors = office.get(f"/roster-imports/{import_id}/errors.xlsx").content
        target = file.with_name(f"{file.stem}-errors.xlsx")
        write_private(target, errors)
        console.print(
            f"{found['errors_total']:,} faults; to send back: {target}",
            soft_wrap=True,
            markup=False,
        )
    if not found["accepted"]:
        console.print("no row is accepted: correct the file and import it again")
        raise typer.Exit(1)
    console.print(
        "nothing is applied yet. A second person looks at these figures and applies it:\n"
        f"  yizhan identity import --apply {import_id}",
        soft_wrap=True,
        markup=False,
    )


def _apply(office: _Office, import_id: str, *, yes: bool) -> None:
    found = office.get(f"/roster-imports/{import_id}").json()
    if found["status"] == "applied":
        console.print(f"applied already, at {found['applied_at']}")
        return
    _show(found)
    if not yes:
        typer.confirm(
            "Are you another person than who uploaded it, and are the figures right?", abort=True
        )
    done = office.watched(
        lambda: office.post(f"/roster-imports/{import_id}/apply"),
        lambda item: item["import_id"] == import_id,
    )
    console.print(f"applied; {done['recognitions_affected']:,} earlier recognitions were told anew")


def _show(found: dict[str, Any]) -> None:
    diff = found["diff"]
    table = Table("", "", title=f"{found['source']}, {found['mode']}, from {found['effective_on']}")
    for name, count in (
        ("行数 rows", found["rows"]),
        ("通过 accepted", found["accepted"]),
        ("退回 rejected", found["rejected"]),
        ("新增 added", diff["added"]),
        ("变更 changed", diff["changed"]),
        ("移出 removed", diff["removed"]),
        ("不变 unchanged", diff["unchanged"]),
        ("保留 kept because their row is rejected", found["kept_because_rejected"]),
        ("成员不全 households incomplete", found["households_incomplete"]),
    ):
        table.add_row(name, f"{count:,}")
    console.print(table)
    for fault in found["errors"][:_FEW]:
        console.print(f"  row {fault['row']}, {fault['column']}: {fault['message']}", markup=False)


def _checked(answer: httpx.Response) -> httpx.Response:
    """The answer; a problem is shown in words and ends the program."""
    if not answer.is_error:
        return answer
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    title = problem.get("title") or problem.get("error_description") or answer.reason_phrase
    console.print(f"{title}\n{problem.get('title_zh', '')}".rstrip(), soft_wrap=True, markup=False)
    if problem.get("detail"):
        console.print(problem["detail"], soft_wrap=True, markup=False)
    for fault in problem.get("errors", ())[:_FEW]:
        console.print(f"  {fault['field']}: {fault['message']}", soft_wrap=True, markup=False)
    raise typer.Exit(1)
