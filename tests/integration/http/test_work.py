"""Goal: a transaction on the driver gives what one on a session gives, and the short way the same.

Committed before the answer, once per idempotency key, whole or not at all. Each test goes both the
ordinary way through the frameworks and the short way past them.
"""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.http.errors import CatchEverything
from shared.http.short_way import ShortWays
from tests.integration.http.driver import Answer, call
from tests.integration.http.probe import ProbeContext, probe_app

NOTE = {"slot": 1, "text": "张小三"}
PATH = "/probe/v1/window-notes"


@pytest.fixture(params=["ordinary", "short"])
def app(request: pytest.FixtureRequest, context: ProbeContext) -> ASGIApp:
    root = Starlette(routes=[Mount("/probe/v1", app=probe_app(context))])
    return root if request.param == "ordinary" else CatchEverything(ShortWays(root, [context]))


async def post(
    app: ASGIApp, bearer, key: str | None = "k-1", note: dict[str, Any] = NOTE, how: str = "direct"
) -> Answer:
    headers = {**bearer, "Idempotency-Key": key} if key else bearer
    return await call(app, "POST", PATH, document={**note, "how": how}, headers=headers)


async def counts(context: ProbeContext) -> tuple[int, int]:
    """Rows of notes and of keys."""
    async with context.db.reading() as session:
        notes = await session.scalar(text("SELECT count(*) FROM notes"))
        keys = await session.scalar(text("SELECT count(*) FROM idempotency_keys"))
        return notes, keys


