"""The kit of contracts' screens: the shared one with contracts' templates, styles and texts."""

from __future__ import annotations

from pathlib import Path

from services.contracts.screens.texts import TEXTS
from shared.web.kit import Kit

HERE = Path(__file__).parent

kit = Kit("contracts", HERE, TEXTS)

router = kit.router
PageRoute = kit.route_class
render = kit.render
said = kit.said
in_words = kit.in_words
name_of = kit.name_of
