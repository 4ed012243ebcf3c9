"""A secured Kafka: what the settings ask for is what every client does, or the start is refused.

librdkafka's mock cluster knows neither TLS nor SASL, so a door of our own stands for the broker.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import shared.messaging.kafka
from shared.messaging.bus import BusUnavailable
from shared.messaging.kafka import KafkaBus, KafkaOptions, KafkaSettingsRefused, answers
from shared.runtime import standalone
from shared.runtime.settings import RuntimeSettings
from tests.unit.messaging.kafka_door import make_certificate, open_door

PASSWORD = "a password that nobody may see"
METADATA = 3
VARIABLES = ("KAFKA_SECURITY_PROTOCOL", "KAFKA_SSL_CAFILE", "KAFKA_SASL_MECHANISM",
             "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD_FILE", "KAFKA_SASL_PASSWORD")  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    (tmp_path / "empty").write_text("\n", encoding="utf-8")
    make_certificate(tmp_path / "ca.pem")
    return tmp_path


@pytest.fixture
def options(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Options as a host makes them of an environment; ``@name`` is a file of the folder."""

    def make(port: int = 9, **environment: str) -> KafkaOptions:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{port}")
        for name, value in environment.items():
            here = str(folder / value[1:]) if value.startswith("@") else value
            monkeypatch.setenv(f"KAFKA_{name}", here)
        return KafkaOptions.from_settings(RuntimeSettings())

    return make


SIGNS_IN = {"SASL_USERNAME": "claims", "SASL_PASSWORD_FILE": "@password"}


def secured(protocol: str, mechanism: str, **more: str) -> dict[str, str]:
    return {"SECURITY_PROTOCOL": protocol, "SASL_MECHANISM": mechanism, **SIGNS_IN, **more}


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"])
@pytest.mark.parametrize("protocol", ["SASL_SSL", "SASL_PLAINTEXT"])
async def test_a_client_signs_in(options: Any, folder: Path, protocol: str, mechanism: str) -> None:
    """Goal: name and password reach the broker, by the mechanism asked for, encrypted or not.
    Method: a door that verifies them, as RFC 5802 has it for SCRAM."""
    ca = {"SSL_CAFILE": "@ca.pem"} if protocol == "SASL_SSL" else {}
    certificate = folder / "ca.pem" if ca else None
    async with open_door("claims", PASSWORD, certificate=certificate) as door:
        made = options(door.port, **secured(protocol, mechanism, **ca))
        assert not await answers(made)  # the door hangs up behind him
    assert (door.encrypted, door.mechanism) == (bool(ca), mechanism)
    assert door.signed_in
    assert METADATA in door.came_in
    assert not made.make_topics


async def test_encryption_without_signing_in(options: Any, folder: Path) -> None:
    """Goal: SSL alone encrypts. Method: the door sees the first request inside TLS."""
    async with open_door("claims", PASSWORD, certificate=folder / "ca.pem") as door:
        assert not await answers(options(door.port, SECURITY_PROTOCOL="SSL", SSL_CAFILE="@ca.pem"))
    assert (door.encrypted, door.mechanism) == (True, None)
    assert METADATA in door.came_in


@pytest.mark.parametrize(
    ("address", "trusted"),
    [("127.0.0.1", False), ("127.0.0.2", True)],
    ids=["signed by another", "bears another address"],
)
async def test_a_false_broker_learns_nothing(
    options: Any, folder: Path, address: str, trusted: bool
) -> None:
    """Goal: the password goes to the right broker alone. Method: a certificate of an unknown
    authority, and a trusted one for another address."""
    false = make_certificate(folder / "false.pem", address=address)
    ca = "@false.pem" if trusted else "@ca.pem"
    async with open_door("claims", PASSWORD, certificate=false) as door:
        made = options(door.port, **secured("SASL_SSL", "PLAIN", SSL_CAFILE=ca))
        assert not await answers(made)
    assert door.mechanism is None
    assert door.came_in == []


async def test_a_wrong_password_is_no_broker(options: Any, folder: Path) -> None:
    """Goal: the bus says that it cannot be reached, and no password. Method: start it."""
    async with open_door("claims", "another", certificate=folder / "ca.pem") as door:
        made = options(door.port, **secured("SASL_SSL", "SCRAM-SHA-512", SSL_CAFILE="@ca.pem"))
        with pytest.raises(BusUnavailable) as refusal:
            await KafkaBus(made).start()
    assert not door.signed_in
    assert PASSWORD not in str(refusal.value)


