"""The register in the memory of each process, never older than the database.

Every change that recognition should see raises the register's revision under its lock and stamps
the persons changed with it. A recognition reads the revision in its own transaction and, when it
is newer than what this process holds, loads the persons that are newer: no change is missed, in
whichever process it was made, and none waits for a message.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.categories.domain import Period, union
from services.identity.matching.index import Index
from services.identity.matching.model import AGREED_WEIGHTS, PRODUCT, product_model
from services.identity.matching.names import load_aliases
from services.identity.matching.places import MergedPlaces
from services.identity.matching.records import Person, Query
from services.identity.matching.scoring import Model, Weights
from services.identity.recognition.faces import Registered, Shown, faces, shown
from services.identity.recognition.repository import WEIGHTS_COLUMN, RegistryRepository
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.observability.logging import describe_exception
from shared.policy.mergers import PlaceMerger
from shared.runtime.context import ServiceContext
from shared.runtime.tasks import alongside

log = structlog.get_logger(__name__)

_STATE = "identity.registry"
_CHUNK_ROWS = 2_000


class _Row(NamedTuple):
    """A person's row as it is in memory."""

    person_id: UUID
    """Who he is: of an absorbed row, the one who was kept."""
    record_ids: tuple[str, ...]
    """In the index."""
    shown: Shown


@dataclass(frozen=True, slots=True)
class Picture:
    """What is told of a person."""

    masked_name: str
    township: str | None
    village: str | None
    held: tuple[Period, ...]
    """Of all sources, as one history."""


class Registry:
    """The registered persons of a region, prepared for comparison, and the weights in force."""

    def __init__(self, context: ServiceContext) -> None:
        self._context = context
        self._aliases = load_aliases(settings_of(context).alias_files)
        self._loading = asyncio.Lock()
        self._rows: dict[UUID, _Row] = {}
        self._absorbed: dict[UUID, set[UUID]] = {}
        """Rows of persons who were merged into another, by him."""
        self.revision = 0
        """Of the register as it is in memory; set when a load is complete."""
        self.index = Index()
        self.weights: Weights = AGREED_WEIGHTS

    def model_on(self, day: date) -> Model[Query, Person]:
        """How people are compared at a visit of that day: the region's mergers by then count."""
        return _model(self._context.region.mergers_on(day))

    async def refresh(self, session: AsyncSession) -> None:
        """Take in what was committed since; when this returns, nothing older is compared with."""
        repository = RegistryRepository(session, self._context.region.region_code)
        if await repository.revision() <= self.revision:
            return
        async with self._loading:
            await self._load(repository)

    async def _load(self, repository: RegistryRepository) -> None:
        # Read again under the lock: another request may have loaded it meanwhile.
        wanted = await repository.revision()
        if wanted <= self.revision:
            return
        learned = await repository.newest_weights()
        if learned is not None and learned.version != self.weights.version:
            table = Weights.from_json(
                self._context.vault.decrypt(learned.content_enc, column=WEIGHTS_COLUMN)
            )
            # An older release's table lacks levels of this one's model: the agreed one serves
            # until the next roster is learned from.
            if table.model == PRODUCT.name:
                self.weights = table
            else:
                log.warning("weights_of_another_model", version=table.version, model=table.model)
        loaded = 0
        async for rows in repository.changed_since(self.revision, chunk=_CHUNK_ROWS):
            prepared = await asyncio.to_thread(self._prepare, rows)
            for row_id, person_id, told, persons in prepared:
                self._replace(row_id, person_id, told, persons)
            loaded += len(rows)
        self.revision = wanted
        log.info("registry_loaded", revision=wanted, persons=loaded)

    def picture(self, person_id: UUID) -> Picture | None:
        """What is told of a person, and what he and those merged into him hold.

        Of the same revision as the index. None while he is not loaded yet, but one of those is.
        """
        row = self._rows.get(person_id)
        if row is None:
            return None
        kept = row.shown
        held = list(kept.held)
        for row_id in self._absorbed.get(person_id, ()):
            held += self._rows[row_id].shown.held
        return Picture(kept.masked_name, kept.township, kept.village, union(held))

    def _prepare(self, rows: Sequence[Registered]) -> list[tuple[UUID, UUID, Shown, list[Person]]]:
        today = business_date(self._context.clock.now())
        vault = self._context.vault
        return [
            (
                row.row_id,
                row.person_id,
                shown(row, vault),
                list(faces(row, vault, self._aliases, on=today)),
            )
            for row in rows
        ]

    def _replace(
        self, row_id: UUID, person_id: UUID, told: Shown, persons: Sequence[Person]
    ) -> None:
        before = self._rows.get(row_id)
        if before is not None:
            for record_id in before.record_ids:
                self.index.remove(record_id)
            self._absorbed.get(before.person_id, set()).discard(row_id)
        for person in persons:
            self.index.add(person)
        if person_id != row_id:
            self._absorbed.setdefault(person_id, set()).add(row_id)
        self._rows[row_id] = _Row(person_id, tuple(each.record_id for each in persons), told)


@lru_cache(maxsize=16)
def _model(mergers: tuple[PlaceMerger, ...]) -> Model[Query, Person]:
    return product_model(MergedPlaces((each.old, each.new) for each in mergers))


@asynccontextmanager
async def loaded(context: ServiceContext) -> AsyncIterator[None]:
    """Begin to load the registry when the process starts to serve, so that no window waits."""

    async def load() -> None:
        try:
            async with context.db.reading() as session:
                await registry_of(context).refresh(session)
        except Exception as error:  # noqa: BLE001 - the first recognition loads it, and tells why not
            log.warning("registry_not_loaded", error=describe_exception(error))

    async with alongside(load()):
        yield


def registry_of(context: ServiceContext) -> Registry:
    """The registry of this process, made when first asked for."""
    found = context.state.get(_STATE)
    if not isinstance(found, Registry):
        found = Registry(context)
        context.state[_STATE] = found
    return found
