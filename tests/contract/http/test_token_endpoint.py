"""Goal: the token endpoint as api.md, RFC 6749 and RFC 7523 have it."""

import base64
import datetime as dt
from urllib.parse import urlencode

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey
from starlette.applications import Starlette
from starlette.routing import Mount

from shared.http.errors import install
from shared.security.assertions import ASSERTION_TYPE
from shared.security.clients import ClientsFile
from shared.security.oauth import oauth_router
from shared.security.tokens import TokenVerifier
from tests.integration.http.driver import Answer, call

URL = "http://test/oauth/token"


@pytest.fixture
def app(clients, signer, clock) -> Starlette:
    inner = FastAPI()
    install(inner)
    inner.include_router(oauth_router(clients, signer, clock))
    return Starlette(routes=[Mount("/oauth", app=inner)])


async def ask(app: Starlette, headers: dict[str, str] | None = None, **form: str) -> Answer:
    form.setdefault("grant_type", "client_credentials")
    return await call(
        app,
        "POST",
        "/oauth/token",
        body=urlencode(form).encode(),
        headers={"content-type": "application/x-www-form-urlencoded", **(headers or {})},
    )


def basic(client_id: str, secret: str) -> dict[str, str]:
    content = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"authorization": f"Basic {content}"}


def refused(answer: Answer, status: int, error: str) -> None:
    """The answer is RFC 6749's error and a problem document at once, and is not stored."""
    assert (answer.status, answer.json["error"]) == (status, error)
    assert answer.json["error_description"] == answer.json["detail"]
    assert answer.json["title_zh"]
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"


class TestSecret:
    async def test_in_the_form(self, app, clients: ClientsFile, signer):
        """Goal: the documented answer, and a token that the services accept."""
        answer = await ask(app, client_id="hospital", client_secret=clients.secret_of("hospital"))

        assert answer.status == 200
        assert set(answer.json) == {"access_token", "token_type", "expires_in", "scope"}
        assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 1800)
        assert answer.headers["cache-control"] == "no-store"
        principal = signer.verifier().verify(answer.json["access_token"])
        assert principal.client_id == "hospital"
        assert principal.organisation == "region:511113"
        assert principal.scopes == frozenset(answer.json["scope"].split())
        assert "claims:settle" in principal.scopes

    async def test_by_http_basic(self, app, clients: ClientsFile):
        """Goal: RFC 6749's preferred way works too."""
        answer = await ask(app, basic("hospital", clients.secret_of("hospital") or ""))
        assert answer.status == 200

    async def test_wrong(self, app):
        """Goal: the same answer for a wrong secret and an unknown client."""
        wrong = await ask(app, client_id="hospital", client_secret="x")
        unknown = await ask(app, client_id="nobody", client_secret="x")
        refused(wrong, 401, "invalid_client")
        assert wrong.json == unknown.json

    async def test_wrong_by_basic_is_challenged(self, app):
        """Goal: RFC 6749 §5.2 asks for WWW-Authenticate then."""
        answer = await ask(app, basic("hospital", "x"))
        refused(answer, 401, "invalid_client")
        assert answer.headers["www-authenticate"].startswith("Basic")