def test_every_client_is_given_the_options() -> None:
    """Goal: no client is made without the security. Method: each place of the package that makes
    one; there are a producer, a consumer and two administrators."""
    made = []
    for file in Path(shared.messaging.kafka.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            name = (
                node.func.id
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                else ""
            )
            if name.startswith("AIOKafka"):
                given = [ast.unparse(each.value) for each in node.keywords if each.arg is None]
                assert given in (["self._options.client()"], ["options.client()"]), file
                made.append(name)
    assert sorted(made) == ["AIOKafkaAdminClient"] * 2 + ["AIOKafkaConsumer", "AIOKafkaProducer"]


def test_the_default_is_a_development_machines(options: Any) -> None:
    """Goal: without settings nothing is asked for. Method: no variable, and empty ones."""
    empty = dict.fromkeys((name.removeprefix("KAFKA_") for name in VARIABLES), "")
    for made in (options(), options(**empty)):
        assert made.client()["security_protocol"] == "PLAINTEXT"
        assert made.make_topics


SCRAM = secured("SASL_SSL", "SCRAM-SHA-512")
REFUSED = {
    "a protocol unheard of": ({"SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL=TLS .* SASL_SSL or"),
    "in small letters": ({"SECURITY_PROTOCOL": "ssl"}, "KAFKA_SECURITY_PROTOCOL=ssl is not known"),
    "a name that is not used": ({"SASL_USERNAME": "claims"}, "KAFKA_SASL_USERNAME is set, but .*PLAINTEXT signs nobody in: set it to SASL_SSL"),
    "a mechanism not used": ({"SECURITY_PROTOCOL": "SSL", "SASL_MECHANISM": "PLAIN"}, "KAFKA_SASL_MECHANISM is set, but .*=SSL signs nobody in"),
    "a password not used": ({"SASL_PASSWORD_FILE": "@password"}, "KAFKA_SASL_PASSWORD_FILE is set, but"),
    "no mechanism": (SCRAM | {"SASL_MECHANISM": ""}, "KAFKA_SASL_MECHANISM is missing, .* SCRAM-SHA-256 or PLAIN"),
    "a mechanism unheard of": (SCRAM | {"SASL_MECHANISM": "GSSAPI"}, "KAFKA_SASL_MECHANISM=GSSAPI is not known"),
    "no name": (SCRAM | {"SASL_USERNAME": ""}, "KAFKA_SASL_USERNAME is missing"),
    "no password": (SCRAM | {"SASL_PASSWORD_FILE": ""}, "KAFKA_SASL_PASSWORD_FILE is missing"),
    "no such password file": (SCRAM | {"SASL_PASSWORD_FILE": "@none"}, r"KAFKA_SASL_PASSWORD_FILE=.*none cannot be read \(FileNotFoundError\)"),
    "an empty password": (SCRAM | {"SASL_PASSWORD_FILE": "@empty"}, "KAFKA_SASL_PASSWORD_FILE=.*empty is empty"),
    "a password in the environment": (SCRAM | {"SASL_PASSWORD": PASSWORD}, "unset KAFKA_SASL_PASSWORD$"),
    "trust without encryption": ({"SSL_CAFILE": "@ca.pem"}, "KAFKA_SSL_CAFILE is set, but .*PLAINTEXT does not encrypt: set it to SSL,"),
    "trust beside a clear password": (secured("SASL_PLAINTEXT", "PLAIN", SSL_CAFILE="@ca.pem"), "does not encrypt: set it to SASL_SSL,"),
    "no such certificates": ({"SECURITY_PROTOCOL": "SSL", "SSL_CAFILE": "@none"}, r"KAFKA_SSL_CAFILE=.*none cannot be used \(FileNotFoundError\)"),
    "no certificates in it": ({"SECURITY_PROTOCOL": "SSL", "SSL_CAFILE": "@password"}, r"KAFKA_SSL_CAFILE=.* cannot be used \(SSLError\)"),
}  # fmt: skip


@pytest.mark.parametrize(("environment", "told"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_go_together_is_refused(
    options: Any, environment: dict[str, str], told: str
) -> None:
    """Goal: no setting is silently passed over. Method: each wrong combination; the sentence names
    the variable and the cure, and never the password."""
    with pytest.raises(KafkaSettingsRefused, match=told) as refusal:
        options(**environment)
    assert PASSWORD not in str(refusal.value)


def test_the_password_is_not_shown(options: Any) -> None:
    """Goal: an options object in a log tells no secret. Method: its text."""
    made = options(**secured("SASL_PLAINTEXT", "PLAIN"))
    assert made.client()["sasl_plain_password"] == PASSWORD
    assert PASSWORD not in repr(made)


def test_a_worker_ends_with_one_sentence(
    options: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Goal: an operator reads a sentence, not a trace. Method: the entry point with a refusal."""

    async def refuse(*_arguments: object, **_keywords: object) -> None:
        options(SECURITY_PROTOCOL="TLS")

    monkeypatch.setattr(standalone, "work", refuse)
    assert standalone.main(SimpleNamespace(name="claims"), ["worker"]) == os.EX_CONFIG  # type: ignore[arg-type]
    said = capsys.readouterr().err
    assert "KAFKA_SECURITY_PROTOCOL=TLS" in said
    assert "Traceback" not in said
