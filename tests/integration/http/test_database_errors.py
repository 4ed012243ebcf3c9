"""Goal: what the database refuses is told as what it is: the client's fault, a wait, or ours."""

import asyncio

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from shared.db.session import Database
from tests.integration.http.driver import call
from tests.integration.http.probe import ProbeContext


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (rb'{"slot": 1, "text": "a\u0000b"}', "text"),
        (rb'{"slot": 1, "text": "a\ud800b"}', "text"),
        (b'{"slot": 1, "text": "a\xed\xa0\x80b"}', "text"),
        (rb'{"slot": 1, "text": "a", "more": [{"deep": "\udfff"}]}', "more[0].deep"),
    ],
)
async def test_unstorable_text_is_a_422_that_names_the_field(app: FastAPI, bearer, raw, field):
    """Goal: NUL and lone surrogates are refused before the database sees them."""
    answer = await call(
        app,
        "POST",
        "/loose-notes",
        body=raw,
        headers={**bearer, "content-type": "application/json"},
    )

    assert (answer.status, answer.json["code"]) == (422, "text_not_storable")
    assert answer.json["errors"][0]["field"] == field


async def test_an_emoji_written_as_a_surrogate_pair_is_fine(app: FastAPI, bearer):
    """Goal: the check knows a pair from a lone surrogate."""
    answer = await call(
        app,
        "POST",
        "/loose-notes",
        body=rb'{"slot": 1, "text": "\ud83d\ude00"}',
        headers={**bearer, "content-type": "application/json"},
    )

    assert answer.status == 201


async def test_nul_in_the_address_is_refused(app: FastAPI, bearer):
    """Goal: query texts are looked at too."""
    answer = await call(app, "GET", "/notes/count", query=b"q=%00", headers=bearer)

    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "q")


@pytest.mark.parametrize("value", ["a\x00b", "a\ud800b"])
async def test_unstorable_text_that_came_another_way(context: ProbeContext, value):
    """Goal: where the database or its driver refuses a text, the answer is a 422 as well."""
    from shared.http.errors import problem_of

    with pytest.raises(Exception) as caught:  # noqa: PT011
        async with context.db.writing() as session:
            await session.execute(text("SELECT CAST(:v AS text)"), {"v": value})

    assert problem_of(caught.value).code == "text_not_storable"


@pytest.mark.parametrize(
    "note",
    [{"slot": 1, "text": "长" * 201}, {"slot": 2**31, "text": "a"}, {"slot": 2**63, "text": "a"}],
)
async def test_a_value_larger_than_its_column_is_a_422(app: FastAPI, bearer, note):
    """Goal: a missing limit in a schema is not a crash."""
    answer = await call(app, "POST", "/loose-notes", document=note, headers=bearer)

    assert (answer.status, answer.json["code"]) == (422, "value_not_storable")


async def test_an_unreachable_database_is_a_503(app: FastAPI, bearer, context: ProbeContext):
    """Goal: say "try again", not "error". Method: nobody listens on that port."""
    await context.db.close()
    context.db = Database("postgresql+asyncpg://nobody:secret@127.0.0.1:1/nothing", service="probe")
    answer = await call(app, "GET", "/notes/count", headers=bearer)

    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]
    assert "secret" not in answer.body.decode()


async def test_a_server_that_ends_the_connection_is_a_503(
    app: FastAPI, bearer, context: ProbeContext, database_url: str
):
    """Goal: a restart of the server is a wait. Method: the backend ends while in use."""
    request = asyncio.create_task(
        call(app, "POST", "/slow-notes", document={"slot": 1, "text": "a"}, headers=bearer)
    )
    await asyncio.wait_for(context.waiting.wait(), 5)
    other = Database(database_url, service="other")
    async with other.writing() as session:
        await session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'yizhan-probe' AND datname = current_database()"
            )
        )
    await other.close()
    context.gate.set()
    answer = await request

    assert answer.statuses == [503]


async def test_an_exhausted_pool_is_a_503(app: FastAPI, bearer, context, database_url):
    """Goal: overload asks to wait. Method: a pool of one, in use, with a short timeout."""
    await context.db.close()
    context.db = Database(database_url, service="probe", pool_size=1, max_overflow=0)
    context.db.engine.sync_engine.pool._timeout = 0.1
    async with context.db.reading() as session:
        await session.execute(text("SELECT 1"))
        answer = await call(app, "GET", "/notes/count", headers=bearer)

    assert answer.status == 503


async def test_a_lock_held_too_long_is_a_503_that_says_busy(app, bearer, context):
    """Goal: a lock timeout tells the client to come again."""
    from shared.http.errors import problem_of

    async with context.db.writing() as holder:
        await holder.execute(text("LOCK TABLE notes"))
        with pytest.raises(Exception) as caught:  # noqa: PT011, PT012
            async with context.db.writing() as session:
                await session.execute(text("SET LOCAL lock_timeout = '50ms'"))
                await session.execute(text("SELECT * FROM notes"))

    problem = problem_of(caught.value)
    assert (problem.status, problem.code) == (503, "busy")
