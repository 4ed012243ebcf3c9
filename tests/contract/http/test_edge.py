"""Goal: size limits, trace ids, headers and error documents as every caller meets them."""

import json
import re
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Request, UploadFile
from pydantic import AwareDatetime, BaseModel
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from shared.http.errors import install
from shared.http.limits import BodyLimit, EdgeMiddleware, next_traceparent
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor, page
from shared.http.problem import FieldFault
from shared.http.routing import YizhanRoute
from shared.money import Money
from shared.security.principal import Principal, requires
from tests.integration.http.driver import Answer, call

UPLOADS = {
    "/v1/large": BodyLimit(
        8_000,
        "at most 8000 bytes; split it so",
        (FieldFault("file", "payload_too_large", "split it so", "请这样拆分"),),
    )
}

PROBLEM_FIELDS = {"type", "title", "title_zh", "status", "code", "detail", "instance", "errors"}
NAME = "张小三"
ID_NUMBER = "511301199001011234"


class Visit(BaseModel):
    visit_no: str
    occurred_at: AwareDatetime


class Body(BaseModel):
    visit: Visit
    amount: Money = "0.00"


class FakeContext:
    def __init__(self, tokens) -> None:
        self.tokens = tokens


router = APIRouter(route_class=YizhanRoute)


@router.post("/visits")
async def visits(body: Body) -> dict[str, str]:
    return {"visit_no": body.visit.visit_no}


@router.post("/files")
async def files(file: UploadFile) -> dict[str, int]:
    return {"bytes": len(await file.read())}


