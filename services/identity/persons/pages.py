"""``/identity/persons``: find a person, see the masked picture; merges and cards beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.identity.cards import service as cards
from services.identity.categories import service as categories
from services.identity.merges import service as merges
from services.identity.persons import service
from services.identity.persons.schemas import FoundPersons, PersonSearch, RevealRequest
from services.identity.roster import reading
from services.identity.screens.box import LONGEST, read
from services.identity.screens.kit import PageRoute, name_of, render, said
from shared.db.session import Writes, WriteSession
from shared.http.problem import Forbidden, Problem
from shared.runtime.context import Context, ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said, Typed, attempt, faults_of, fields, see, told
from shared.web.signin.required import signed_in

_DOTS_OF_A_CODE = 2
_FIELDS = {"id_number": "box", "name": "box", "card_no": "box", "birth_date": "box"}

Done = Literal["revoked", "undone", "merged"]

router = APIRouter(prefix="/persons", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("identity:persons")]


@router.get("")
async def search_form(request: Request, caller: Caller) -> Response:  # noqa: ARG001 - the right
    """The empty box."""
    return _search_page(request, Typed())


@router.post("")
async def search(request: Request, caller: Caller, session: Writes, context: Context) -> Response:
    """Whom the box names; a card's code leads straight to its holder."""
    typed = await fields(request)
    holder = await _holder(session, context, typed["box"])
    if holder is not None:
        return see(f"/identity/persons/{holder}")
    found = await find(session, context, caller, typed["box"])
    if isinstance(found, FoundPersons):
        return _search_page(request, typed, found=found.model_dump(mode="json"))
    return _search_page(request, typed, faults=found, status=422)


@router.get("/{person_id}")
async def person(
    person_id: UUID,
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    as_of: Annotated[str, Query(max_length=10)] = "",
    known_on: Annotated[str, Query(max_length=10)] = "",
    done: Annotated[Done | None, Query()] = None,
    revised: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """The masked picture, categories over both times, what sources say differently."""
    asked = Typed(as_of=as_of, known_on=known_on)
    told_done: Said | None = None
    if done is not None:
        keys = {
            "revoked": "cards.revoked.done",
            "undone": "merge.undo.done",
            "merged": "merge.done",
        }
        told_done = said(keys[done], n=revised)
    return await person_page(request, context, session, caller, person_id, asked, done=told_done)


@router.post("/{person_id}/reveal")
async def reveal(
    person_id: UUID,
    request: Request,
    caller: Annotated[Principal, signed_in("identity:reveal")],
    session: Writes,
    context: Context,
) -> Response:
    """The identifiers in clear, once, with the reason kept."""
    typed = await fields(request)
    try:
        body = RevealRequest(reason=typed["reason"])
    except ValidationError:
        faults = {"reveal": said("reason.missing")}
        return await person_page(
            request, context, session, caller, person_id, typed, faults=faults, code=422
        )
    answer = await attempt(session, service.reveal(session, context, caller, person_id, body))
    if isinstance(answer, Problem):
        faults = {"reveal": said("reason.missing")} if answer.errors else {}
        return await person_page(
            request, context, session, caller, person_id, typed, faults=faults,
            problem=None if faults else told(answer), code=answer.status,
        )  # fmt: skip
    return await person_page(
        request, context, session, caller, person_id, Typed(),
        extra={"revealed": answer.model_dump(mode="json")},
    )  # fmt: skip


@router.get("/{person_id}/{act}")
async def back(person_id: UUID, act: str, caller: Caller) -> Response:  # noqa: ARG001 - see below
    """A form's own address opened by itself (a reload, another language) shows the person."""
    return see(f"/identity/persons/{person_id}")


async def find(
    session: WriteSession, context: ServiceContext, caller: Principal, text: str
) -> FoundPersons | dict[str, Said]:
    """Registered persons of a box's text, or what is wrong with it."""
    box = read(text)
    if box.fault is not None:
        return {"box": said(f"box.{box.fault}")}
    if not (box.id_number or box.name or box.card_no):
        return {"box": said("box.empty")}
    try:
        body = PersonSearch(
            id_number=box.id_number, name=box.name, birth_date=box.birth_date, card_no=box.card_no
        )
    except ValidationError:
        return {"box": said("window.too_long")}
    answer = await attempt(session, service.search(session, context, caller, body))
    if isinstance(answer, Problem):
        return faults_of(answer, _FIELDS) or {"box": told(answer)}
    return answer


async def _holder(session: WriteSession, context: ServiceContext, text: str) -> UUID | None:
    if text.count(".") != _DOTS_OF_A_CODE or " " in text:
        return None
    holder = await cards.read_card(context, session, text)
    return holder.person_id if holder is not None else None


def _search_page(
    request: Request,
    typed: Typed,
    *,
    found: Mapping[str, Any] | None = None,
    faults: Mapping[str, Said] | None = None,
    status: int = 200,
) -> Response:
    values = {"typed": typed, "found": found, "faults": dict(faults or {}), "longest": LONGEST}
    return render(request, "persons.html", values, status=status)


async def person_page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    person_id: UUID,
    typed: Typed,
    *,
    faults: Mapping[str, Said] | None = None,
    done: Said | None = None,
    problem: Said | None = None,
    extra: Mapping[str, Any] | None = None,
    code: int = 200,
) -> Response:
    """A person's page, with what was typed into whichever of its forms.

    Raises:
        PersonUnknown: no such person, or another township's.
        Forbidden: the caller may act on persons, but not look at them.
    """
    if "identity:persons" not in caller.scopes:
        raise Forbidden("this page needs the right to find registered persons as well")
    found = await service.one_person(session, context, caller, person_id, as_of=None, known_at=None)
    wrong = dict(faults or {})
    days = {name: _day(typed[name]) for name in ("as_of", "known_on")}
    if any(typed[name] and day is None for name, day in days.items()):
        wrong["as_of"] = said("person.asof.bad")
    held = await attempt(
        session,
        categories.person_categories(
            session, context, caller, person_id, as_of=days["as_of"], known_on=days["known_on"]
        ),
    )
    if isinstance(held, Problem):
        wrong["as_of"] = said("person.asof.bad")
        held = await categories.person_categories(
            session, context, caller, person_id, as_of=None, known_on=None
        )
    differing = await reading.differences(session, context, caller, person_id)
    listed = await cards.cards_of(session, context, caller, person_id)
    return render(
        request,
        "person.html",
        {
            "found": found.model_dump(mode="json"),
            "held": held.model_dump(mode="json"),
            "differences": differing.model_dump(mode="json")["items"],
            "cards": listed.model_dump(mode="json")["items"],
            "merges": await _merges(session, context, caller, UUID(found.person_id)),
            "scopes": caller.scopes,
            "typed": typed,
            "faults": wrong,
            "done": done,
            "problem": problem,
            "revealed": None,
            "issued": None,
            "holder": None,
            "others": None,
            "other": None,
            "longest": LONGEST,
            **(extra or {}),
        },
        status=code,
    )


async def _merges(
    session: WriteSession, context: ServiceContext, caller: Principal, person_id: UUID
) -> list[dict[str, Any]]:
    """Every merge, with who did it; who may not merge does not see them."""
    if "identity:review" not in caller.scopes:
        return []
    found = await merges.history(session, context, caller, person_id)
    return [
        one.model_dump(mode="json")
        | {
            "who": name_of(context, one.merged_by),
            "undone_who": name_of(context, one.undone_by),
        }
        for one in found.items
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
