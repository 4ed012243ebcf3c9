"""``Idempotency-Key``: a POST sent twice has its effect once and its answer twice.

The key is claimed by inserting a row in the request's own transaction, so that a twin sent at the
same moment waits for the first one's end. :class:`shared.http.routing.YizhanRoute` stores the
answer in that same transaction. An answer other than 2xx keeps no claim: nothing was changed, and
the corrected request may use the key again.

A screen's form brings its key in a hidden field, :data:`FORM_KEY`, one per form and rendering. It
holds for what was written: the same form with other entries is another request. Its answer is a
redirect as a rule, of which the address is kept.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from fastapi import Request
from sqlalchemy import CursorResult, bindparam, delete, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response, StreamingResponse

from shared.db.mechanics import IDEMPOTENCY_KEYS, mechanics_metadata
from shared.http.problem import Conflict, FieldFault, Problem, Unprocessable

if TYPE_CHECKING:
    from shared.security.crypto import Vault
    from shared.security.principal import Principal

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
FORM_KEY = "form_key"
"""The field of a screen's form that holds its key."""
MAX_KEY_CHARS = 255
MAX_FORM_KEY_CHARS = 64
WAIT_FOR_TWIN_S = 10

_COLUMN = "idempotency_keys.body"
_PRINTABLE = frozenset(string.ascii_letters + string.digits + string.punctuation)
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_OF_FORMS = "form."
_REDIRECT = 303
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
LOCK_NOT_AVAILABLE = "55P03"
_READ_BYTES = 1 << 16

keys_table = mechanics_metadata.tables[IDEMPOTENCY_KEYS]

# One round trip: the wait is limited before the row is inserted.
_CLAIM = text(
    "INSERT INTO idempotency_keys (client_id, key, request_hash) "
    "SELECT :client_id, :key, :request_hash WHERE set_config('lock_timeout', :wait, true) <> '' "
    "ON CONFLICT DO NOTHING RETURNING key"
)

_MINE = (keys_table.c.client_id == bindparam("own_client_id")) & (
    keys_table.c.key == bindparam("own_key")
)
_FORGET = delete(keys_table).where(_MINE)
_KEEP = (
    update(keys_table)
    .where(_MINE)
    .values(status=bindparam("status"), media_type=bindparam("media_type"), body=bindparam("body"))
)


class IdempotencyKeyMalformed(Unprocessable):
    code = "idempotency_key_malformed"
    title = "The idempotency key is not usable"
    title_zh = "幂等键不合规"


class IdempotencyKeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = "This idempotency key was used for a different request"
    title_zh = "该幂等键已用于另一个请求"


class IdempotencyKeyInUse(Conflict):
    code = "idempotency_key_in_use"
    title = "A request with this idempotency key is still being carried out"
    title_zh = "使用该幂等键的请求正在办理中"


class AnswerNotKept(Conflict):
    code = "idempotency_answer_not_kept"
    title = "The request was carried out before; its answer was not kept"
    title_zh = "该请求此前已办理，其应答未保存"


class Replay(Exception):
    """Not an error: the stored answer of the first request is the answer."""

    def __init__(self, status: int, media_type: str | None, body: bytes) -> None:
        super().__init__("replayed")
        self.status = status
        self.media_type = media_type
        self.body = body

    def response(self) -> Response:
        headers = {REPLAYED: "true"}
        if self.status == _REDIRECT:
            headers["Location"] = self.body.decode()
            return Response(status_code=self.status, headers=headers)
        if self.media_type is not None:
            headers["Content-Type"] = self.media_type
        return Response(self.body, status_code=self.status, headers=headers)


@dataclass(frozen=True)
class Claim:
    """A key held by the running request."""

    client_id: str
    key: str
    session: AsyncSession
    vault: Vault


