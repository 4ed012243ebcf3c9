"""HTTP: evidence files of the register."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, Response, UploadFile
from pydantic import StringConstraints

from services.reporting.register import filing
from services.reporting.register.answering import answer, file_answer, file_download
from services.reporting.register.files import MEDIA_TYPES
from services.reporting.register.reading import read
from services.reporting.register.schemas import FileList, ItemAnswer
from services.reporting.settings import settings_of
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.free_text import Plain
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["register"])

Reader = Annotated[Principal, requires("reporting:read")]
Keeper = Annotated[Principal, requires("reporting:register")]

_404: dict[int | str, dict[str, Any]] = {404: {"description": "`register_item_not_found`"}}


@router.post(
    "/register-items/{item_id}/evidence-files",
    status_code=201,
    summary="Keep a file as evidence",
    responses={
        **_404,
        409: {"description": "`register_step_not_allowed`, `register_file_kept_already`"},
        413: {"description": "`too_large`"},
        422: {
            "description": "`register_file_invalid`: `kind_refused`, `macros`, `empty`,"
            " `too_many_files`; `register_item_invalid`: `cause_required` (KZ-23)"
        },
    },
)
async def add_file(
    item_id: UUID,
    caller: Keeper,
    session: Writes,
    context: Context,
    file: Annotated[
        UploadFile, File(description="PDF, JPEG, PNG, XLSX or DOCX without macros, of some MB")
    ],
    description: Annotated[
        Plain,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
        Form(examples=["到岗照片"]),
    ],
    document: Annotated[
        Plain | None, StringConstraints(strip_whitespace=True, max_length=200), Form()
    ] = None,
    cause: Annotated[
        Plain | None, StringConstraints(strip_whitespace=True, max_length=500), Form()
    ] = None,
) -> ItemAnswer:
    """What it is, is told by its content; it is encrypted, and no step changes it any more."""
    content = await file.read(settings_of(context).evidence_file_bytes + 1)
    found = await filing.add_file(
        session,
        context,
        caller,
        item_id,
        name=file.filename or "",
        content=content,
        description=description,
        document=document or None,
        cause=cause or None,
    )
    return answer(context, found)


@router.get(
    "/register-items/{item_id}/evidence-files", summary="An item's evidence files", responses=_404
)
async def files(item_id: UUID, caller: Reader, session: Reads, context: Context) -> FileList:
    """The oldest first, with size and hash."""
    found = await filing.files_of(session, context, caller, item_id)
    return FileList(items=[file_answer(each) for each in found])


@router.get(
    "/register-items/{item_id}/evidence-files/{file_id}",
    summary="Take an evidence file",
    response_class=Response,
    responses={
        200: {
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in MEDIA_TYPES.values()
            }
        },
        404: {"description": "`register_item_not_found`, `register_file_not_found`"},
    },
)
async def file(
    item_id: UUID, file_id: UUID, caller: Reader, session: Writes, context: Context
) -> Response:
    """Byte for byte as it was sent, as a download. Logged."""
    found, content = await filing.open_file(session, context, caller, item_id, file_id)
    item = await read(session, context, caller, item_id)
    return file_download(item.number, found, content)
