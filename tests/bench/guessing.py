"""Whoever guesses is refused and alarmed, and the time of an answer tells little of what it says.

Two measurements on a register of a few hundred people:

* *Equal time.* Questions that find somebody and such that find nobody, by number, number and name,
  card, and name and birth date, in random order over one connection to the service's own process.
  Told is how often a random hit takes longer than a random miss: 0.5 when time tells nothing, 1.0 when
  it tells all. It is uncertain by ±0.06 (two standard errors of 2 × 200 questions). A card that nobody
  has is refused by a status of its own, before anything is decided: there the time tells what the
  answer says anyway.
* *Enumeration.* Ten thousand numbers made up by their structure, beside a window that asks about
  whoever comes, registered or not; then the alarms.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import tempfile
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from services.identity.cards.domain import luhn_digit
from tests.bench.client import Answer, Connection, Request, fire
from tests.bench.over_http import reachable
from tests.bench.stage import ServiceProcess, Stage, product_on_postgres, upload_roster
from tests.support.people import id_number

QUESTIONS = 200
"""Of each kind, found and not found."""
CARDS = 20
GUESSES = 10_000
GUESSING_CONNECTIONS = 8
_WARM = 40
_PAUSE_S = 0.02
_SEED = 20160301


@dataclass(frozen=True)
class Told:
    """What the time of an answer tells about it."""

    hit_ms: float
    miss_ms: float
    longer: float
    """How often a hit takes longer than a miss."""


def longer(hits: Sequence[float], misses: Sequence[float]) -> float:
    """The share of pairs of a hit and a miss in which the hit is the larger; ties count half."""
    ordered = sorted(misses)
    below = sum(bisect_left(ordered, hit) + bisect_right(ordered, hit) for hit in hits)
    return below / (2 * len(hits) * len(ordered))


def run(console: Console, large: bool) -> None:
    """The part ``guessing``; its size is the same either way."""
    del large
    with (
        tempfile.TemporaryDirectory(prefix="yizhan-bench-") as name,
        product_on_postgres(reachable(Path(name))) as stage,
    ):
        import_id = upload_roster(stage)
        applied = stage.yizhan.call(
            "POST", f"/identity/v1/roster-imports/{import_id}/apply", client="poverty-office"
        )
        applied.raise_for_status()
        cards = [_card(stage, at) for at in range(CARDS)]
        asyncio.run(_measure(console, stage, cards))


async def _measure(console: Console, stage: Stage, cards: Sequence[str]) -> None:
    await stage.quiet()
    side = ServiceProcess(stage, 1)
    await side.copy()
    try:
        await asyncio.to_thread(side.start, "identity")
        _show_times(console, await _times(stage, side.port, cards))
    finally:
        side.stop()
    await _enumerate(console, stage)


# --- equal time ---------------------------------------------------------------------------------


async def _times(stage: Stage, port: int, cards: Sequence[str]) -> dict[str, Told]:
    source = random.Random(_SEED)
    headers = {"Authorization": f"Bearer {stage.yizhan.token('hospital')}"}
    found: dict[str, Told] = {}
    async with Connection(port, headers) as connection:
        for kind in ("number", "number and name", "card", "name and birth date"):
            asked = [
                (
                    hit,
                    _request(
                        stage, f"{kind}-{hit}-{at}", _credentials(stage, cards, kind, hit, at)
                    ),
                )
                for at in range(QUESTIONS)
                for hit in (True, False)
            ]
            source.shuffle(asked)
            for _, request in asked[:_WARM]:
                await connection.post(Request(request.path, request.body, f"warm-{request.key}"))
            times: dict[bool, list[float]] = {True: [], False: []}
            for hit, request in asked:
                answer = await connection.post(request)
                _check(kind, hit, answer)
                times[hit].append(answer.elapsed_s)
            found[kind] = Told(
                statistics.median(times[True]) * 1000,
                statistics.median(times[False]) * 1000,
                longer(times[True], times[False]),
            )
    return found


def _credentials(
    stage: Stage, cards: Sequence[str], kind: str, hit: bool, at: int
) -> dict[str, str]:
    person = stage.people[at % len(stage.people)]
    number = person.number if hit else guess(at)
    name = person.name if hit else f"司马{chr(0x4E00 + at)}{chr(0x5E00 + at)}"
    match kind:
        case "number":
            return {"id_number": number}
        case "number and name":
            return {"id_number": number, "name": name}
        case "card":
            return {"card_no": cards[at % len(cards)] if hit else _card_of_nobody(at)}
        case _:
            return {"name": name, "birth_date": person.birth.isoformat()}


def _check(kind: str, hit: bool, answer: Answer) -> None:
    """A measurement of something else is none."""
    grade = answer.json().get("grade") if answer.status == 200 else None
    expected = {"certain", "probable"} if hit else {None} if kind == "card" else {"none"}
    assert grade in expected, (kind, hit, answer.status, answer.body[:300])


def _show_times(console: Console, found: dict[str, Told]) -> None:
    table = Table(title=f"time of an answer, {QUESTIONS} found and {QUESTIONS} not, of each kind")
    for name in ("asked by", "found, median ms", "not found", "found takes longer in"):
        table.add_column(name, justify="left" if name == "asked by" else "right")
    for kind, told in found.items():
        table.add_row(kind, f"{told.hit_ms:.2f}", f"{told.miss_ms:.2f}", f"{told.longer:.2f}")
    console.print(table)


# --- enumeration --------------------------------------------------------------------------------


async def _enumerate(console: Console, stage: Stage) -> None:
    guesses = [
        _request(stage, f"G-{at}", {"id_number": guess(1_000 + at)}) for at in range(GUESSES)
    ]
    stop = asyncio.Event()
    window = asyncio.create_task(_window(stage, stop))
    try:
        guessed = await fire(
            stage.yizhan.port,
            stage.yizhan.token("operator"),
            guesses,
            concurrency=GUESSING_CONNECTIONS,
            expect={200, 429},
        )
    finally:
        stop.set()
        answers = await window
    statuses = Counter(answer.status for answer in guessed.answers)
    asked = Counter(answer.status for answer in answers)
    ordered = sorted(answer.elapsed_s * 1000 for answer in answers)
    await asyncio.sleep(2)
    alarms = await asyncio.to_thread(
        stage.yizhan.get, "/identity/v1/guess-alarms", client="operator"
    )
    console.print(
        f"{GUESSES:,} made-up numbers in {guessed.seconds:.0f} s: [bold]{statuses[200]:,}[/] answered,"
        f" [bold]{statuses[429]:,}[/] refused; a window of the same institution beside them asked"
        f" {len(answers):,} times, half of them about nobody: [bold]{asked[429]}[/] refused,"
        f" p50 {statistics.median(ordered):.1f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.1f} ms"
    )
    console.print(
        "alarms: "
        + "; ".join(
            f"{one['client_id']} at {one['place']}, {one['refused']:,} refused"
            for one in alarms["items"]
        )
    )


async def _window(stage: Stage, stop: asyncio.Event) -> list[Answer]:
    """A hundred times as busy as a window is: one question after the other, with a breath."""
    headers = {"Authorization": f"Bearer {stage.yizhan.token('hospital')}"}
    answers: list[Answer] = []
    async with Connection(stage.yizhan.port, headers) as connection:
        while not stop.is_set():
            at = len(answers)
            person = stage.people[at % len(stage.people)]
            told = {"id_number": person.number, "name": person.name}
            if at % 2:
                told = {"id_number": guess(20_000 + at), "name": f"司马{chr(0x4E00 + at)}明"}
            answers.append(await connection.post(_request(stage, f"W-{at}", told)))
            await asyncio.sleep(_PAUSE_S)
    return answers


# --- what is asked ------------------------------------------------------------------------------


def guess(at: int) -> str:
    """A valid number that nobody of the register has: theirs count from 100."""
    return id_number(date(1940, 1, 1) + timedelta(days=at // 99), 1 + at % 99)


def _card_of_nobody(at: int) -> str:
    body = f"511113{at + 1:09d}"
    return body + luhn_digit(body)


def _card(stage: Stage, at: int) -> str:
    call = stage.yizhan.call
    found: dict[str, Any] = call(
        "POST",
        "/identity/v1/persons/search",
        client="operator",
        json={"id_number": stage.people[at].number},
    ).json()
    answer = call(
        "POST",
        "/identity/v1/cards",
        client="operator",
        json={"person_id": found["items"][0]["person_id"]},
    )
    answer.raise_for_status()
    return str(answer.json()["card_no"])


def _request(stage: Stage, visit_no: str, credentials: dict[str, str]) -> Request:
    body = {
        "facility_code": stage.facility,
        "visit": {
            "visit_no": visit_no,
            "type": "outpatient",
            "occurred_at": "2016-03-01T09:30:00+08:00",
        },
        "credentials": credentials,
    }
    return Request(
        "/identity/v1/recognitions",
        json.dumps(body, ensure_ascii=False).encode(),
        f"ask-{visit_no.replace(' ', '-')}",
    )
