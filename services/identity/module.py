"""The manifest of identity."""

from __future__ import annotations

from pathlib import Path

from services.identity.models import METADATA
from services.identity.persons.endpoints import router as persons
from services.identity.recognition.endpoints import router as recognitions
from services.identity.roster.endpoints import router as rosters
from shared.events.catalog import (
    PersonChanged,
    PersonEntered,
    PersonLeft,
    RecognitionMade,
    RosterApplied,
)
from shared.runtime.module import ServiceModule

MODULE = ServiceModule(
    name="identity",
    title="Identity",
    title_zh="身份识别",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    routers=(rosters, recognitions, persons),
    publishes=(RosterApplied, PersonEntered, PersonChanged, PersonLeft, RecognitionMade),
)
