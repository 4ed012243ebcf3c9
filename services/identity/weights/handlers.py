"""Events in: identity listens to its own rosters, so that nothing of this delays an import."""

from __future__ import annotations

from services.identity.newborns.service import ask_again
from services.identity.weights import service
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import RosterApplied
from shared.runtime.context import ServiceContext


async def on_roster_applied(
    event: Envelope[RosterApplied], session: WriteSession, context: ServiceContext
) -> None:
    """The register changed: newborns may have numbers now, and names are more or less common."""
    await ask_again(session, context)
    if event.data.added or event.data.changed or event.data.removed:
        await service.learn_from_register(session, context)
