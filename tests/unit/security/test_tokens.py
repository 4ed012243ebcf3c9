import base64
import datetime as dt
import json
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from shared.clock import FixedClock
from shared.http.problem import Unauthorized
from shared.security.files import SecretFileTooOpen
from shared.security.principal import Principal
from shared.security.tokens import TokenKeyMalformed, TokenSigner, TokenVerifier

START = dt.datetime(2016, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(START)


@pytest.fixture
def signer(tmp_path: Path, clock: FixedClock) -> TokenSigner:
    return TokenSigner.generate(tmp_path / "key.json", clock=clock)


def sign(signer: TokenSigner) -> str:
    return signer.sign(client_id="hospital", organisation="region:511113", scopes=["a:b", "c:d"])


def altered(token: str, **claims: object) -> str:
    """The same signature over other claims."""
    head, body, signature = token.split(".")
    document = json.loads(base64.urlsafe_b64decode(body + "=="))
    document.update(claims)
    body = base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


class TestVerify:
    def test_gives_the_principal(self, signer: TokenSigner):
        """Goal: who, of which organisation, with which scopes. Method: twice, for the cache."""
        verifier = signer.verifier()
        token = sign(signer)
        expected = Principal("hospital", "region:511113", frozenset({"a:b", "c:d"}))
        assert verifier.verify(token) == expected
        assert verifier.verify(token) == expected

    def test_refuses_an_expired_token_also_from_the_cache(
        self, signer: TokenSigner, clock: FixedClock
    ):
        """Goal: half an hour, and 30 s for differing clocks, no more."""
        verifier, token = signer.verifier(), sign(signer)
        verifier.verify(token)
        clock.advance(dt.timedelta(seconds=1829))
        verifier.verify(token)
        clock.advance(dt.timedelta(seconds=1))
        with pytest.raises(Unauthorized, match="expired"):
            verifier.verify(token)
        with pytest.raises(Unauthorized, match="expired"):
            signer.verifier().verify(token)

    def test_refuses_a_token_from_the_future(self, signer: TokenSigner, clock: FixedClock):
        """Goal: a clock that runs ahead is noticed."""
        ahead = FixedClock(START + dt.timedelta(seconds=31))
        early = TokenVerifier(signer.jwks(), clock=clock)
        signer._clock = ahead
        with pytest.raises(Unauthorized, match="future"):
            early.verify(sign(signer))

    @pytest.mark.parametrize(
        "claims", [{"sub": "operator"}, {"exp": 9_999_999_999}, {"scope": "x:y"}]
    )
    def test_refuses_changed_claims(self, signer: TokenSigner, claims: dict):
        """Goal: the signature covers everything."""
        with pytest.raises(Unauthorized, match="not one of ours"):
            signer.verifier().verify(altered(sign(signer), **claims))

    @pytest.mark.parametrize("options", [{"issuer": "other"}, {"audience": "other"}])
    def test_refuses_tokens_for_others(self, signer: TokenSigner, clock: FixedClock, options: dict):
        """Goal: a token of another system that shares the key is no token here."""
        with pytest.raises(Unauthorized, match="another system"):
            TokenVerifier(signer.jwks(), clock=clock, **options).verify(sign(signer))

    def test_refuses_other_algorithms(self, signer: TokenSigner):
        """Goal: neither "none" nor the public key used as an HMAC secret gets in."""
        head, body, _ = sign(signer).split(".")
        none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        public = signer.jwks()["keys"][0]
        secret = OctKey.import_key({"kty": "oct", "k": public["x"]})
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        forged = jwt.encode({"alg": "HS256", "kid": public["kid"]}, claims, secret)
        for token in (f"{none}.{body}.", forged, f"{head}.{body}."):
            with pytest.raises(Unauthorized):
                signer.verifier().verify(token)

    def test_refuses_another_key_with_the_same_id(self, signer: TokenSigner, clock: FixedClock):
        """Goal: the key counts, not its name."""
        kid = signer.jwks()["keys"][0]["kid"]
        thief = TokenSigner(OKPKey.generate_key("Ed25519", {"kid": kid}), clock=clock)
        with pytest.raises(Unauthorized):
            signer.verifier().verify(sign(thief))

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.b.c", "a" * 10_000, "...."])
    def test_refuses_garbage_with_a_challenge(self, signer: TokenSigner, token: str):
        """Goal: whatever is sent, the answer is a 401 that says how to ask."""
        with pytest.raises(Unauthorized) as caught:
            signer.verifier().verify(token)
        assert "invalid_token" in caught.value.headers["WWW-Authenticate"]

    def test_remembers_a_bounded_number(self, signer: TokenSigner, monkeypatch):
        """Goal: the cache is not a leak."""
        monkeypatch.setattr("shared.security.tokens._CACHE_SIZE", 3)
        verifier = signer.verifier()
        for _ in range(5):
            verifier.verify(sign(signer))
        assert len(verifier._verified) == 3


class TestKeyFiles:
    def test_public_half_serves_other_processes(
        self, signer: TokenSigner, tmp_path: Path, clock: FixedClock
    ):
        """Goal: a service verifies with the JWKS file alone, which holds no private part."""
        signer.write_jwks(tmp_path / "jwks.json")
        assert "d" not in json.loads((tmp_path / "jwks.json").read_text())["keys"][0]
        verifier = TokenVerifier.from_file(tmp_path / "jwks.json", clock=clock)
        assert verifier.verify(sign(signer)).client_id == "hospital"

    def test_private_key_opens_again(self, signer: TokenSigner, tmp_path: Path, clock: FixedClock):
        """Goal: tokens live on over a restart."""
        again = TokenSigner.from_file(tmp_path / "key.json", clock=clock)
        assert again.jwks() == signer.jwks()

    def test_private_key_must_be_private(self, signer: TokenSigner, tmp_path: Path, clock):
        """Goal: a readable signing key stops the start."""
        (tmp_path / "key.json").chmod(0o644)
        with pytest.raises(SecretFileTooOpen):
            TokenSigner.from_file(tmp_path / "key.json", clock=clock)

    @pytest.mark.parametrize("content", ["", "{}", '{"kty":"oct","k":"AA"}', "[]"])
    def test_of_another_kind_is_refused(self, tmp_path: Path, clock: FixedClock, content: str):
        """Goal: a wrong file is named."""
        path = tmp_path / "other.json"
        path.write_text(content)
        path.chmod(0o600)
        with pytest.raises(TokenKeyMalformed):
            TokenSigner.from_file(path, clock=clock)
        with pytest.raises(TokenKeyMalformed):
            TokenVerifier.from_file(path, clock=clock)

    def test_private_key_is_no_jwks(self, tmp_path: Path, signer: TokenSigner):
        """Goal: the private key is not handed to services by mistake."""
        private = json.loads((tmp_path / "key.json").read_text())
        with pytest.raises(TokenKeyMalformed):
            TokenVerifier({"keys": [private]})
