"""What the worker tells Prometheus of the matcher: whether its promises still hold."""

from __future__ import annotations

import math

import structlog

from services.identity.matching.scoring import WeightsAltered
from services.identity.reviews.domain import LEAST_REVIEWED
from services.identity.reviews.reporting import recent_precision
from services.identity.weights.drift import learned_tables
from shared.observability.metrics import METRICS
from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)


async def tell_drift(context: ServiceContext) -> None:
    """Set the gauges of precision and of the weights' last move; NaN where nothing is known."""
    async with context.db.reading() as session:
        share = await recent_precision(session, context)
        try:
            tables = await learned_tables(session, context)
        except WeightsAltered as altered:
            log.warning("weights_altered", error=str(altered))
            tables = []
    enough = share.total >= LEAST_REVIEWED
    upper = share.interval[1] if share.interval and enough else math.nan
    METRICS.match_precision.labels("probable").set(math.nan if share.value is None else share.value)
    METRICS.match_precision_upper.labels("probable").set(upper)
    moved = tables[0].moved if tables else None
    METRICS.match_weights_shift.labels(context.module.name).set(moved.bits if moved else math.nan)
