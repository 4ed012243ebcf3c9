"""A reason or a note that is kept, or told to others, holds no number of a person."""

from datetime import date

import pytest
from pydantic import BaseModel, ValidationError

from services.claims.clearing.schemas import CancelRequest as RunCancelled
from services.claims.clearing.schemas import NoteRequest as RunNote
from services.claims.encounters.schemas import CancelRequest as VisitCancelled
from services.claims.monitoring.schemas import NoteRequest as FlagNote
from services.claims.revisions.schemas import ReviseRequest
from services.claims.settlement.schemas import ReverseRequest
from tests.support.people import id_number

NUMBER = id_number(date(1962, 3, 4), 11)


@pytest.mark.parametrize("number", [NUMBER, NUMBER[:6] + NUMBER[8:17], "13900001111"])
@pytest.mark.parametrize(
    ("model", "field"),
    [
        (RunCancelled, "reason"),
        (RunNote, "note"),
        (VisitCancelled, "reason"),
        (FlagNote, "note"),
        (ReviseRequest, "reason"),
        (ReverseRequest, "reason"),
    ],
)
def test_a_number_of_a_person_is_refused(model: type[BaseModel], field: str, number: str) -> None:
    """Goal: no ID or phone number in events, on the audit log or in tables by way of a text.
    Method: a sentence with one in each request that has such a text, and without it."""
    assert model.model_validate({field: "同一患者重复结算，第 2 次"})
    with pytest.raises(ValidationError) as refused:
        model.model_validate({field: f"患者{number}重复结算"})
    (fault,) = refused.value.errors()
    assert fault["loc"] == (field,)
    assert getattr(fault["ctx"]["error"], "code", None) == "identifier_in_text"