@router.post("/raw")
async def raw(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


@router.get("/lists")
async def lists(limit: Limit, cursor: Cursor) -> dict[str, Any]:
    after = decode_cursor(cursor, parts=1)[0] if cursor else 0
    return page([after, limit], encode_cursor(after + limit))


@router.get("/page")
async def html() -> HTMLResponse:
    return HTMLResponse("<p>")


@router.get("/secret")
async def secret(caller: Annotated[Principal, requires("claims:settle")]) -> dict[str, str]:
    return {"client": caller.client_id}


@router.get("/crash")
async def crash() -> None:
    raise KeyError(NAME)


@pytest.fixture
def app(signer) -> EdgeMiddleware:
    inner = FastAPI()
    inner.state.context = FakeContext(signer.verifier())
    install(inner)
    inner.include_router(router)

    async def outside(_: Request) -> PlainTextResponse:
        raise KeyError(NAME)

    async def static(_: Request) -> PlainTextResponse:
        return PlainTextResponse("css")

    root = Starlette(
        routes=[Mount("/v1", app=inner), Route("/outside", outside), Route("/static/a.css", static)]
    )
    install(root)
    return EdgeMiddleware(root, max_body_bytes=1_000, max_upload_bytes=5_000, uploads=UPLOADS)


def is_problem(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.statuses == [status]
    assert set(answer.json) >= PROBLEM_FIELDS
    assert answer.json["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert re.search("[\u4e00-\u9fff]", answer.json["title_zh"])
    assert answer.json["instance"].startswith("/")


class TestProblems:
    async def test_validation_names_the_field(self, app):
        """Goal: "visit.occurred_at", what is wrong, the cure, in two languages."""
        document = {"visit": {"visit_no": "1", "occurred_at": NAME}, "amount": 5}
        answer = await call(app, "POST", "/v1/visits", document=document)

        is_problem(answer, 422, "validation_failed")
        faults = {fault["field"]: fault for fault in answer.json["errors"]}
        assert set(faults) == {"visit.occurred_at", "amount"}
        assert set(faults["amount"]) == {"field", "code", "message", "message_zh"}
        assert NAME not in answer.body.decode()

    @pytest.mark.parametrize(
        "body", [b"{", b"", b'{"visit": }', b"\xff\xfe{}", b"[1,", b'{"a": NaN}', b"1" * 900]
    )
    async def test_malformed_json(self, app, body):
        """Goal: whatever the bytes, a 4xx with a code, never a 500."""
        answer = await call(
            app, "POST", "/v1/visits", body=body, headers={"content-type": "application/json"}
        )
        assert answer.status in {400, 422}
        assert set(answer.json) >= PROBLEM_FIELDS

    async def test_truncated_json_says_so(self, app):
        """Goal: 400 malformed_json."""
        answer = await call(
            app, "POST", "/v1/visits", body=b'{"a', headers={"content-type": "application/json"}
        )
        is_problem(answer, 400, "malformed_json")

    async def test_deep_json_is_no_crash(self, app):
        """Goal: nesting is limited by the parser, not by our stack."""
        body = b'{"visit":' + b"[" * 480 + b"]" * 480 + b"}"
        answer = await call(
            app, "POST", "/v1/visits", body=body, headers={"content-type": "application/json"}
        )
        assert answer.status in {400, 422}

    async def test_wrong_content_type_says_what_to_send(self, app):
        """Goal: the usual curl mistake is explained."""
        answer = await call(
            app, "POST", "/v1/visits", body=b"{}", headers={"content-type": "text/plain"}
        )
        is_problem(answer, 422, "validation_failed")
        assert "application/json" in answer.json["errors"][0]["message"]

    async def test_unknown_address_and_method(self, app):
        """Goal: 404 and 405 are problems too; Allow is kept."""
        is_problem(await call(app, "GET", "/v1/nothing"), 404, "not_found")
        answer = await call(app, "DELETE", "/v1/visits")
        is_problem(answer, 405, "method_not_allowed")
        assert "POST" in answer.headers["allow"]

    async def test_an_identifier_in_the_address_is_not_repeated(self, app):
        """Goal: a client's mistake does not spread."""
        answer = await call(app, "GET", f"/v1/persons/{ID_NUMBER}")
        is_problem(answer, 404, "not_found")
        assert ID_NUMBER not in answer.body.decode()

    async def test_a_crash_has_a_number_and_no_values(self, app, capfd):
        """Goal: the operator finds the log line by the number; nobody reads the name."""
        answer = await call(app, "GET", "/v1/crash")

        is_problem(answer, 500, "internal_error")
        output = capfd.readouterr()
        assert answer.json["error_id"] in output.out + output.err
        assert NAME not in output.out + output.err + answer.body.decode()

    async def test_a_crash_outside_every_service_is_answered_too(self, app):
        """Goal: the root application and the bare edge leave nothing to the server."""

        async def bare(_scope: Scope, _receive: Receive, _send: Send) -> None:
            raise KeyError(NAME)

        edge = EdgeMiddleware(bare, max_body_bytes=1, max_upload_bytes=1)
        for each in (app, edge):
            answer = await call(each, "GET", "/outside")
            is_problem(answer, 500, "internal_error")
            assert answer.error is None


class TestCaller:
    async def test_without_a_token(self, app):
        """Goal: 401 with a challenge."""
        answer = await call(app, "GET", "/v1/secret")
        is_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_without_the_scope(self, app, signer):
        """Goal: 403 that names the scope."""
        token = signer.sign(client_id="x", organisation="region:1", scopes=["claims:quote"])
        answer = await call(app, "GET", "/v1/secret", headers={"authorization": f"Bearer {token}"})
        is_problem(answer, 403, "forbidden")
        assert "claims:settle" in answer.json["detail"]


class TestSize:
    @pytest.mark.parametrize("path", ["/v1/visits", "/v1/raw"])
    async def test_announced(self, app, path):
        """Goal: refused by Content-Length before anything is parsed."""
        answer = await call(
            app,
            "POST",
            path,
            body=b"x" * 1_001,
            headers={"content-type": "application/json", "content-length": "1001"},
        )
        is_problem(answer, 413, "payload_too_large")
        assert "1000 bytes" in answer.json["detail"]

    @pytest.mark.parametrize("path", ["/v1/visits", "/v1/raw"])
    async def test_counted(self, app, path):
        """Goal: a body that is longer than it said, or said nothing, is stopped on the way."""
        answer = await call(
            app,
            "POST",
            path,
            body=[b"x" * 400] * 3,
            headers={"content-type": "application/json"},
        )
        is_problem(answer, 413, "payload_too_large")

    async def test_counted_for_uploads(self, app):
        """Goal: the larger limit for files is a limit too."""
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        headers = {"content-type": "multipart/form-data; boundary=b"}
        fits = await call(
            app, "POST", "/v1/files", body=[head, b"x" * 4_000, b"\r\n--b--\r\n"], headers=headers
        )
        large = await call(
            app, "POST", "/v1/files", body=[head, *[b"x" * 1_000] * 6], headers=headers
        )
        assert fits.json == {"bytes": 4000}
        is_problem(large, 413, "payload_too_large")

    async def test_an_address_with_its_own_limit(self, app):
        """Goal: what is large by nature is let in there alone, and its refusal says what to do with
        it. Method: sizes about both limits, announced and only counted; as a file and as JSON."""
        announced: dict[str, list[tuple[int, list[str]]]] = {}
        for kind in ("multipart/form-data; boundary=b", "application/json"):
            for size in (900, 5_001, 8_000, 8_001):
                headers = {"content-type": kind, "content-length": str(size)}
                answer = await call(app, "POST", "/v1/large", body=b"x" * size, headers=headers)
                said = [fault["message"] for fault in answer.json["errors"]]
                announced.setdefault(kind[:5], []).append((answer.status, said))
        assert announced["multi"] == [*[(404, [])] * 3, (413, ["split it so"])]
        assert announced["appli"] == [(404, []), *[(413, [])] * 3]
        headers = {"content-type": "multipart/form-data; boundary=b"}
        elsewhere = await call(
            app, "POST", "/v1/large/1", body=b"x", headers=headers | {"content-length": "5001"}
        )
        is_problem(elsewhere, 413, "payload_too_large")

    async def test_exactly_the_limit_fits(self, app):
        """Goal: the limit is what it says."""
        answer = await call(
            app, "POST", "/v1/raw", body=b"x" * 1_000, headers={"content-length": "1000"}
        )
        assert answer.json == {"bytes": 1000}

    async def test_an_absurd_length_is_not_read(self, app):
        """Goal: nobody makes us read a terabyte. Method: the body is never asked for."""
        answer = await call(
            app, "POST", "/v1/raw", body=b"", headers={"content-length": "1" + "0" * 30}
        )
        is_problem(answer, 413, "payload_too_large")

    async def test_a_broken_multipart_body_is_a_400(self, app):
        """Goal: a missing boundary or a cut-off part is the client's error."""
        for headers in (
            {"content-type": "multipart/form-data"},
            {"content-type": "multipart/form-data; boundary=b"},
        ):
            answer = await call(app, "POST", "/v1/files", body=b"nonsense", headers=headers)
            assert answer.status in {400, 422}
            assert set(answer.json) >= PROBLEM_FIELDS


class TestHeaders:
    async def test_of_the_api(self, app):
        """Goal: nothing is guessed, framed or stored."""
        headers = (await call(app, "GET", "/v1/lists")).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["content-security-policy"].startswith("default-src 'none'")

    async def test_of_errors_too(self, app):
        """Goal: an error answer is guarded like any other."""
        headers = (await call(app, "GET", "/outside")).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"]

    async def test_of_pages(self, app):
        """Goal: scripts only from here, none inline."""
        policy = (await call(app, "GET", "/v1/page")).headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe-inline" not in policy.replace("style-src-attr 'unsafe-inline'", "")

    async def test_of_static_files(self, app):
        """Goal: style sheets may be stored."""
        assert "cache-control" not in (await call(app, "GET", "/static/a.css")).headers


class TestTrace:
    def test_is_carried_on(self):
        """Goal: the caller's trace id, a span of our own, his flags."""
        received = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        ours = next_traceparent(received)
        assert ours.startswith("00-0af7651916cd43dd8448eb211c80319c-")
        assert ours.endswith("-00")
        assert ours != received

    @pytest.mark.parametrize(
        "received",
        [
            None,
            "",
            NAME,
            "00-" + "0" * 32 + "-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-" + "0" * 16 + "-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ],
    )
    def test_is_begun_where_none_is_usable(self, received):
        """Goal: W3C's rules for a broken header: start anew."""
        ours = next_traceparent(received)
        assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", ours)
        assert "0af7651916cd43dd8448eb211c80319c" not in ours

    async def test_line_of_a_request_shows_no_address(self, app, capfd):
        """Goal: one line per request with its template, not what was called."""
        await call(app, "GET", "/v1/lists", query=f"q={ID_NUMBER}".encode())
        output = capfd.readouterr()
        text = output.out + output.err
        assert "request_finished" in text
        assert "/v1/lists" in text
        assert ID_NUMBER not in text


class TestLists:
    async def test_limit_and_cursor(self, app):
        """Goal: 50 by default, the next page by the cursor given."""
        first = await call(app, "GET", "/v1/lists")
        cursor = first.json["next_cursor"]
        second = await call(app, "GET", "/v1/lists", query=f"limit=7&cursor={cursor}".encode())
        assert first.json["items"] == [0, 50]
        assert second.json["items"] == [50, 7]

    @pytest.mark.parametrize("query", [b"limit=0", b"limit=201", b"limit=x", b"cursor=nonsense"])
    async def test_outside_the_limits(self, app, query):
        """Goal: 1 to 200, and only cursors that were given."""
        answer = await call(app, "GET", "/v1/lists", query=query)
        assert answer.status == 422
        assert answer.json["errors"][0]["field"] in {"limit", "cursor"}


def test_documents_are_json(app):
    """Goal: problem documents hold Chinese as Chinese. Method: the JSON text itself."""
    from shared.http.problem import NotFound

    assert "没有" in NotFound().response("/x").body.decode()
    assert json.loads(NotFound().response("/x").body)["instance"] == "/x"
