"""What vendors read of the interface is whole."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
from pydantic import BaseModel

REPOSITORY = Path(__file__).resolve().parents[3]
SCHEMAS = sorted(
    ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)
    for path in (REPOSITORY / "services/contracts").rglob("schemas.py")
)


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_shape_describes_itself_with_its_defaults(name: str) -> None:
    """Goal: no field loses its default on the way into the interface's document. Method: pydantic
    warns where one cannot be written, and the suite makes errors of warnings."""
    module = importlib.import_module(name)
    shapes = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, BaseModel) and each.__module__ == name
    ]
    for shape in shapes:
        assert shape.model_json_schema()["type"] == "object"