async def claim_key(request: Request, session: AsyncSession, vault: Vault) -> None:
    """Claim the request's idempotency key, if it has one; called by the ``Writes`` dependency.

    Raises:
        Replay: carried out before; ``YizhanRoute`` answers with what was stored.
        IdempotencyKeyReused: same key, other request (422).
        IdempotencyKeyInUse: the first request has not ended within 10 s (409).
        IdempotencyKeyMalformed: empty, longer than 255 characters, or not printable ASCII.
    """
    asked = await asked_key(request)
    if asked is None:
        return
    try:
        claimed = await session.scalar(
            _CLAIM,
            {
                "client_id": asked.client_id,
                "key": asked.key,
                "request_hash": asked.request_hash,
                "wait": f"{WAIT_FOR_TWIN_S}s",
            },
        )
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == LOCK_NOT_AVAILABLE:
            raise in_use() from None
        raise
    if claimed is None:
        # Not there: forgotten between the two statements.
        raise await answer_of_first(session, vault, asked) or in_use(retry_after_s=1)
    request.state.idempotency = Claim(asked.client_id, asked.key, session, vault)


@dataclass(frozen=True)
class AskedKey:
    """An idempotency key as a request brought it."""

    client_id: str
    key: str
    request_hash: bytes


async def asked_key(request: Request) -> AskedKey | None:
    """The request's idempotency key, checked; None when it has none.

    Raises:
        IdempotencyKeyMalformed: empty, longer than 255 characters, or not printable ASCII.
    """
    if request.method not in _CHANGING:
        return None
    key = request.headers.get(HEADER)
    if key is None:
        return await _asked_by_form(request)
    if not 0 < len(key) <= MAX_KEY_CHARS or not _PRINTABLE.issuperset(key):
        raise _malformed()
    return AskedKey(_caller(request).client_id, key, await hash_request(request))


async def _asked_by_form(request: Request) -> AskedKey | None:
    if not getattr(request.state, "takes_form_keys", False) or _kind(request) not in _FORMS:
        return None
    key = (await request.form()).get(FORM_KEY)
    if not isinstance(key, str) or not 0 < len(key) <= MAX_FORM_KEY_CHARS:
        return None
    if not _PRINTABLE.issuperset(key):
        return None
    written = await hash_request(request)
    return AskedKey(_caller(request).client_id, f"{_OF_FORMS}{key}.{written.hex()}", written)


def _caller(request: Request) -> Principal:
    principal: Principal | None = getattr(request.state, "principal", None)
    if principal is None or not getattr(request.state, "stores_answers", False):
        raise RuntimeError(
            f"the route of {request.method} takes idempotency keys: declare the caller before the "
            "session, and make its router with route_class=YizhanRoute"
        )
    return principal


async def settle_claim(request: Request, response: Response) -> None:
    """Store the answer under the claimed key, in the same transaction; called by YizhanRoute."""
    claim: Claim | None = getattr(request.state, "idempotency", None)
    if claim is None:
        return
    mine = {"own_client_id": claim.client_id, "own_key": claim.key}
    if not is_success(response) and not _went_on(claim, response):
        await claim.session.execute(_FORGET, mine)
        return
    await claim.session.execute(_KEEP, {**mine, **kept_answer(response, claim.vault)})


def is_success(response: Response) -> bool:
    return 200 <= response.status_code < 300  # noqa: PLR2004


def _went_on(claim: Claim, response: Response) -> bool:
    """Whether a form was carried out: its page goes on to another."""
    return claim.key.startswith(_OF_FORMS) and response.status_code == _REDIRECT


def kept_answer(response: Response, vault: Vault) -> dict[str, Any]:
    """What is stored of an answer: status, media type, and the body, or the address, encrypted."""
    body = None if isinstance(response, StreamingResponse) else getattr(response, "body", None)
    if response.status_code == _REDIRECT:
        body = response.headers["location"].encode()
    stored = None
    if body is not None:
        stored = vault.encrypt_bytes(bytes(body), column=_COLUMN)
    return {
        "status": response.status_code,
        "media_type": response.headers.get("content-type"),
        "body": stored,
    }


