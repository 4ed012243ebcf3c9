"""The front door of a broker: it encrypts if told so, asks who comes in, and then hangs up.

It speaks as much of Kafka's protocol as a client needs to sign in (ApiVersions, SaslHandshake,
SaslAuthenticate), with PLAIN and with SCRAM as RFC 5802 has it, and writes down what it was told.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_HANDSHAKE, _VERSIONS, _AUTHENTICATE = 17, 18, 36
_REFUSED = 58  # SASL_AUTHENTICATION_FAILED
_ROUNDS = 4096


@dataclass
class Door:
    """A listening door and what happened at it."""

    user: str
    password: str
    port: int = 0
    encrypted: bool = False
    mechanism: str | None = None
    signed_in: bool = False
    came_in: list[int] = field(default_factory=list)
    """Kinds of the requests made without, or after, signing in."""

    async def welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.encrypted = writer.get_extra_info("ssl_object") is not None
        exchange = _Exchange(self)
        try:
            while True:
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                request = await reader.readexactly(size)
                kind, _version, number, name_size = struct.unpack(">hhih", request[:10])
                answer = exchange.answer(kind, request[10 + max(name_size, 0) :])
                if answer is None:
                    self.came_in.append(kind)
                    break
                writer.write(struct.pack(">ii", 4 + len(answer), number) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


class _Exchange:
    """One client's signing in."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._said: list[str] = []

    def answer(self, kind: int, body: bytes) -> bytes | None:
        if kind == _VERSIONS:
            known = ((_VERSIONS, 0, 0), (_HANDSHAKE, 1, 1), (_AUTHENTICATE, 0, 0), (3, 0, 1))
            return struct.pack(">hi", 0, len(known)) + b"".join(
                struct.pack(">hhh", *each) for each in known
            )
        if kind == _HANDSHAKE:
            name = body[2:]
            self._door.mechanism = name.decode()
            return struct.pack(">hih", 0, 1, len(name)) + name
        if kind == _AUTHENTICATE:
            token = self._next(body[4:].decode())
            if token is None:
                return struct.pack(">hhi", _REFUSED, -1, 0)
            return struct.pack(">hhi", 0, -1, len(token)) + token.encode()
        return None

    def _next(self, said: str) -> str | None:
        """What the server says next; None refuses."""
        door = self._door
        if door.mechanism == "PLAIN":
            door.signed_in = said.split("\0")[1:] == [door.user, door.password]
            return "" if door.signed_in else None
        if not self._said:
            assert said.startswith(f"n,,n={door.user},r=")
            bare = said.removeprefix("n,,")
            salt = base64.b64encode(b"salt of the door").decode()
            first = f"r={bare.partition(',r=')[2]}+door,s={salt},i={_ROUNDS}"
            self._said = [bare, first]
            return first
        return self._prove(said)

    def _prove(self, said: str) -> str | None:
        kind = (self._door.mechanism or "").removeprefix("SCRAM-").replace("-", "").lower()
        without_proof, _, proof = said.rpartition(",p=")
        message = ",".join([*self._said, without_proof]).encode()
        salted = hashlib.pbkdf2_hmac(
            kind, self._door.password.encode(), b"salt of the door", _ROUNDS
        )
        key = hmac.digest(salted, b"Client Key", kind)
        signature = hmac.digest(hashlib.new(kind, key).digest(), message, kind)
        sent = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature, strict=True))
        self._door.signed_in = hmac.compare_digest(sent, key)
        if not self._door.signed_in:
            return None
        server = hmac.digest(hmac.digest(salted, b"Server Key", kind), message, kind)
        return f"v={base64.b64encode(server).decode()}"


@asynccontextmanager
async def open_door(
    user: str, password: str, *, certificate: Path | None = None
) -> AsyncIterator[Door]:
    """A door on a free port; with ``certificate`` (from :func:`make_certificate`) it encrypts."""
    door = Door(user, password)
    context = None
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(door.welcome, "127.0.0.1", 0, ssl=context)
    door.port = server.sockets[0].getsockname()[1]
    try:
        yield door
    finally:
        server.close()
        await server.wait_closed()


def make_certificate(path: Path, *, address: str = "127.0.0.1") -> Path:
    """Write a certificate that vouches for itself, with its key, for the address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "broker")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path.write_bytes(
        certificate.public_bytes(pem)
        + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return path
