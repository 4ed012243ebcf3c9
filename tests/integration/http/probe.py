"""A small service of its own, so that the mechanics are tested without any business rule."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, UploadFile
from pydantic import BaseModel, Field
from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Integer,
    String,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
)
from starlette.responses import JSONResponse, Response, StreamingResponse

from shared.clock import Clock
from shared.db.base import service_metadata
from shared.db.session import Database, Reads, Writes, WriteSession, _write_session
from shared.http.errors import install
from shared.http.problem import Conflict
from shared.http.routing import YizhanRoute
from shared.http.short_way import window_waits
from shared.http.work import Working
from shared.runtime.context import Context
from shared.security.crypto import Vault
from shared.security.principal import Principal, requires
from shared.security.tokens import TokenVerifier

MIGRATIONS = Path(__file__).with_name("migrations")
METADATA = service_metadata()
NOTES = Table(
    "notes",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("slot", Integer, nullable=False),
    Column("text", String(200), nullable=False),
    UniqueConstraint("slot", deferrable=True, initially="DEFERRED"),
)


@dataclass
class ProbeRegion:
    region_code: str = "511113"


@dataclass
class ProbeModule:
    name: str = "probe"
    migrations: Path = MIGRATIONS

    @property
    def routers(self) -> tuple[APIRouter, ...]:
        return (router,)


@dataclass
class ProbeContext:
    """What the mechanics need of a ServiceContext."""

    db: Database
    vault: Vault
    clock: Clock
    tokens: TokenVerifier
    module: ProbeModule = field(default_factory=ProbeModule)
    region: ProbeRegion = field(default_factory=ProbeRegion)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    executions: int = 0
    refusing: bool = False
    standing: bool = True
    """The condition for what is written at once."""

    @property
    def name(self) -> str:
        return self.module.name


class Note(BaseModel):
    slot: int
    text: Annotated[str, Field(max_length=200)]


class LooseNote(BaseModel):
    """Without the limits that the column has."""

    slot: int
    text: str


class WindowNote(Note):
    """``how``: ``direct``, ``at once``, ``slow``, ``refuse``, ``accept`` or ``session``, which is
    begun on the driver too.
    """

    how: str = "direct"


class Written(BaseModel):
    slot: int
    execution: int
    remark: str | None = None


router = APIRouter(route_class=YizhanRoute)
Caller = Annotated[Principal, requires("claims:settle")]


@router.post("/notes", status_code=201)
async def write_note(request: Request, note: Note, _: Caller, session: Writes) -> dict[str, Any]:
    context: ProbeContext = request.app.state.context
    context.executions += 1
    note_id = await session.scalar(
        insert(NOTES).values(slot=note.slot, text=note.text).returning(NOTES.c.id)
    )
    return {"id": note_id, "text": note.text}


@router.post("/loose-notes", status_code=201)
async def write_loose(note: LooseNote, _: Caller, session: Writes) -> dict[str, Any]:
    await session.execute(insert(NOTES).values(slot=note.slot, text=note.text))
    return {"slot": note.slot}


async def _late_write_session(request: Request) -> AsyncIterator[WriteSession]:
    async with asynccontextmanager(_write_session)(request) as session:
        yield session


@router.post("/notes-committed-late", status_code=201)
async def write_late(
    note: Note,
    _: Caller,
    session: Annotated[WriteSession, Depends(_late_write_session)],  # default scope: the trap
) -> dict[str, Any]:
    await session.execute(insert(NOTES).values(slot=note.slot, text=note.text))
    return {"slot": note.slot}


@router.post("/slow-notes", status_code=201)
async def write_slowly(request: Request, note: Note, _: Caller, session: Writes) -> dict[str, Any]:
    context: ProbeContext = request.app.state.context
    context.executions += 1
    note_id = await session.scalar(
        insert(NOTES).values(slot=note.slot, text=note.text).returning(NOTES.c.id)
    )
    context.waiting.set()
    await context.gate.wait()
    return {"id": note_id}


@router.post("/window-notes", status_code=201)
@window_waits
async def write_at_window(
    note: WindowNote, _: Caller, work: Working, context: Context, response: Response
) -> Written:
    assert isinstance(context, ProbeContext)
    context.executions += 1
    row = {"slot": note.slot, "text": note.text}
    if note.how == "at once" and work.may_be_overtaken:
        rows = await work.at_once("$1", context.standing)
        rows.insert(NOTES, row)
        return Written(slot=note.slot, execution=context.executions)
    direct = await work.direct()
    direct.insert(NOTES, row)
    if note.how == "session":
        session = await work.session()
        await session.execute(insert(NOTES).values(**row))
    if note.how == "slow":
        context.waiting.set()
        await context.gate.wait()
    if note.how == "refuse" or context.refusing:
        raise Conflict("not today")
    if note.how == "accept":
        response.status_code = 202
        response.headers["X-Note"] = "later"
    return Written(slot=note.slot, execution=context.executions)


@router.post("/refused")
async def refuse(request: Request, note: Note, _: Caller, session: Writes) -> JSONResponse:
    context: ProbeContext = request.app.state.context
    context.executions += 1
    if note.text == "raise":
        raise Conflict("not today")
    return JSONResponse({"refused": True}, status_code=409)


@router.post("/streams")
async def stream(request: Request, _: Caller, session: Writes) -> StreamingResponse:
    context: ProbeContext = request.app.state.context
    context.executions += 1

    async def rows() -> AsyncIterator[bytes]:
        yield b"a,b\n"

    return StreamingResponse(rows(), media_type="text/csv")


@router.post("/uploads", status_code=201)
async def upload(request: Request, file: UploadFile, _: Caller, session: Writes) -> dict[str, Any]:
    context: ProbeContext = request.app.state.context
    context.executions += 1
    return {"bytes": len(await file.read()), "execution": context.executions}


@router.post("/callers-after-session")
async def wrong_order(session: Writes, _: Caller) -> dict[str, Any]:
    return {}


@router.get("/notes/count")
async def count_notes(session: Reads, _: Caller) -> dict[str, Any]:
    return {"count": await session.scalar(select(func.count()).select_from(NOTES))}


@router.post("/failing")
async def fail(note: Note, _: Caller, session: Writes) -> dict[str, Any]:
    await session.execute(insert(NOTES).values(slot=note.slot, text=note.text))
    raise LookupError(note.text)


@router.get("/breaking")
async def break_off(_: Caller) -> StreamingResponse:
    async def rows() -> AsyncIterator[bytes]:
        yield b"first"
        raise LookupError("张小三")

    return StreamingResponse(rows())


plain_router = APIRouter()


@plain_router.post("/plain-notes")
async def write_plain(note: Note, _: Caller, session: Writes) -> dict[str, Any]:
    return {}


def probe_app(context: ProbeContext) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.state.context = context
    install(app)
    app.include_router(router)
    app.include_router(plain_router)
    return app
