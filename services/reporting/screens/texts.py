"""The texts of reporting's screens, Chinese and English: each screen adds its own."""

from __future__ import annotations

from services.reporting.screens.close_texts import CLOSES

TEXTS: dict[str, tuple[str, str]] = {**CLOSES}
