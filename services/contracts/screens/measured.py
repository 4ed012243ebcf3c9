"""What follow-ups measured: in words for the table, as lines for the drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.contracts.follow_up.forms import forms
from services.contracts.models import FollowUp, Person
from services.contracts.plans.rulebook import rulebook
from services.contracts.programme.domain import Programme
from services.contracts.screens.charts import drawn, lines_of
from services.contracts.screens.kit import said
from shared.clock import business_date
from shared.web.kit import Said


def visit_of(found: FollowUp, care: Programme) -> dict[str, Any]:
    """A follow-up as a row: when, how, what was measured, what it means."""
    on = business_date(found.performed_at)
    programme = rulebook().programmes.get(found.disease or "")
    return {
        "on": on,
        "late": care.is_late(on, business_date(found.recorded_at)),
        "way": found.way,
        "outcome": found.outcome,
        "programme": (
            {"text_zh": programme.title.zh, "text_en": programme.title.en} if programme else None
        ),
        "measured": measured(found),
        "control": found.control_status,
        "referral": found.classification == "referral",
    }


def measured(found: FollowUp) -> list[dict[str, Any]]:
    """Each measurement of a follow-up with its name, its value in words and its unit."""
    programme = rulebook().programmes.get(found.disease or "")
    return in_words(programme.form if programme is not None else None, found.measurements)


def in_words(code: str | None, values: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What a form measured, each with its name, its value in words and its unit."""
    form = forms().get(code or "")
    if form is None or not values:
        return []
    shown = []
    for name, field in form.fields.items():
        if name not in values:
            continue
        value = values[name]
        words: Said
        if field.yes_no:
            words = said("yes") if value else said("no")
        elif field.words:
            words = said(f"word.{value}")
        else:
            words = {"text_zh": str(value), "text_en": str(value)}
        shown.append(
            {
                "name": {"text_zh": field.zh, "text_en": field.en},
                "value": words,
                "unit": field.unit,
            }
        )
    return shown


def charts_of(person: Person, visits: Sequence[FollowUp], today: date) -> list[dict[str, Any]]:
    """One drawing for each programme of which there is a line to draw."""
    found = []
    for code, programme in rulebook().programmes.items():
        if programme.form is None:
            continue
        form = forms()[programme.form]
        mine = [
            (business_date(one.performed_at), one.measurements)
            for one in reversed(visits)
            if one.disease == code and one.measurements
        ]
        lines = lines_of(programme.form, form.thresholds, birth_year=person.birth_year, on=today)
        drawing = drawn(lines, mine)
        if drawing is None:
            continue
        for series in drawing["series"]:
            field = form.fields[series["field"]]
            series |= {"name": {"text_zh": field.zh, "text_en": field.en}, "unit": field.unit}
        found.append(
            {
                "code": code,
                "title": {"text_zh": programme.title.zh, "text_en": programme.title.en},
                "drawing": drawing,
            }
        )
    return found
