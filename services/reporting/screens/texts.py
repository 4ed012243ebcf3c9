"""The texts of reporting's screens, Chinese and English: each screen adds its own."""

from __future__ import annotations

from services.reporting.screens.assessments_texts import ASSESSMENTS
from services.reporting.screens.close_texts import CLOSES
from services.reporting.screens.figure_texts import FIGURES
from services.reporting.screens.register_texts import REGISTER
from services.reporting.screens.standards_texts import STANDARDS

TEXTS: dict[str, tuple[str, str]] = {
    **CLOSES,
    **REGISTER,
    **STANDARDS,
    **ASSESSMENTS,
    **FIGURES,
}
