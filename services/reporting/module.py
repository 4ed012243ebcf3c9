"""The manifest of reporting."""

from __future__ import annotations

from pathlib import Path

from services.reporting.assessments.endpoints import router as assessments_router
from services.reporting.assessments.pages import router as assessment_pages
from services.reporting.dashboard.endpoints import page_data_router
from services.reporting.dashboard.endpoints import router as dashboard_router
from services.reporting.dashboard.pages import root_router
from services.reporting.entries.endpoints import router as entries_router
from services.reporting.entries.pages import router as entry_pages
from services.reporting.exports.endpoints import router as exports_router
from services.reporting.exports.pages import router as export_pages
from services.reporting.figures.keeping import keep_sums
from services.reporting.history.endpoints import router as history_router
from services.reporting.indicators.endpoints import router as indicators_router
from services.reporting.indicators.pages import router as indicator_pages
from services.reporting.live.endpoints import router as live_router
from services.reporting.live.service import live
from services.reporting.models import Base
from services.reporting.month_closes.endpoints import router as month_closes_router
from services.reporting.month_closes.list_pages import router as close_list_pages
from services.reporting.month_closes.pages import router as close_pages
from services.reporting.month_closes.row_pages import router as close_row_pages
from services.reporting.projections.handlers import SUBSCRIPTIONS
from services.reporting.quality.endpoints import router as quality_router
from services.reporting.quality.pages import router as quality_pages
from services.reporting.rebuild.endpoints import router as rebuild_router
from services.reporting.rebuild.jobs import run_rebuilds
from services.reporting.rebuild.pages import router as rebuild_pages
from services.reporting.register.endpoints import router as register_router
from services.reporting.register.file_endpoints import router as register_files_router
from services.reporting.register.item_pages import router as register_item_pages
from services.reporting.register.pages import router as register_pages
from services.reporting.register.watching import watch as watch_register
from services.reporting.screens.kit import router as screen_assets
from services.reporting.standards.endpoints import router as standards_router
from services.reporting.standards.pages import router as standards_pages
from services.reporting.summaries.endpoints import router as half_years_router
from services.reporting.summaries.pages import router as half_year_pages
from services.reporting.warnings.endpoints import router as warnings_router
from services.reporting.warnings.pages import router as warning_pages
from shared.events.catalog import MonthClosed, MonthReopened, RegisterItemOverdue, TargetMissed
from shared.runtime.context import ServiceModule
from shared.web.navigation import ScreenLink

MODULE = ServiceModule(
    name="reporting",
    title="Reporting",
    title_zh="统计",
    metadata=Base.metadata,
    migrations=Path(__file__).parent / "migrations",
    routers=(
        indicators_router,
        entries_router,
        quality_router,
        warnings_router,
        dashboard_router,
        live_router,
        month_closes_router,
        exports_router,
        history_router,
        half_years_router,
        register_router,
        register_files_router,
        standards_router,
        assessments_router,
        rebuild_router,
    ),
    pages=(
        page_data_router,
        screen_assets,
        close_list_pages,
        close_row_pages,
        export_pages,
        close_pages,
        register_pages,
        register_item_pages,
        standards_pages,
        assessment_pages,
        half_year_pages,
        indicator_pages,
        entry_pages,
        warning_pages,
        quality_pages,
        rebuild_pages,
    ),
    root_pages=(root_router,),
    screens=(
        ScreenLink("/", "县域总览", "County", None),
        ScreenLink("/reporting/indicators", "指标", "Indicators", "reporting:read"),
        ScreenLink("/reporting/closes", "月结", "Month closes", "reporting:read"),
        ScreenLink("/reporting/register", "台账", "Register", "reporting:read"),
        ScreenLink("/reporting/standards", "机构标准", "Standards", "reporting:read"),
        ScreenLink("/reporting/assessments", "考核", "Assessments", "reporting:read"),
        ScreenLink("/reporting/rebuilds", "重建统计", "Rebuild", "reporting:rebuild"),
    ),
    subscriptions=SUBSCRIPTIONS,
    publishes=(MonthClosed, MonthReopened, TargetMissed, RegisterItemOverdue),
    watches=(watch_register,),
    jobs=(keep_sums, run_rebuilds),
    lifespan=live,
)
