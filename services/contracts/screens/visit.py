"""The form of a follow-up: what it asks for, and what was typed as the service's request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

from services.contracts.follow_up.domain import ATTEMPTS, RULES, Way
from services.contracts.follow_up.forms import Field, forms
from services.contracts.models import Task
from services.contracts.plans.domain import Programme
from services.contracts.plans.rulebook import rulebook
from services.contracts.screens.kit import said
from shared.http.faults import in_a_form
from shared.http.problem import FieldFault
from shared.web.forms import local_moment, plain_number, plain_text
from shared.web.kit import Said, Typed

WAYS: tuple[Way, ...] = get_args(Way)
OUTCOMES = (
    "continue", "stable", "improved", "worsened", "readmitted", "not_reached", "lost_contact",
    "refused",
)  # fmt: skip
_FIRST_WORDS = ("drug_compliance",)
_MOST_FIRST = 4


@dataclass(frozen=True)
class Wanted:
    """What a follow-up is for."""

    person_id: str
    """Of whoever stands for the person."""
    township: str | None
    village: str | None
    task: Task | None
    programme: Programme | None
    """None: a discharge asks for it."""
    ways: tuple[str, ...]
    """With which it counts."""

    @property
    def action(self) -> str:
        if self.task is not None:
            return f"/contracts/tasks/{self.task.task_id}"
        code = self.programme.code if self.programme is not None else ""
        return f"/contracts/persons/{self.person_id}/visits/{code}"

    @property
    def due_on(self) -> date | None:
        return self.task.due_on if self.task is not None else None

    @property
    def fields(self) -> Sequence[Field]:
        form = self.programme.form if self.programme is not None else None
        return tuple(forms()[form].fields.values()) if form is not None else ()


def wanted(
    person_id: str,
    home: tuple[str | None, str | None],
    *,
    task: Task | None = None,
    programme: Programme | None = None,
) -> Wanted:
    """What a task, or a programme of which no task is open, asks of the visit."""
    ways: tuple[str, ...] = WAYS
    if task is not None and task.programme is not None:
        programme = rulebook().programmes[task.programme]
        rule = rulebook().rule(task.rule, task.rule_version)
        ways = tuple(way for way in WAYS if rule is None or way in rule.ways)
    return Wanted(person_id, home[0], home[1], task, programme, ways)


def title_of(asked: Wanted) -> tuple[Said, str]:
    """What is to be done, and the document that says so."""
    if asked.task is None:
        title = asked.programme.title if asked.programme is not None else None
        words = {"text_zh": title.zh, "text_en": title.en} if title else said("visit.title")
        return words, ""
    planned = rulebook().rule(asked.task.rule, asked.task.rule_version)
    if asked.task.programme is not None and planned is not None:
        words = {"text_zh": planned.title.zh, "text_en": planned.title.en}
        return words, planned.citation.text
    rule = RULES[asked.task.rule]
    return {"text_zh": rule.title_zh, "text_en": rule.title}, rule.citation


def shown_fields(asked: Wanted) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What has to be measured, and what may be noted as well."""
    first = [each for each in asked.fields if each.required]
    first += [each for each in asked.fields if each.name in _FIRST_WORDS][
        : _MOST_FIRST - len(first)
    ]
    more = [each for each in asked.fields if each not in first]
    return [_shown(each, each == first[0]) for each in first], [_shown(f, False) for f in more]


def _shown(field: Field, first: bool) -> dict[str, Any]:
    return {
        "name": field.name,
        "label_zh": field.zh,
        "label_en": field.en[:1].upper() + field.en[1:],
        "unit": field.unit,
        "words": field.words,
        "yes_no": field.yes_no,
        "required": field.required,
        "first": first,
    }


def body_of(asked: Wanted, typed: Typed) -> dict[str, Any]:
    """The form as a request; what cannot be read stays, to be refused with its field."""
    values: dict[str, Any] = {}
    for field in asked.fields:
        text = typed[f"m-{field.name}"]
        if not text:
            continue
        if field.yes_no:
            values[field.name] = text == "yes"
        else:
            values[field.name] = plain_text(text) if field.words else plain_number(text)
    return {
        "person_id": asked.person_id,
        "task_id": str(asked.task.task_id) if asked.task is not None else None,
        "disease": asked.programme.code if asked.programme is not None else None,
        "performed_at": local_moment(typed["performed_at"]),
        "way": typed["way"],
        "outcome": typed["outcome"],
        "measurements": values or None,
        "confirmed": [f.name for f in asked.fields if typed[f"confirm-{f.name}"] == "yes"],
        "note": typed["note"] or None,
    }


def unmeasured(asked: Wanted, typed: Typed) -> dict[str, Said]:
    """What a visit that came about, and not by telephone, has to measure and does not."""
    if typed["outcome"] in ATTEMPTS or typed["way"] == "phone":
        return {}
    return {
        f"m-{each.name}": _named("visit.missing", each)
        for each in asked.fields
        if each.required and not typed[f"m-{each.name}"]
    }


def in_words(asked: Wanted, faults: Sequence[FieldFault]) -> tuple[dict[str, Said], set[str]]:
    """Faults by the form's fields, and the fields whose unlikely value may be confirmed."""
    found: dict[str, Said] = {}
    unlikely: set[str] = set()
    by_name = {field.name: field for field in asked.fields}
    for fault in faults:
        kind, _, name = fault.field.partition(".")
        if kind != "measurements":
            english, chinese = in_a_form(fault)
            found.setdefault(fault.field, {"text_zh": chinese, "text_en": english})
            continue
        field = by_name.get(name)
        if field is None:  # the whole form is missing: said at its first field
            first = asked.fields[0]
            found.setdefault(f"m-{first.name}", _named("visit.missing", first))
            continue
        place = f"m-{name}"
        told: Said = {"text_zh": fault.message_zh, "text_en": fault.message}
        if fault.code == "unlikely" and field.likely is not None:
            unlikely.add(place)
            low, high = field.likely
            told = _named("visit.unlikely", field, low=low, high=high, unit=field.unit)
        found.setdefault(place, told)
    return found, unlikely


def _named(key: str, field: Field, **values: object) -> Said:
    return {
        "text_zh": said(key, name=field.zh, **values)["text_zh"],
        "text_en": said(key, name=field.en, **values)["text_en"],
    }
