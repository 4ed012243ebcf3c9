"""The secret files of the cluster form: made once, kept ever after, readable by one account.

Containers read them as ``/run/secrets/…`` under the account that owns the files: the one who ran
the command, or, when that is root, the container's own (10001).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from shared.clock import SystemClock
from shared.security.clients import ClientsFile, ClientUnknown
from shared.security.crypto import Vault
from shared.security.files import write_secret_file
from shared.security.tokens import TokenSigner
from shared.security.users import INITIAL_FILE, UsersFile

SERVICES = ("identity", "claims", "contracts", "reporting")
CONTAINER_ACCOUNT = 10001
PEOPLE = "people"
"""The folder of who may sign in: mounted whole, because its files are replaced as they change."""
PEER_SCOPES: Mapping[str, tuple[str, ...]] = {
    # Reads the other services' event stores when the county's figures are rebuilt.
    "reporting": ("events:read",),
    # Shows the masked name of a patient at the window and on his statement.
    "claims": ("identity:persons",),
    # Shows the masked names of those whom a doctor visits.
    "contracts": ("identity:persons",),
}
"""The clients by which a service asks another one for something."""


def make_secrets(folder: Path, *, region_code: str) -> list[str]:
    """Make each missing secret; gives the names of those that were made.

    A second run changes no file: what the database and the brokers were set up with stays valid.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[str] = []

    def once(name: str, write: Callable[[Path], object]) -> Path:
        path = folder / name
        if not path.exists():
            write(path)
            made.append(name)
        return path

    once("keys.json", Vault.generate)
    token_key = once("token_key.json", _token_key)
    once("token_jwks.json", TokenSigner.from_file(token_key, clock=SystemClock()).write_jwks)
    for service in SERVICES:
        once(f"database_{service}", _password)
    once("database_admin", _password)
    once("database_reporting_reader", _password)
    once("grafana_admin", _password)
    users = {service: _text(once(f"kafka_{service}", _password)) for service in SERVICES}
    admin = _text(once("kafka_admin", _password))
    once("kafka_jaas.conf", lambda path: _write(path, _jaas(admin, users)))
    once("kafka_admin_client.properties", lambda path: _write(path, _admin_client(admin)))
    clients_file = once("clients.json", lambda path: ClientsFile.ensure(path, region_code))
    for service in PEER_SCOPES:
        secret = _peer_secret(ClientsFile(clients_file), service, region_code)
        once(f"{service}_client", partial(_write, text=secret))
    (folder / PEOPLE).mkdir(mode=0o700, exist_ok=True)
    once(f"{PEOPLE}/users.json", lambda path: _people(path, folder / INITIAL_FILE, region_code))
    _give_to_container(folder)
    return made


def write_environment(path: Path) -> None:
    """Tell compose under which account the containers run, unless the file says so already."""
    uid, gid = (os.getuid(), os.getgid()) if os.getuid() else (CONTAINER_ACCOUNT,) * 2
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    if "YIZHAN_UID=" not in present:
        separator = "" if not present or present.endswith("\n") else "\n"
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{separator}YIZHAN_UID={uid}\nYIZHAN_GID={gid}\n")


def _token_key(path: Path) -> None:
    TokenSigner.generate(path, clock=SystemClock())


def _people(path: Path, initial: Path, region_code: str) -> None:
    """Users with first passwords, which stay outside the folder that the containers see."""
    UsersFile.ensure(path, region_code, initial=initial, must_change=True)


def _peer_secret(clients: ClientsFile, service: str, region_code: str) -> str:
    if clients.get(service) is None:
        clients.add(service, scopes=PEER_SCOPES[service], organisation=f"region:{region_code}")
    secret = clients.secret_of(service)
    if secret is None:
        raise ClientUnknown(
            f"client {service!r} has no secret in clear; run: "
            f"yizhan clients rotate {service}, and remove the file {service}_client"
        )
    return secret


def _password(path: Path) -> None:
    # Letters, digits, - and _ only: it is quoted nowhere, neither in JAAS nor in a URL.
    _write(path, secrets.token_urlsafe(24))


def _write(path: Path, text: str) -> None:
    write_secret_file(path, text.encode(), replace=False)


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()


def _give_to_container(folder: Path) -> None:
    if os.getuid():
        return
    for path in folder.rglob("*"):
        os.chown(path, CONTAINER_ACCOUNT, CONTAINER_ACCOUNT)


def _jaas(admin_password: str, users: dict[str, str]) -> str:
    known = "".join(f'\n    user_{name}="{password}"' for name, password in users.items())
    return (
        "KafkaServer {\n"
        "  org.apache.kafka.common.security.plain.PlainLoginModule required\n"
        '    username="admin"\n'
        f'    password="{admin_password}"\n'
        f'    user_admin="{admin_password}"{known};\n'
        "};\n"
    )


def _admin_client(admin_password: str) -> str:
    return (
        "security.protocol=SASL_PLAINTEXT\n"
        "sasl.mechanism=PLAIN\n"
        "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="admin" password="{admin_password}";\n'
    )
