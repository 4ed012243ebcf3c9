"""Reading the register's forms as the API's requests."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from shared.http.faults import field_faults
from shared.web.forms import at_fields
from shared.web.kit import Typed


def filled(typed: Typed, *names: str) -> dict[str, str]:
    """The fields in which something stands."""
    return {name: typed[name] for name in names if typed[name]}


def read_form(shape: type[BaseModel], values: dict[str, Any]) -> Any:
    """The form as a request's body, or what is wrong with its fields."""
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        return at_fields(field_faults(error.errors()), {})
