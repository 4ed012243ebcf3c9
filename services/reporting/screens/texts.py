"""The texts of reporting's screens, Chinese and English: each screen adds its own."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str]] = {}
