"""The manifest of identity."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.identity.batch.pages import router as batch_pages
from services.identity.cards.endpoints import router as cards
from services.identity.cards.key_endpoints import router as card_keys
from services.identity.cards.key_pages import router as card_key_pages
from services.identity.cards.pages import router as card_pages
from services.identity.cards.reissue_pages import router as reissue_pages
from services.identity.categories.endpoints import router as categories
from services.identity.guessing.endpoints import router as guess_alarms
from services.identity.guessing.pages import router as alarm_pages
from services.identity.guessing.service import sharing
from services.identity.merges.endpoints import router as merges
from services.identity.merges.pages import router as merge_pages
from services.identity.models import METADATA
from services.identity.newborns.service import lapse
from services.identity.persons.endpoints import router as persons
from services.identity.persons.pages import router as person_pages
from services.identity.recognition.endpoints import router as recognitions
from services.identity.recognition.pages import router as window_pages
from services.identity.recognition.registry import loaded
from services.identity.reviews.endpoints import router as reviews
from services.identity.reviews.pages import router as review_pages
from services.identity.reviews.watching import tell_drift
from services.identity.roster.endpoints import router as rosters
from services.identity.roster.limits import upload_limits
from services.identity.roster.mapping_pages import router as mapping_pages
from services.identity.roster.pages import router as roster_pages
from services.identity.screens.kit import router as screen_assets
from services.identity.weights.handlers import on_roster_applied
from shared.events.catalog import (
    CardIssued,
    CardRevoked,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    PersonMerged,
    PersonUnmerged,
    RecognitionMade,
    RecognitionRevised,
    RosterApplied,
)
from shared.runtime.context import ServiceContext, ServiceModule, Subscription
from shared.web.navigation import ScreenLink


@asynccontextmanager
async def _lifespan(context: ServiceContext) -> AsyncIterator[None]:
    async with loaded(context), sharing(context):
        yield


MODULE = ServiceModule(
    name="identity",
    title="Identity",
    title_zh="身份识别",
    metadata=METADATA,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        rosters,
        recognitions,
        persons,
        categories,
        reviews,
        merges,
        cards,
        card_keys,
        guess_alarms,
    ),
    upload_limits=upload_limits,
    pages=(
        screen_assets,
        window_pages,
        mapping_pages,
        roster_pages,
        review_pages,
        person_pages,
        merge_pages,
        card_pages,
        reissue_pages,
        card_key_pages,
        batch_pages,
        alarm_pages,
    ),
    screens=(
        ScreenLink("/identity/", "窗口识别", "Window", "identity:recognise"),
        ScreenLink("/identity/rosters", "名册导入", "Rosters", "identity:roster"),
        ScreenLink("/identity/reviews", "识别复核", "Reviews", "identity:review"),
        ScreenLink("/identity/persons", "人员查询", "Persons", "identity:persons"),
        ScreenLink("/identity/batch", "批量识别", "Batch", "identity:persons"),
        ScreenLink("/identity/cards", "补发健康卡", "Cards", "identity:cards"),
        ScreenLink("/identity/alarms", "异常查询", "Alarms", "identity:review"),
    ),
    subscriptions=(
        Subscription(
            RosterApplied,
            on_roster_applied,
            "after each roster newborns are asked about again, and the matcher's weights are learned",
        ),
    ),
    watches=(tell_drift, lapse),
    lifespan=_lifespan,
    publishes=(
        RosterApplied,
        PersonEntered,
        PersonChanged,
        PersonLeft,
        RecognitionMade,
        RecognitionRevised,
        PersonMerged,
        PersonUnmerged,
        CardIssued,
        CardRevoked,
    ),
)
