"""The texts of contracts' screens, Chinese and English: what several share, and each its own."""

from __future__ import annotations

from services.contracts.screens.person_texts import PERSON
from services.contracts.screens.today_texts import TODAY, VISIT
from services.contracts.screens.words import WORDS

TEXTS: dict[str, tuple[str, str]] = {**WORDS, **TODAY, **VISIT, **PERSON}
