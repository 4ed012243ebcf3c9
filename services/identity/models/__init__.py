"""Tables of identity, one file per aggregate."""

from services.identity.models.base import METADATA
from services.identity.models.persons import (
    households,
    memberships,
    persons,
    reveals,
    source_records,
)
from services.identity.models.recognitions import recognitions
from services.identity.models.rosters import (
    registers,
    roster_imports,
    row_faults,
    staged_removals,
    staged_rows,
)

__all__ = [
    "METADATA",
    "households",
    "memberships",
    "persons",
    "recognitions",
    "registers",
    "reveals",
    "roster_imports",
    "row_faults",
    "source_records",
    "staged_removals",
    "staged_rows",
]
