"""Goal: a client never reads success for something that was not committed."""

from fastapi import FastAPI

from tests.integration.http.driver import call


async def test_a_failing_commit_is_a_500_and_nothing_else(app: FastAPI, bearer):
    """Goal: a commit that fails is an error to the client.

    Method: the second row breaks a deferred constraint, which PostgreSQL looks at on commit.
    """
    first = await call(app, "POST", "/notes", document={"slot": 1, "text": "a"}, headers=bearer)
    second = await call(app, "POST", "/notes", document={"slot": 1, "text": "b"}, headers=bearer)

    assert first.status == 201
    assert second.statuses == [500]
    assert second.headers["content-type"] == "application/problem+json"
    assert second.json["code"] == "internal_error"
    assert second.json["error_id"]
    assert second.error is None


async def test_the_default_scope_would_lie(app: FastAPI, bearer):
    """Goal: show that the test above can fail.

    Method: the control route has the same session without ``scope="function"``; the same broken
    commit comes after the client was told 201.
    """
    await call(app, "POST", "/notes", document={"slot": 1, "text": "a"}, headers=bearer)
    late = await call(
        app, "POST", "/notes-committed-late", document={"slot": 1, "text": "b"}, headers=bearer
    )

    assert late.statuses == [201]
    assert late.error is not None

    count = await call(app, "GET", "/notes/count", headers=bearer)
    assert count.json == {"count": 1}


async def test_an_exception_rolls_back_and_hides_its_text(app: FastAPI, bearer, caplog, capfd):
    """Goal: an unforeseen error changes nothing and tells nobody's name.

    Method: the endpoint writes a row, then raises with the name that it was sent.
    """
    answer = await call(
        app, "POST", "/failing", document={"slot": 9, "text": "张小三"}, headers=bearer
    )

    assert answer.statuses == [500]
    assert "张小三" not in answer.body.decode()
    output = capfd.readouterr()
    assert "request_failed" in output.out + output.err + caplog.text
    assert "张小三" not in output.out + output.err + caplog.text
    count = await call(app, "GET", "/notes/count", headers=bearer)
    assert count.json == {"count": 0}


async def test_an_error_after_the_first_bytes_cuts_the_connection(app: FastAPI, bearer):
    """Goal: a stream that breaks is not mistaken for a complete one, and leaks no value."""
    answer = await call(app, "GET", "/breaking", headers=bearer)

    assert answer.statuses == [200]
    assert not any(message.get("more_body") is False for message in answer.messages[1:])
    assert answer.error is not None
    assert "张小三" not in str(answer.error)