class TestRequest:
    @pytest.mark.parametrize(
        "form",
        [
            {"client_id": "hospital"},
            {"client_secret": "x"},
            {"client_id": "hospital", "client_secret": "x", "client_assertion": "y"},
            {"client_id": "hospital", "client_assertion": "y"},
            {"client_id": "h" * 64, "client_secret": "x"},
        ],
    )
    async def test_malformed(self, app, form):
        """Goal: say what is missing or there twice."""
        refused(await ask(app, **form), 400, "invalid_request")

    @pytest.mark.parametrize("header", ["Basic !!!", "Basic aG9zcGl0YWw=", "Basic /w=="])
    async def test_malformed_basic(self, app, header):
        """Goal: broken base64 or no colon is a 400, not a crash."""
        refused(await ask(app, {"authorization": header}), 400, "invalid_request")

    async def test_twice_the_same_field(self, app):
        """Goal: RFC 6749 §3.2 forbids repeated parameters."""
        answer = await call(
            app,
            "POST",
            "/oauth/token",
            body=b"grant_type=client_credentials&client_id=a&client_id=b&client_secret=x",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        refused(answer, 400, "invalid_request")

    async def test_other_grants(self, app, clients: ClientsFile):
        """Goal: only client credentials."""
        answer = await ask(
            app,
            client_id="hospital",
            client_secret=clients.secret_of("hospital"),
            grant_type="password",
        )
        refused(answer, 400, "unsupported_grant_type")

    async def test_json_instead_of_a_form(self, app):
        """Goal: the usual mistake gets an answer that helps."""
        answer = await call(app, "POST", "/oauth/token", document={"client_id": "hospital"})
        refused(answer, 400, "invalid_request")


class TestScope:
    async def test_may_be_narrowed(self, app, clients: ClientsFile, signer):
        """Goal: a token for one task only."""
        answer = await ask(
            app,
            client_id="hospital",
            client_secret=clients.secret_of("hospital"),
            scope="claims:quote",
        )
        assert answer.json["scope"] == "claims:quote"
        assert signer.verifier().verify(answer.json["access_token"]).scopes == {"claims:quote"}

    @pytest.mark.parametrize("scope", ["no:such", "identity:roster", "claims:quote no:such", " "])
    async def test_beyond_the_grant_is_refused(self, app, clients: ClientsFile, scope):
        """Goal: nobody gets more than he was granted, and nobody quietly less."""
        answer = await ask(
            app,
            client_id="hospital",
            client_secret=clients.secret_of("hospital"),
            scope=scope,
        )
        refused(answer, 400, "invalid_scope")


class TestAssertion:
    @pytest.fixture(params=["Ed25519", "ES256"])
    def prove(self, request, clients: ClientsFile, clock):
        """Makes assertions of a client that has only keys."""
        if request.param == "Ed25519":
            key = OKPKey.generate_key("Ed25519", auto_kid=True)
        else:
            key = ECKey.generate_key("P-256", auto_kid=True)
        clients.add(
            "his",
            scopes=["claims:quote"],
            organisation="facility:H51111300101",
            jwks={"keys": [key.as_dict(private=False)]},
        )

        def make(signing_key=None, **claims) -> dict[str, str]:
            now_s = int(clock.now().timestamp())
            document = {
                "iss": "his", "sub": "his", "aud": URL, "exp": now_s + 60, "jti": "j-1", **claims,
            }  # fmt: skip
            document = {name: value for name, value in document.items() if value is not None}
            chosen = signing_key or key
            header = {"alg": request.param, "kid": key.kid}
            assertion = jwt.encode(header, document, chosen, algorithms=[request.param])
            return {
                "client_id": "his",
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": assertion,
            }

        make.other = lambda: (
            OKPKey.generate_key("Ed25519", {"kid": key.kid})
            if request.param == "Ed25519"
            else ECKey.generate_key("P-256", {"kid": key.kid})
        )
        return make

    async def test_signed_by_the_client(self, app, prove, signer):
        """Goal: private_key_jwt with Ed25519 and with ES256; no secret anywhere."""
        answer = await ask(app, **prove())
        assert answer.status == 200
        principal = signer.verifier().verify(answer.json["access_token"])
        assert principal.organisation == "facility:H51111300101"

    async def test_may_name_the_issuer_as_audience(self, app, prove):
        """Goal: RFC 7523 allows it, and several audiences."""
        assert (await ask(app, **prove(aud=["other", "yizhan"]))).status == 200

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "hospital"},
            {"sub": "hospital"},
            {"sub": None},
            {"aud": "http://elsewhere/oauth/token"},
            {"aud": None},
            {"exp": 1},
            {"exp": None},
            {"exp": 9_999_999_999},
            {"exp": "soon"},
            {"nbf": 9_999_999_999},
            {"jti": None},
            {"jti": ""},
        ],
    )
    async def test_with_wrong_claims(self, app, prove, claims):
        """Goal: each claim counts."""
        refused(await ask(app, **prove(**claims)), 401, "invalid_client")

    async def test_used_twice(self, app, prove):
        """Goal: a stolen assertion is worth nothing; a new one of the same client is."""
        assertion = prove()
        assert (await ask(app, **assertion)).status == 200
        refused(await ask(app, **assertion), 401, "invalid_client")
        assert (await ask(app, **prove(jti="j-2"))).status == 200

    async def test_signed_by_somebody_else(self, app, prove):
        """Goal: the key decides, not the key's name."""
        refused(await ask(app, **prove(prove.other())), 401, "invalid_client")

    async def test_of_a_client_without_keys(self, app, prove):
        """Goal: a client with a secret cannot be impersonated by an assertion."""
        assertion = {**prove(iss="hospital", sub="hospital"), "client_id": "hospital"}
        refused(await ask(app, **assertion), 401, "invalid_client")


class TestGuessing:
    async def test_is_slowed_down(self, app, clients: ClientsFile, clock):
        """Goal: ten wrong secrets a minute; then even the right one has to wait."""
        for _ in range(10):
            refused(await ask(app, client_id="hospital", client_secret="x"), 401, "invalid_client")
        right = {"client_id": "hospital", "client_secret": clients.secret_of("hospital")}
        answer = await ask(app, **right)
        refused(answer, 429, "temporarily_unavailable")
        assert 1 <= int(answer.headers["retry-after"]) <= 61

        insurer = {"client_id": "insurer", "client_secret": clients.secret_of("insurer")}
        assert (await ask(app, **insurer)).status == 200
        clock.advance(dt.timedelta(seconds=61))
        assert (await ask(app, **right)).status == 200

    async def test_remembers_a_bounded_number(self, app, monkeypatch):
        """Goal: inventing client ids fills no memory."""
        from shared.security import oauth

        monkeypatch.setattr(oauth, "_REMEMBERED_CALLERS", 3)
        limiters = []
        original = oauth.FailureLimiter.failed

        def spy(self, *mark):
            original(self, *mark)
            limiters.append(self)

        monkeypatch.setattr(oauth.FailureLimiter, "failed", spy)
        for number in range(6):
            await ask(app, client_id=f"c-{number}", client_secret="x")
        assert len(limiters[0]._failures) == 3


async def test_public_keys_are_served(app, clients: ClientsFile, clock):
    """Goal: a service elsewhere can verify with what this address gives."""
    answer = await call(app, "GET", "/oauth/jwks.json")
    granted = await ask(app, client_id="hospital", client_secret=clients.secret_of("hospital"))

    assert "d" not in answer.json["keys"][0]
    verifier = TokenVerifier(answer.json, clock=clock)
    assert verifier.verify(granted.json["access_token"]).client_id == "hospital"