async def test_the_row_is_there_when_the_answer_is_sent(
    app: ASGIApp, bearer, context: ProbeContext
):
    """Goal: committed before the response. Method: look between its first and its last byte."""
    seen = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'{"slot": 1, "text": "a"}', "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            seen.append((message["status"], await counts(context)))

    headers = {**bearer, "content-type": "application/json", "idempotency-key": "k-1"}
    scope = {
        "type": "http", "method": "POST", "path": PATH, "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
    assert seen == [(201, (1, 1))]


@pytest.mark.parametrize("how", ["direct", "at once", "session"])
async def test_sent_again_it_is_answered_again(
    app: ASGIApp, bearer, context: ProbeContext, how: str
):
    """Goal: one effect, one answer, on either way; the stored answer is encrypted."""
    first = await post(app, bearer, how=how)
    second = await post(app, bearer, how=how)
    assert (first.status, second.status, second.body) == (201, 201, first.body)
    assert second.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert await counts(context) == (1, 1)
    async with context.db.reading() as session:
        row = (await session.execute(text("SELECT * FROM idempotency_keys"))).one()
    assert "张小三".encode() not in row.body


async def test_the_answer_given_stands_when_it_would_be_refused_now(
    app: ASGIApp, bearer, context: ProbeContext
):
    """Goal: a retry learns what happened. Method: the same call after the rules have changed."""
    first = await post(app, bearer)
    context.refusing = True
    again = await post(app, bearer)
    assert (again.status, again.body) == (201, first.body)
    assert (await post(app, bearer, key="k-2")).status == 409


@pytest.mark.parametrize("note", [{"slot": 2, "text": "a"}, {"slot": 1, "text": "b"}])
async def test_another_request_with_the_key_is_refused(
    app: ASGIApp, bearer, context: ProbeContext, note: dict[str, Any]
):
    await post(app, bearer)
    answer = await post(app, bearer, note=note)
    assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused")
    assert await counts(context) == (1, 1)


async def test_a_refusal_keeps_nothing(app: ASGIApp, bearer, context: ProbeContext):
    """Goal: nothing is half-written, and the key may be used again."""
    assert (await post(app, bearer, how="refuse")).status == 409
    assert await counts(context) == (0, 0)
    assert (await post(app, bearer)).status == 201


@pytest.mark.parametrize("how", ["direct", "at once"])
async def test_a_failed_commit_is_no_success(app: ASGIApp, bearer, context: ProbeContext, how: str):
    """Goal: key and change stand or fall together. Method: a deferred constraint."""
    await post(app, bearer)
    failed = await post(app, bearer, key="k-2", note={"slot": 1, "text": "b"}, how=how)
    assert failed.status == 500
    assert await counts(context) == (1, 1)
    assert (await post(app, bearer, key="k-3", note={"slot": 2, "text": "c"})).status == 201


async def test_without_a_key_it_is_done_each_time(app: ASGIApp, bearer, context: ProbeContext):
    for slot in (1, 2):
        await post(app, bearer, key=None, note={"slot": slot, "text": "a"})
    assert await counts(context) == (2, 0)


async def test_twins_have_one_effect(app: ASGIApp, bearer, context: ProbeContext):
    """Goal: whoever comes second takes his work back and gives the first one's answer.

    Method: twenty at once with one key, and each of them ready to write.
    """
    sent = [asyncio.create_task(post(app, bearer, how="slow")) for _ in range(20)]
    await asyncio.wait_for(context.waiting.wait(), 5)
    context.gate.set()
    answers = await asyncio.gather(*sent)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await counts(context) == (1, 1)


async def test_twins_at_once_have_one_effect(app: ASGIApp, bearer, context: ProbeContext):
    """Goal: the same where the key is new only to the first statement."""
    answers = await asyncio.gather(*(post(app, bearer, how="at once") for _ in range(20)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert await counts(context) == (1, 1)


@pytest.mark.parametrize("key", ["k-1", None])
async def test_overtaken_it_is_asked_again(bearer, context: ProbeContext, key: str | None):
    """Goal: where the condition does not hold, nothing is written that way, and all on another."""
    context.standing = False
    answer = await post(ShortWays(never, [context]), bearer, key=key, how="at once")
    assert (answer.status, answer.json["execution"]) == (201, 2)
    assert await counts(context) == (1, 1 if key else 0)


async def test_without_a_key_it_is_done_each_time_at_once(bearer, context: ProbeContext):
    for slot in (1, 2):
        note = {"slot": slot, "text": "a"}
        await post(ShortWays(never, [context]), bearer, key=None, note=note, how="at once")
    assert await counts(context) == (2, 0)


async def test_what_the_endpoint_says_of_its_answer_is_kept(app: ASGIApp, bearer):
    """Goal: status and headers of its own, once and again."""
    first = await post(app, bearer, how="accept")
    assert (first.status, first.headers["x-note"]) == (202, "later")
    assert first.headers["content-type"] == "application/json"
    assert first.json == {"slot": 1, "execution": 1, "remark": None}
    again = await post(app, bearer, how="accept")
    assert (again.status, again.body) == (202, first.body)


async def never(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("the ordinary way was taken")


async def test_a_good_request_goes_the_short_way(bearer, context: ProbeContext):
    """Goal: these tests test it. Method: there is no other."""
    assert (await post(ShortWays(never, [context]), bearer)).status == 201


@pytest.mark.parametrize(
    "changed",
    [
        {"headers": {"authorization": ""}},
        {"headers": {"authorization": "Bearer x"}},
        {"headers": {"content-type": "text/plain"}},
        {"body": b'{"slot": 1, "text": '},
        {"body": b'{"slot": 1, "text": "\\u0000"}'},
        {"body": b'{"slot": NaN, "text": "a"}'},
        {"body": b""},
        {"body": [b'{"slot": "x", ', b'"text": 1}']},
        {"query": b"a=%00"},
    ],
)
async def test_any_other_is_refused_in_the_ordinary_words(
    bearer, context: ProbeContext, changed: dict[str, Any]
):
    """Goal: one set of refusals, and nothing done. Method: both ways, answers compared."""
    root = Starlette(routes=[Mount("/probe/v1", app=probe_app(context))])
    request = {
        "body": b'{"slot": 1, "text": "a"}',
        **changed,
        "headers": {"content-type": "application/json", **bearer, **changed.get("headers", {})},
    }
    ordinary = await call(root, "POST", PATH, **request)
    short = await call(ShortWays(root, [context]), "POST", PATH, **request)
    assert ordinary.status in {400, 401, 422}
    assert (short.status, short.body) == (ordinary.status, ordinary.body)
    assert context.executions == 0
    assert await counts(context) == (0, 0)


async def test_without_the_scope_is_refused_in_the_ordinary_words(signer, context: ProbeContext):
    token = signer.sign(client_id="x", organisation="region:511113", scopes=["claims:quote"])
    root = Starlette(routes=[Mount("/probe/v1", app=probe_app(context))])
    answer = await post(ShortWays(root, [context]), {"authorization": f"Bearer {token}"})
    assert (answer.status, answer.json["code"]) == (403, "forbidden")
