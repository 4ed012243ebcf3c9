"""Hospitals at work, in real time: new patients come, are recognised, charged and settled now.

Runs against any Yizhan that answers on an address, next to whatever else it does.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

import httpx

from deploy.demo.client import Caller, DemoRefused, WaitedTooLong
from deploy.demo.county import SEED, County, build_county, chance, stream
from deploy.demo.load import Callers, recognise, settle
from deploy.demo.visits import Places, Visit, outpatient_visit, stay
from shared.clock import SHANGHAI, Clock
from shared.policy.region import RegionPack

MAX_UNDER_WAY = 32
"""Patients at the windows at once; when more would come, the next waits outside."""
_STAY_SHARE = 0.06
_RESIDENT_SHARE = 0.15
_STAY_FEN = (90_000, 520_000)
_LONGEST_STAY = timedelta(days=13)


@dataclass
class Tally:
    """What the hospitals did so far."""

    arrived: int = 0
    settled: int = 0
    refused: int = 0
    total_fen: int = 0
    grades: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    last: str = ""
    """The last settlement: the hospital's visit number, total and patient's part (CNY)."""


Watch = Callable[[Tally], None]


class Hospitals:
    """Makes visits of the demonstration county that end at the present moment."""

    def __init__(self, region: RegionPack, clock: Clock, *, seed: int = SEED) -> None:
        self._county: County = build_county(region, seed=seed)
        self._places = Places(region)
        self._clock = clock
        started = clock.now().astimezone(SHANGHAI)
        self._run = f"{started:%Y%m%d%H%M%S}"
        self._rng: Random = stream(seed, f"traffic/{self._run}")
        self._number = 0
        self._listed = [p for p in self._county.persons if p.valid_to is None]

    @property
    def run(self) -> str:
        """Names this run; part of every visit number, so that runs never collide."""
        return self._run

    def next_visit(self) -> Visit:
        """The next patient; the visit ends now."""
        self._number += 1
        rng = self._rng
        now = self._clock.now().astimezone(SHANGHAI).replace(microsecond=0)
        number = f"{self._run}{self._number:05d}"
        if chance(rng, _STAY_SHARE):
            person = rng.choice(self._listed)
            return stay(
                rng,
                self._places.district,
                person,
                now - _LONGEST_STAY,
                f"ZY{number}",
                rng.randint(*_STAY_FEN),
            )
        people = self._county.residents if chance(rng, _RESIDENT_SHARE) else self._listed
        begins = now - timedelta(minutes=75)
        return outpatient_visit(rng, self._places, rng.choice(people), begins, f"MZ{number}")


async def play(
    http: httpx.AsyncClient,
    secrets: dict[str, str],
    hospitals: Hospitals,
    watch: Watch,
    *,
    rate_per_s: float,
    duration_s: float | None,
) -> Tally:
    """Let patients come at ``rate_per_s`` on average until ``duration_s`` is over (None: for ever).

    A refused call is counted and the next patient comes; the tally tells which.
    """
    hospital = Callers.of(http, secrets).hospital
    tally = Tally()
    room = asyncio.Semaphore(MAX_UNDER_WAY)
    arrivals = stream(SEED, f"arrivals/{hospitals.run}")
    ends = None if duration_s is None else time.monotonic() + duration_s
    async with asyncio.TaskGroup() as patients:
        while ends is None or time.monotonic() < ends:
            await room.acquire()
            visit = hospitals.next_visit()
            tally.arrived += 1
            patients.create_task(_serve(hospital, visit, hospitals.run, tally, room, watch))
            await asyncio.sleep(arrivals.expovariate(rate_per_s))
    return tally


async def _serve(
    hospital: Caller,
    visit: Visit,
    prefix: str,
    tally: Tally,
    room: asyncio.Semaphore,
    watch: Watch,
) -> None:
    try:
        known = await recognise(hospital, visit, f"traffic-{prefix}")
        tally.grades[known.grade] += 1
        breakdown = await settle(hospital, visit, known, f"traffic-{prefix}")
    except (DemoRefused, WaitedTooLong, httpx.TransportError) as problem:
        tally.refused += 1
        code = problem.code if isinstance(problem, DemoRefused) else type(problem).__name__
        tally.problems[code] += 1
    else:
        tally.settled += 1
        tally.total_fen += visit.total_fen
        tally.last = f"{visit.visit_no}: {breakdown['total']} / {breakdown['patient_pays']}"
    finally:
        room.release()
        watch(tally)
