"""The API clients: a JSON file of mode 0600, ``{client_id: {secret, scopes, organisation}}``.

A client has a ``secret`` in clear (the embedded default, so that the operator can read it), or
its ``secret_sha256`` (hexadecimal), or ``jwks``, the public keys with which it signs assertions
(``private_key_jwt``). The file is read again when it changes: no restart for a new client.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.security.files import read_secret_file, write_secret_file, writing_secret_file
from shared.security.scopes import DEFAULT_CLIENTS, SCOPES

_CLIENT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
ORGANISATION = re.compile(r"(?:region|facility|township|village|team):\S{1,100}")
"""How an organisation is written (docs/decisions/0006)."""
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SECRET_BYTES = 32
_NOBODY = hashlib.sha256(secrets.token_bytes(_SECRET_BYTES)).digest()
"""Compared against when the client is unknown, so that both cases take the same time."""


class ClientsFileMalformed(ValueError):
    """The clients file is not what it should be; the message names the client and the fault."""


class ClientUnknown(LookupError):
    """There is no client of that id."""


class ClientThere(ValueError):
    """A client of that id exists already."""


@dataclass(frozen=True)
class Client:
    """One API client; the secret itself is not kept in memory."""

    client_id: str
    scopes: frozenset[str]
    organisation: str
    secret_digest: bytes | None
    """SHA-256 of the secret; None when it may only use assertions."""
    jwks: Mapping[str, Any] | None

    def knows(self, secret: str) -> bool:
        """Whether ``secret`` is the client's, in constant time."""
        given = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        return hmac.compare_digest(given, self.secret_digest or _NOBODY) and bool(
            self.secret_digest
        )


