"""Goal: a request sent twice has its effect once."""

import asyncio
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from shared.http import idempotency
from tests.integration.http.driver import Answer, call
from tests.integration.http.probe import ProbeContext


async def post(app: FastAPI, bearer, path: str, key: str, note: dict) -> Answer:
    return await call(app, "POST", path, document=note, headers={**bearer, "Idempotency-Key": key})


class TestSameRequest:
    async def test_is_answered_again_without_doing_it_again(
        self, app: FastAPI, bearer, context: ProbeContext
    ):
        """Goal: same key and body, same status and body, one row."""
        first = await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "张小三"})
        second = await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "张小三"})

        assert (second.status, second.body) == (first.status, first.body)
        assert first.status == 201
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert second.headers["content-type"] == first.headers["content-type"]
        assert context.executions == 1

    async def test_another_client_has_its_own_keys(
        self, app: FastAPI, bearer, signer, context: ProbeContext
    ):
        """Goal: a key says nothing about another client's request."""
        other = signer.sign(
            client_id="insurer", organisation="region:511113", scopes=["claims:settle"]
        )
        await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "a"})
        answer = await post(
            app,
            {"authorization": f"Bearer {other}"},
            "/notes",
            "k-1",
            {"slot": 2, "text": "b"},
        )

        assert answer.status == 201
        assert context.executions == 2

    async def test_the_stored_answer_is_encrypted(
        self, app: FastAPI, bearer, context: ProbeContext
    ):
        """Goal: the database holds no name in clear. Method: read the row as it is stored."""
        await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "张小三"})

        async with context.db.reading() as session:
            row = (await session.execute(text("SELECT * FROM idempotency_keys"))).one()
        assert "张小三".encode() not in row.body
        assert row.status == 201

    async def test_of_a_form_may_have_another_boundary(
        self, app: FastAPI, bearer, context: ProbeContext
    ):
        """Goal: a client library picks a new multipart boundary for each try; it is the same."""

        def form(boundary: str, content: str) -> bytes:
            return (
                f'--{boundary}\r\nContent-Disposition: form-data; name="file"; '
                f'filename="r.csv"\r\nContent-Type: text/csv\r\n\r\n{content}\r\n'
                f"--{boundary}--\r\n"
            ).encode()

        async def send(boundary: str, content: str) -> Answer:
            return await call(
                app,
                "POST",
                "/uploads",
                body=form(boundary, content),
                headers={
                    **bearer,
                    "Idempotency-Key": "k-1",
                    "content-type": f"multipart/form-data; boundary={boundary}",
                },
            )

        first = await send("one", "a,b")
        again = await send("two", "a,b")
        other = await send("three", "a,c")

        assert first.json == {"bytes": 3, "execution": 1}
        assert again.body == first.body
        assert again.headers["idempotency-replayed"] == "true"
        assert (other.status, other.json["code"]) == (422, "idempotency_key_reused")


class TestOtherRequest:
    @pytest.mark.parametrize("note", [{"slot": 2, "text": "a"}, {"slot": 1, "text": "b"}])
    async def test_with_the_same_key_is_refused(self, app: FastAPI, bearer, note):
        """Goal: a key used twice for different requests is the client's error, said so."""
        await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "a"})
        answer = await post(app, bearer, "/notes", "k-1", note)

        assert answer.status == 422
        assert answer.json["code"] == "idempotency_key_reused"
        assert answer.json["errors"][0]["field"] == "Idempotency-Key"

    async def test_with_another_path_or_query_is_refused(self, app: FastAPI, bearer):
        """Goal: the address belongs to the request's identity."""
        note = {"slot": 1, "text": "a"}
        await post(app, bearer, "/notes", "k-1", note)
        elsewhere = await post(app, bearer, "/loose-notes", "k-1", note)
        queried = await call(
            app,
            "POST",
            "/notes",
            document=note,
            query=b"dry_run=1",
            headers={**bearer, "Idempotency-Key": "k-1"},
        )

        assert elsewhere.json["code"] == "idempotency_key_reused"
        assert queried.json["code"] == "idempotency_key_reused"


class TestFailure:
    @pytest.mark.parametrize("how", ["raise", "return"])
    async def test_keeps_no_claim(self, app: FastAPI, bearer, context: ProbeContext, how):
        """Goal: a refused request may be sent again with its key, and is decided anew."""
        first = await post(app, bearer, "/refused", "k-1", {"slot": 1, "text": how})
        second = await post(app, bearer, "/refused", "k-1", {"slot": 1, "text": how})

        assert first.status == second.status == 409
        assert context.executions == 2
        async with context.db.reading() as session:
            assert await session.scalar(text("SELECT count(*) FROM idempotency_keys")) == 0

    async def test_of_the_commit_keeps_no_claim(self, app: FastAPI, bearer, context):
        """Goal: key and change stand or fall together. Method: a deferred constraint."""
        await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "a"})
        failed = await post(app, bearer, "/notes", "k-2", {"slot": 1, "text": "b"})

        assert failed.status == 500
        async with context.db.reading() as session:
            keys = (await session.scalars(text("SELECT key FROM idempotency_keys"))).all()
        assert keys == ["k-1"]

    async def test_of_validation_keeps_no_claim(self, app: FastAPI, bearer):
        """Goal: the corrected request may use the same key."""
        wrong = await post(app, bearer, "/notes", "k-1", {"slot": "x", "text": "a"})
        right = await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "a"})

        assert (wrong.status, right.status) == (422, 201)


