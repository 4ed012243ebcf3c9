"""Identity's news that two registered persons are one, or two again.

Rows keep the id under which they were told; the figures ask here whom it means. So nothing moves,
undoing is exact, and what comes later under an absorbed id counts for the kept person.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.reporting.models import person_merges
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import PersonMerged, PersonUnmerged
from shared.merges.store import MergeStore
from shared.runtime.context import ServiceContext

_MERGES = MergeStore(person_merges)


async def merge_told(
    events: Sequence[Envelope[PersonMerged | PersonUnmerged]],
    session: WriteSession,
    context: ServiceContext,
) -> None:
    """One person: he is counted once, and his visits and contracts are his; or two after all."""
    for event in events:
        await _MERGES.follow(session, event.data, region=context.region.region_code)