class ClientsFile:
    """The clients of a deployment, read from their file and written back to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._clients: dict[str, Client] = {}

    @classmethod
    def ensure(cls, path: Path, region_code: str) -> tuple[ClientsFile, list[str]]:
        """Open the file, making it with the default clients when it is not there.

        Gives the ids of the clients that were made, to be announced once.
        """
        clients = cls(path)
        if path.exists():
            clients.all()
            return clients, []
        return clients, generate_clients(path, region_code=region_code)

    def all(self) -> dict[str, Client]:
        """Every client by id.

        Raises:
            SecretFileTooOpen: others than the owner may read the file.
            ClientsFileMalformed: a client is not described as it should be.
        """
        facts = self.path.stat()
        stamp = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
        with self._lock:
            if stamp != self._stamp:
                self._clients = _parse(self._read())
                self._stamp = stamp
            return self._clients

    def get(self, client_id: str) -> Client | None:
        return self.all().get(client_id)

    def authenticate(self, client_id: str, secret: str) -> Client | None:
        """The client if id and secret belong together; as slow for an unknown id."""
        client = self.get(client_id)
        if client is None:
            Client(client_id, frozenset(), "", None, None).knows(secret)
            return None
        return client if client.knows(secret) else None

    def secret_of(self, client_id: str) -> str | None:
        """The secret in clear, where the file keeps it so (for the embedded host's own calls).

        Raises:
            ClientUnknown: no such client.
        """
        entry = self._read().get(client_id)
        if entry is None:
            raise ClientUnknown(f"there is no client {client_id!r}")
        secret = entry.get("secret")
        return str(secret) if secret is not None else None

    def add(
        self,
        client_id: str,
        *,
        scopes: Iterable[str],
        organisation: str,
        jwks: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Add a client; gives its new secret, or None when it signs with ``jwks`` instead.

        Raises:
            ClientThere: the id is taken.
            ClientsFileMalformed: unknown scope, or an organisation that is none.
        """
        entry = _fresh(scopes, organisation)
        if jwks is not None:
            del entry["secret"]
            entry["jwks"] = dict(jwks)

        def change(document: dict[str, dict[str, Any]]) -> None:
            if client_id in document:
                raise ClientThere(f"client {client_id!r} exists; rotate its secret instead")
            document[client_id] = entry

        self._change(change)
        return entry.get("secret")

    def remove(self, client_id: str) -> None:
        """Take a client away; its tokens run out within half an hour.

        Raises:
            ClientUnknown: no such client.
        """

        def change(document: dict[str, dict[str, Any]]) -> None:
            if document.pop(client_id, None) is None:
                raise ClientUnknown(f"there is no client {client_id!r}")

        self._change(change)

    def rotate(self, client_id: str) -> str:
        """Give a client a new secret; the old one is refused from now on.

        Raises:
            ClientUnknown: no such client.
        """
        secret = secrets.token_urlsafe(_SECRET_BYTES)

        def change(document: dict[str, dict[str, Any]]) -> None:
            if client_id not in document:
                raise ClientUnknown(f"there is no client {client_id!r}")
            document[client_id].pop("secret_sha256", None)
            document[client_id]["secret"] = secret

        self._change(change)
        return secret

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            document = json.loads(read_secret_file(self.path))
        except ValueError:
            raise ClientsFileMalformed(f"{self.path} is not JSON") from None
        if not isinstance(document, dict) or not all(
            isinstance(entry, dict) for entry in document.values()
        ):
            raise ClientsFileMalformed(f"{self.path} is not an object of clients")
        return document

    def _change(self, change: Callable[[dict[str, dict[str, Any]]], None]) -> None:
        with writing_secret_file(self.path):
            document = self._read()
            change(document)
            _parse(document)
            write_secret_file(self.path, _as_bytes(document), replace=True)


def generate_clients(
    path: Path, *, region_code: str, extra: Mapping[str, Mapping[str, Any]] | None = None
) -> list[str]:
    """Make a clients file (mode 0600) with the default clients; gives their ids.

    Args:
        path: where; it must not exist.
        region_code: all belong to the whole of this region.
        extra: further clients, ``{client_id: {scopes, secret?, organisation?, jwks?}}``; what an
            entry lacks is made.

    Raises:
        SecretFileThere: the file exists.
        ClientsFileMalformed: an extra client is not described as it should be.
    """
    whole_region = f"region:{region_code}"
    document = {
        client_id: _fresh(scopes, whole_region) for client_id, scopes in DEFAULT_CLIENTS.items()
    }
    for client_id, entry in (extra or {}).items():
        document[client_id] = {**_fresh((), whole_region), **entry}
    _parse(document)
    write_secret_file(path, _as_bytes(document), replace=False)
    return list(document)


def _fresh(scopes: Iterable[str], organisation: str) -> dict[str, Any]:
    return {
        "secret": secrets.token_urlsafe(_SECRET_BYTES),
        "scopes": sorted(scopes),
        "organisation": organisation,
    }


def _as_bytes(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _parse(document: Mapping[str, Mapping[str, Any]]) -> dict[str, Client]:
    return {client_id: _client(client_id, entry) for client_id, entry in document.items()}


def _client(client_id: str, entry: Mapping[str, Any]) -> Client:
    if not _CLIENT_ID.fullmatch(client_id):
        raise ClientsFileMalformed(
            "a client id has 1 to 63 lower-case letters, digits and hyphens, such as hospital-2"
        )
    scopes = entry.get("scopes")
    if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
        raise ClientsFileMalformed(f"client {client_id!r}: scopes must be a list of texts")
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown:
        raise ClientsFileMalformed(f"client {client_id!r}: unknown scopes {', '.join(unknown)}")
    organisation = entry.get("organisation")
    if not isinstance(organisation, str) or not ORGANISATION.fullmatch(organisation):
        raise ClientsFileMalformed(
            f"client {client_id!r}: organisation must be like region:511113, facility:<code> "
            "or township:<name>"
        )
    secret, digest, jwks = entry.get("secret"), entry.get("secret_sha256"), entry.get("jwks")
    secret_digest: bytes | None = None
    if isinstance(secret, str) and secret:
        secret_digest = hashlib.sha256(secret.encode()).digest()
    elif isinstance(digest, str) and _SHA256.fullmatch(digest):
        secret_digest = bytes.fromhex(digest)
    elif not isinstance(jwks, dict):
        raise ClientsFileMalformed(
            f"client {client_id!r}: need secret, secret_sha256 (64 hex digits) or jwks"
        )
    return Client(
        client_id=client_id,
        scopes=frozenset(scopes),
        organisation=organisation,
        secret_digest=secret_digest,
        jwks=jwks if isinstance(jwks, dict) else None,
    )