class TestTwins:
    async def test_at_once_have_one_effect(self, app: FastAPI, bearer, context: ProbeContext):
        """Goal: the second waits for the first and gets its answer.

        Method: the first is held inside its transaction while the second is sent.
        """
        note = {"slot": 1, "text": "a"}
        first = asyncio.create_task(post(app, bearer, "/slow-notes", "k-1", note))
        await asyncio.wait_for(context.waiting.wait(), 5)
        second = asyncio.create_task(post(app, bearer, "/slow-notes", "k-1", note))
        await asyncio.sleep(0.2)
        assert not second.done()
        context.gate.set()
        answers = await asyncio.gather(first, second)

        assert [answer.status for answer in answers] == [201, 201]
        assert answers[0].body == answers[1].body
        assert answers[1].headers["idempotency-replayed"] == "true"
        assert context.executions == 1

    async def test_the_second_does_it_when_the_first_fails(
        self, app: FastAPI, bearer, context: ProbeContext
    ):
        """Goal: waiting behind a request that is rolled back is no loss."""
        note = {"slot": 1, "text": "a"}
        await post(app, bearer, "/notes", "k-0", note)
        first = asyncio.create_task(post(app, bearer, "/slow-notes", "k-1", note))
        await asyncio.wait_for(context.waiting.wait(), 5)
        async with context.db.writing() as session:
            await session.execute(text("DELETE FROM notes WHERE false"))
        second = asyncio.create_task(post(app, bearer, "/slow-notes", "k-1", note))
        await asyncio.sleep(0.1)
        context.gate.set()
        answers = await asyncio.gather(first, second)

        # Slot 1 is taken, so both commits fail: the second was really carried out.
        assert [answer.status for answer in answers] == [500, 500]
        assert context.executions == 3

    async def test_the_second_does_not_wait_for_ever(
        self, app: FastAPI, bearer, context: ProbeContext, monkeypatch
    ):
        """Goal: a hung twin gives a 409 with advice. Method: the limit set to 0.3 s."""
        monkeypatch.setattr(idempotency, "WAIT_FOR_TWIN_S", 0.3)
        note = {"slot": 1, "text": "a"}
        first = asyncio.create_task(post(app, bearer, "/slow-notes", "k-1", note))
        await asyncio.wait_for(context.waiting.wait(), 5)
        second = await post(app, bearer, "/slow-notes", "k-1", note)
        context.gate.set()

        assert (second.status, second.json["code"]) == (409, "idempotency_key_in_use")
        assert second.headers["retry-after"]
        assert (await first).status == 201


class TestAnswersThatAreNotKept:
    async def test_a_stream_is_not_sent_twice_and_not_done_twice(
        self, app: FastAPI, bearer, context: ProbeContext
    ):
        """Goal: where the answer cannot be repeated, the effect still happens once."""
        headers = {**bearer, "Idempotency-Key": "k-1"}
        first = await call(app, "POST", "/streams", headers=headers)
        second = await call(app, "POST", "/streams", headers=headers)

        assert first.body == b"a,b\n"
        assert (second.status, second.json["code"]) == (409, "idempotency_answer_not_kept")
        assert context.executions == 1


class TestKey:
    @pytest.mark.parametrize("key", ["", "a b", "a" * 256, "\x7f"])
    async def test_must_be_printable_and_short(self, app: FastAPI, bearer, key):
        """Goal: a key that cannot be kept is refused with the cure."""
        answer = await post(app, bearer, "/notes", key, {"slot": 1, "text": "a"})

        assert (answer.status, answer.json["code"]) == (422, "idempotency_key_malformed")

    async def test_may_be_as_long_as_the_column(self, app: FastAPI, bearer):
        """Goal: 255 characters fit."""
        answer = await post(app, bearer, "/notes", "k" * 255, {"slot": 1, "text": "a"})

        assert answer.status == 201

    async def test_is_ignored_on_a_read(self, app: FastAPI, bearer, context: ProbeContext):
        """Goal: a GET claims nothing."""
        answer = await call(
            app, "GET", "/notes/count", headers={**bearer, "Idempotency-Key": "k-1"}
        )

        assert answer.status == 200

    @pytest.mark.parametrize("path", ["/callers-after-session", "/plain-notes"])
    async def test_on_a_route_made_wrongly_is_our_error(self, app: FastAPI, bearer, path):
        """Goal: a route that could not keep its promise fails loudly, not quietly."""
        answer = await post(app, bearer, path, "k-1", {"slot": 1, "text": "a"})

        assert (answer.status, answer.json["code"]) == (500, "internal_error")


async def test_old_keys_are_forgotten(app: FastAPI, bearer, context: ProbeContext):
    """Goal: keys do not pile up, those of forms go sooner. Method: forget before a moment in the
    past, of forms in the future; then all."""
    await post(app, bearer, "/notes", "k-1", {"slot": 1, "text": "a"})
    async with context.db.writing() as session:
        await session.execute(
            text(
                "INSERT INTO idempotency_keys (client_id, key, request_hash) "
                "VALUES ('user:doctor', 'form.k.1', '\\x00')"
            )
        )
    async with context.db.writing() as session:
        moment = await session.scalar(text("SELECT now() + interval '1 minute'"))
        before = moment - timedelta(hours=1)
        assert await idempotency.forget_before(session, before, of_forms=before) == 0
        assert await idempotency.forget_before(session, before, of_forms=moment) == 1
        assert await idempotency.forget_before(session, moment, of_forms=moment) == 1
    again = await post(app, bearer, "/notes", "k-1", {"slot": 2, "text": "b"})
    assert again.status == 201
