"""The secret files of the cluster form: made once, kept ever after, readable by one account.

Containers read them as ``/run/secrets/…`` under the account that owns the files: the one who ran
the command, or, when that is root, the container's own (10001).
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path

from shared.security.clients import generate_clients
from shared.security.crypto import Vault
from shared.security.tokens import TokenSigner

SERVICES = ("identity", "claims", "contracts", "reporting")
CONTAINER_ACCOUNT = 10001


def make_secrets(folder: Path, *, region_code: str) -> list[str]:
    """Make each missing secret; gives the names of those that were made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made: list[str] = []

    def once(name: str, write: Callable[[Path], object]) -> Path:
        path = folder / name
        if not path.exists():
            write(path)
            made.append(name)
        return path

    once("keys.json", Vault.generate)
    token_key = once("token_key.json", TokenSigner.generate)
    signer = TokenSigner.from_file(token_key)
    once("token_jwks.json", lambda path: _private(path, json.dumps(signer.jwks())))
    for service in SERVICES:
        once(f"database_{service}", _password)
        once(f"kafka_{service}", _password)
    once("database_admin", _password)
    once("grafana_admin", _password)
    kafka_admin = once("kafka_admin", _password).read_text(encoding="ascii")
    users = {s: (folder / f"kafka_{s}").read_text(encoding="ascii") for s in SERVICES}
    once("kafka_jaas.conf", lambda path: _private(path, _jaas(kafka_admin, users)))
    once(
        "kafka_admin_client.properties", lambda path: _private(path, _admin_client(kafka_admin))
    )
    reporting = once("reporting_client", _password).read_text(encoding="ascii")
    once(
        "clients.json",
        lambda path: generate_clients(
            path,
            region_code=region_code,
            extra={"reporting": {"secret": reporting, "scopes": ["events:read"]}},
        ),
    )
    _give_to_container(folder)
    return made


def write_environment(path: Path) -> None:
    """Tell compose under which account the containers run, unless the file says so already."""
    uid, gid = (os.getuid(), os.getgid()) if os.getuid() else (CONTAINER_ACCOUNT,) * 2
    present = path.read_text(encoding="utf-8") if path.exists() else ""
    if "YIZHAN_UID=" not in present:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"YIZHAN_UID={uid}\nYIZHAN_GID={gid}\n")


def _password(path: Path) -> None:
    _private(path, secrets.token_urlsafe(24))


def _private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


def _give_to_container(folder: Path) -> None:
    if os.getuid():
        return
    for path in folder.iterdir():
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
