"""The kit of reporting's screens: the shared one with reporting's templates, styles and texts."""

from __future__ import annotations

from pathlib import Path

from services.reporting.screens.texts import TEXTS
from shared.web.kit import Kit

HERE = Path(__file__).parent

kit = Kit("reporting", HERE, TEXTS)

router = kit.router
PageRoute = kit.route_class
render = kit.render
said = kit.said
name_of = kit.name_of
