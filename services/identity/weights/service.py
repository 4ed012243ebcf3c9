"""Learning the weights from the register, and who borrows numbers from what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import structlog

from services.identity.matching.lending import learn_lending
from services.identity.matching.model import AGREED_WEIGHTS
from services.identity.matching.names import AliasTable, load_aliases
from services.identity.matching.records import Person
from services.identity.matching.teaching import learn
from services.identity.persons.register import lock_register
from services.identity.recognition.faces import Registered, faces
from services.identity.recognition.repository import WEIGHTS_COLUMN, RegistryRepository
from services.identity.roster.repository import RosterRepository
from services.identity.settings import settings_of
from services.identity.weights import repository
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security.crypto import Vault

log = structlog.get_logger(__name__)

_CHUNK_ROWS = 2_000
_BEFORE_ANY = datetime(1970, 1, 1, tzinfo=UTC)


async def learn_from_register(session: WriteSession, context: ServiceContext) -> str | None:
    """Learn from the register as it is and put the table into force.

    The table agreed on is kept as well: decisions made before any learning name it.

    Returns:
        The version; None when the register is too small to learn from, or taught nothing new.
    """
    region = context.region.region_code
    await repository.keep(
        session,
        region,
        version=AGREED_WEIGHTS.version,
        content_enc=context.vault.encrypt(AGREED_WEIGHTS.to_json(), column=WEIGHTS_COLUMN),
        people=0,
        revision=0,
        at=_BEFORE_ANY,
    )
    rows = RegistryRepository(session, region)
    aliases = load_aliases(settings_of(context).alias_files)
    today = business_date(context.clock.now())
    people: list[Person] = []
    async for chunk in rows.changed_since(0, chunk=_CHUNK_ROWS):
        people += await asyncio.to_thread(
            _prepared, chunk, vault=context.vault, aliases=aliases, today=today
        )
    learned = await asyncio.to_thread(learn, people)
    if learned is None:
        return None
    shown = await repository.shown_numbers(session, region)
    learned = replace(learned, lending=learn_lending(shown, learned))
    await lock_register(session, region)
    revision = await rows.revision()
    new = await repository.keep(
        session,
        region,
        version=learned.version,
        content_enc=context.vault.encrypt(learned.to_json(), column=WEIGHTS_COLUMN),
        people=len(people),
        revision=revision,
        at=context.clock.now(),
    )
    if not new:
        return None
    # Whoever keeps the register in memory looks for new weights when its revision rises.
    await RosterRepository(session, region).raise_revision(outdates_rosters=False)
    log.info("weights_learned", version=learned.version, people=len(people))
    return learned.version


def _prepared(
    rows: Sequence[Registered], *, vault: Vault, aliases: AliasTable, today: date
) -> list[Person]:
    return [person for row in rows for person in faces(row, vault, aliases, on=today)]
