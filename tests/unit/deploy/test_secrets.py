"""The secret files of the cluster form."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from deploy.compose.secrets import PEER_SCOPES, SERVICES, make_secrets, write_environment
from shared.clock import SystemClock
from shared.runtime import build
from shared.security.clients import ClientsFile
from shared.security.crypto import Vault
from shared.security.default_users import DEFAULT_USERS
from shared.security.tokens import TokenSigner, TokenVerifier
from shared.security.users import UsersFile
from tests.unit.deploy.deployment import Deployment

REGION = "511113"


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("cluster") / "secrets"
    make_secrets(made, region_code=REGION)
    return made


def test_each_file_is_its_owners_alone(folder: Path) -> None:
    """Goal: nobody else on the machine reads a secret. Method: look at every mode."""
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in _files(folder)}
    assert len(modes) > len(SERVICES)
    assert set(modes.values()) == {0o600}, modes
    for each in (folder, folder / "people"):
        assert stat.S_IMODE(each.stat().st_mode) == 0o700


def test_every_secret_that_compose_names_is_made(folder: Path) -> None:
    """Goal: `make compose-up` works on a fresh clone. Method: compare names with the compose file."""
    named = {Path(s["file"]).name for s in Deployment.read().compose["secrets"].values()}
    assert named <= {path.name for path in folder.iterdir()}
    assert SERVICES == build.SERVICES


def test_a_second_run_keeps_everything(folder: Path) -> None:
    """Goal: what databases and brokers were set up with stays valid. Method: compare bytes."""
    before = {path.name: path.read_bytes() for path in _files(folder)}
    assert make_secrets(folder, region_code=REGION) == []
    assert {path.name: path.read_bytes() for path in _files(folder)} == before


def test_one_lost_file_is_made_again_from_the_others(tmp_path: Path) -> None:
    """Goal: a lost copy does no harm. Method: remove files that repeat what others hold."""
    make_secrets(tmp_path, region_code=REGION)
    copies = ("token_jwks.json", "reporting_client", "kafka_jaas.conf")
    before = {name: (tmp_path / name).read_bytes() for name in copies}
    for name in copies:
        (tmp_path / name).unlink()
    assert sorted(make_secrets(tmp_path, region_code=REGION)) == sorted(copies)
    assert {name: (tmp_path / name).read_bytes() for name in copies} == before


def test_no_two_passwords_are_equal(folder: Path) -> None:
    """Goal: one service's password opens nothing else. Method: collect them all."""
    names = [f"{kind}_{service}" for kind in ("database", "kafka") for service in SERVICES]
    names += ["database_admin", "kafka_admin", "grafana_admin"]
    names += [f"{service}_client" for service in PEER_SCOPES]
    passwords = {(folder / name).read_text() for name in names}
    assert len(passwords) == len(names)
    assert min(len(each) for each in passwords) >= 32


def test_the_keys_open(folder: Path) -> None:
    """Goal: the containers can use the files. Method: sign with one file, verify with another."""
    Vault.from_file(folder / "keys.json")
    signer = TokenSigner.from_file(folder / "token_key.json", clock=SystemClock())
    token = signer.sign(
        client_id="reporting", organisation=f"region:{REGION}", scopes=["events:read"]
    )
    verified = TokenVerifier.from_file(folder / "token_jwks.json").verify(token)
    assert verified.client_id == "reporting"
    public = json.loads((folder / "token_jwks.json").read_text())
    assert all("d" not in key for key in public["keys"]), "the private half must stay with identity"


@pytest.mark.parametrize(
    ("service", "scope"),
    [
        ("reporting", "events:read"),
        ("contracts", "identity:persons"),
        ("claims", "identity:persons"),
    ],
)
def test_a_service_may_ask_its_peers_for_one_thing_alone(
    folder: Path, service: str, scope: str
) -> None:
    """Goal: figures can be rebuilt, masked names are shown, and nothing else. Method: sign in with
    the file that the service is given."""
    secret = (folder / f"{service}_client").read_text()
    client = ClientsFile(folder / "clients.json").authenticate(service, secret)
    assert client is not None
    assert client.scopes == {scope}
    assert client.organisation == f"region:{REGION}"


def test_people_have_first_passwords_that_no_container_sees(folder: Path) -> None:
    """Goal: a first password opens nothing but its own change, and lies on the host alone.

    Method: sign each one in with the host's file; look for the passwords in the mounted folder.
    """
    drawn = json.loads((folder / "users-initial.json").read_text())
    users = UsersFile(folder / "people" / "users.json")
    assert drawn.keys() == users.all().keys() == DEFAULT_USERS.keys()
    for name in drawn:
        assert users.get(name).must_change
        assert users.get(name).organisation == f"region:{REGION}"
    assert users.authenticate("window", drawn["window"]) is not None
    assert [path.name for path in (folder / "people").iterdir()] == ["users.json"]


def test_the_broker_knows_each_service(folder: Path) -> None:
    """Goal: workers can sign in. Method: find each one's password in the broker's own file."""
    jaas = (folder / "kafka_jaas.conf").read_text()
    for service in (*SERVICES, "admin"):
        password = (folder / f"kafka_{service}").read_text()
        assert f'user_{service}="{password}"' in jaas
    assert (folder / "kafka_admin").read_text() in (
        folder / "kafka_admin_client.properties"
    ).read_text()


def test_the_account_is_told_once(tmp_path: Path) -> None:
    """Goal: an operator's own choice stays. Method: write twice, and over a line of his own."""
    file = tmp_path / ".env"
    file.write_text("YIZHAN_BIND=0.0.0.0")
    write_environment(file)
    once = file.read_text()
    write_environment(file)
    uid = os.getuid() or 10001
    assert once == file.read_text()
    assert once.splitlines()[:2] == ["YIZHAN_BIND=0.0.0.0", f"YIZHAN_UID={uid}"]
