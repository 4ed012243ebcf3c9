"""What is registered of a client that signs: its public keys, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey
from typer.testing import CliRunner

from deploy.cli.main import app
from shared.security.assertions import KeysRefused, public_keys
from shared.security.clients import ClientsFile

KEY = OKPKey.generate_key("Ed25519")


def jwks(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def test_public_keys_are_taken_as_they_are() -> None:
    mine = {**KEY.as_dict(private=False), "kid": "2026"}
    other = {**ECKey.generate_key("P-256").as_dict(private=False), "kid": "2027"}
    assert public_keys(jwks(mine, other)) == {"keys": [mine, other]}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (jwks(KEY.as_dict(private=True)), "private key"),
        (jwks(OctKey.generate_key(256).as_dict()), "shared secret"),
        (jwks(), "no JWK set"),
        (jwks({"kty": "OKP"}), "no JWK set"),
        (b"-----BEGIN PUBLIC KEY-----", "no JWK set"),
        (b"[]", "no JWK set"),
    ],
    # Each worker of the suite draws its own keys: they must not name the tests.
    ids=["private", "shared", "none", "half", "pem", "list"],
)
def test_what_are_no_public_keys_is_refused(content: bytes, told: str) -> None:
    """Goal: a private key that was sent by mistake is not stored. Method: each mistake once."""
    with pytest.raises(KeysRefused, match=told):
        public_keys(content)


def test_a_client_is_added_by_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Goal: the operator registers a signing client by command, and it has no secret. Method: the
    command, with the public keys and then, under another name, with the private one."""
    clients = ClientsFile.ensure(tmp_path / "clients.json", "511113")[0]
    monkeypatch.setenv("YIZHAN_CLIENTS_FILE", str(clients.path))
    file = tmp_path / "his-2.json"

    def add(name: str) -> Any:
        rights = ["--scope", "claims:settle", "--organisation", "facility:H51111300101"]
        return CliRunner().invoke(app, ["clients", "add", name, *rights, "--jwks", str(file)])

    assert (add("his-2").exit_code, "cannot be read" in add("his-2").output) == (1, True)
    file.write_bytes(jwks(KEY.as_dict(private=False)))
    assert add("his-2").exit_code == 0
    found = clients.all()["his-2"]
    assert found.secret_digest is None
    assert found.jwks is not None
    assert found.jwks["keys"][0]["x"] == KEY.as_dict()["x"]

    file.write_bytes(jwks(KEY.as_dict(private=True)))
    refused = add("his-3")
    assert (refused.exit_code, "his-3" in clients.all()) == (1, False)
    assert str(KEY.as_dict(private=True)["d"]) not in refused.output
