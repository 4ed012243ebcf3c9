"""Identity's news that two registered persons are one, or two again."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.events.base import Envelope
from shared.events.catalog import PersonMerged, PersonUnmerged
from tests.support.service import envelope

FROM = datetime(2016, 3, 9, 1, 0, tzinfo=UTC)


def merged(
    kept: str = "K", absorbed: str = "A", number: int = 1, *, undo: bool = False
) -> Envelope[Any]:
    """The news; merges are numbered in the order in which identity made them."""
    at = FROM + timedelta(minutes=2 * number + undo)
    kind = PersonUnmerged if undo else PersonMerged
    said = kind(
        merge_id=f"m-{number:04}",
        kept_person_id=kept,
        absorbed_person_id=absorbed,
        recorded_at=at,
    )
    return envelope(said, sequence=10 * number + undo, at=at)


def unmerged(kept: str = "K", absorbed: str = "A", number: int = 1) -> Envelope[Any]:
    """The merge of that number was a mistake."""
    return merged(kept, absorbed, number, undo=True)