async def forget_before(session: AsyncSession, moment: datetime, *, of_forms: datetime) -> int:
    """Delete keys claimed before ``moment``; gives how many. Run by the worker, daily.

    Args:
        of_forms: the same for the keys of forms, whose kept answers are whole pages.
    """
    claimed = keys_table.c.created_at
    old_form = keys_table.c.key.startswith(_OF_FORMS, autoescape=True) & (claimed < of_forms)
    result = cast(
        "CursorResult[Any]",
        await session.execute(delete(keys_table).where((claimed < moment) | old_form)),
    )
    return result.rowcount


async def hash_request(request: Request) -> bytes:
    """SHA-256 of method, path, query and body.

    Of a form the fields and files are hashed, because a multipart boundary differs each time.
    """
    digest = hashlib.sha256()
    _add(digest, request.method.encode())
    _add(digest, request.scope["path"].encode("utf-8", "surrogatepass"))
    _add(digest, request.scope.get("query_string", b""))
    kind = _kind(request)
    _add(digest, kind.encode())
    if kind in _FORMS:
        async for part in _form_parts(await request.form()):
            _add(digest, part)
    else:
        _add(digest, await request.body())
    return digest.digest()


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _add(digest: hashlib._Hash, part: bytes) -> None:
    digest.update(len(part).to_bytes(8, "big"))
    digest.update(part)


async def _form_parts(form: FormData) -> AsyncIterator[bytes]:
    for name, value in form.multi_items():
        yield name.encode("utf-8", "surrogatepass")
        if not isinstance(value, UploadFile):
            yield b"field"
            yield value.encode("utf-8", "surrogatepass")
            continue
        yield b"file"
        yield (value.filename or "").encode("utf-8", "surrogatepass")
        content = hashlib.sha256()
        await value.seek(0)
        while chunk := await value.read(_READ_BYTES):
            content.update(chunk)
        await value.seek(0)
        yield content.digest()


async def answer_of_first(session: AsyncSession, vault: Vault, asked: AskedKey) -> Exception | None:
    """What is to be raised for a key that was used before; None for one that was not."""
    row = (
        await session.execute(
            select(
                keys_table.c.request_hash,
                keys_table.c.status,
                keys_table.c.media_type,
                keys_table.c.body,
            ).where(keys_table.c.client_id == asked.client_id, keys_table.c.key == asked.key)
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_hash != asked.request_hash:
        return _reused()
    if row.status is None or row.body is None:
        return AnswerNotKept("read the record to see the outcome; do not send it under a new key")
    body = vault.decrypt_bytes(row.body, column=_COLUMN)
    return Replay(row.status, row.media_type, body)


def in_use(*, retry_after_s: int = 5) -> Problem:
    return IdempotencyKeyInUse(
        "wait for the answer of the first request, or send this one again in a moment",
        headers={"Retry-After": str(retry_after_s)},
    )


def _reused() -> Problem:
    return IdempotencyKeyReused(
        "send the same request with the same key, or a different request with a new key",
        errors=[
            FieldFault(
                HEADER,
                "idempotency_key_reused",
                "this key was used for a different request; use a new key",
                "该幂等键已用于内容不同的请求，请换一个新的键",
            )
        ],
    )


def _malformed() -> Problem:
    return IdempotencyKeyMalformed(
        f"send 1 to {MAX_KEY_CHARS} printable ASCII characters without spaces, such as a UUID",
        errors=[
            FieldFault(
                HEADER,
                "idempotency_key_malformed",
                f"send 1 to {MAX_KEY_CHARS} printable ASCII characters, such as a UUID",
                f"请使用 1 至 {MAX_KEY_CHARS} 个可见 ASCII 字符，例如 UUID",
            )
        ],
    )
