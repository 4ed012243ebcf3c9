"""HTTP shapes of imports."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

_EXAMPLE: dict[str, Any] = {
    "import_id": "01890a5d-ac96-774b-bcce-b302099a80a0",
    "kind": "contracts",
    "status": "applied",
    "dry_run": False,
    "rows": 5000,
    "accepted": 4950,
    "unchanged": 0,
    "rejected": 50,
    "kept_back": 0,
    "errors": [
        {
            "row": 17,
            "column": "signed_on",
            "code": "date_parsing",
            "message": "there is no such date: send one such as 2016-03-01",
            "message_zh": "日期无效，请按 2016-03-01 的格式填写",
        }
    ],
    "made_at": "2016-03-10T02:00:00Z",
    "undone_at": None,
}


class RowFault(BaseModel):
    """Why a row was rejected."""

    row: int
    """The sheet's own number; the header is row 1."""
    column: str
    code: str
    message: str
    message_zh: str


class ImportAnswer(BaseModel):
    """A batch and its verdicts."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    import_id: str
    kind: str
    status: Literal["applied", "dry_run", "undone"]
    dry_run: bool
    rows: int
    accepted: int
    unchanged: int
    """On record already, as the row says it."""
    rejected: int
    kept_back: int
    """Contracts that undoing left, because they have gone on since or were paid for."""
    errors: list[RowFault]
    """The first 200; all of them are in ``verdicts.xlsx``."""
    made_at: AwareDatetime
    undone_at: AwareDatetime | None
