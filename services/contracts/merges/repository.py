"""Who stands for whom, as identity told it.

Nothing is moved when two persons become one: contracts, discharges and tasks keep the id under
which they were told, and whoever reads them asks here whom that id means now.
"""

from __future__ import annotations

from services.contracts.models import person_merges
from shared.merges.store import MergeStore

MERGES = MergeStore(person_merges)
