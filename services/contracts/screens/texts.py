"""The texts of contracts' screens, Chinese and English: what several share, and each its own."""

from __future__ import annotations

from services.contracts.screens.person_texts import PERSON
from services.contracts.screens.record_texts import RECORD
from services.contracts.screens.sheet_texts import BALANCE, FEES, TABS
from services.contracts.screens.supervision_texts import (
    FLAGS,
    IMPORTS,
    MEMBERS,
    OVERDUE,
    REFERRALS,
    REGISTERS,
    TEAMS,
)
from services.contracts.screens.today_texts import TODAY, VISIT
from services.contracts.screens.words import WORDS

TEXTS: dict[str, tuple[str, str]] = {
    **WORDS,
    **TABS,
    **TODAY,
    **VISIT,
    **PERSON,
    **RECORD,
    **BALANCE,
    **FEES,
    **TEAMS,
    **MEMBERS,
    **REGISTERS,
    **REFERRALS,
    **IMPORTS,
    **OVERDUE,
    **FLAGS,
}
