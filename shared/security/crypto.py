"""Encryption of direct identifiers at rest, and blind indexes to look them up.

A stored value is ``version (1 byte) | key id (4 bytes) | nonce (12 bytes) | AES-256-GCM text and
tag``. The associated data is the column's name, so that a value copied into another column does
not decrypt. Any key of the file decrypts; the active one encrypts. A new key is brought in by
:func:`add_key`: processes read the file again when it changes, or when they meet a value of a key
that they do not know, so none has to be started anew. Old values are read as before, until
:mod:`shared.security.resealing` has encrypted them anew.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.randomness import random_bytes
from shared.security.files import (
    SecretFileTooOpen,
    read_secret_file,
    write_secret_file,
    writing_secret_file,
)

_VERSION = 1
_KEY_ID_BYTES = 4
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_BYTES = 32
_BLOCK_BYTES = 64
"""Of SHA-256."""
_HEADER_BYTES = 1 + _KEY_ID_BYTES
_KEY_ID = re.compile(r"[0-9a-f]{8}")
_LOOK_AGAIN_S = 1.0


class KeysFileMalformed(ValueError):
    """The keys file is not what :meth:`Vault.generate` writes."""


class KeyUnknown(LookupError):
    """A value was encrypted with a key that the keys file does not hold."""


class CiphertextMalformed(ValueError):
    """The stored bytes are not one of our values, or were changed, or belong elsewhere."""


class _Digest(Protocol):
    """A SHA-256 under way."""

    def copy(self) -> _Digest: ...

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


def _begun_hmac(key: bytes) -> tuple[_Digest, _Digest]:
    """HMAC-SHA256's inner and outer hash, each begun with its block of the key."""
    block = key.ljust(_BLOCK_BYTES, b"\x00")
    inner, outer = bytes(byte ^ 0x36 for byte in block), bytes(byte ^ 0x5C for byte in block)
    return hashlib.sha256(inner), hashlib.sha256(outer)


@dataclass(frozen=True)
class _Keys:
    """What encrypts and decrypts; replaced as a whole, so that threads need no lock."""

    active: str
    header: bytes
    cipher: AESGCM
    ciphers: Mapping[bytes, AESGCM]

    @classmethod
    def of(cls, active: str, keys: Mapping[str, bytes]) -> _Keys:
        if active not in keys:
            raise KeysFileMalformed(f"the active key {active!r} is not among the keys")
        for key_id, key in keys.items():
            if not _KEY_ID.fullmatch(key_id) or len(key) != _KEY_BYTES:
                raise KeysFileMalformed(f"key {key_id!r}: need 8 hex digits and 32 bytes")
        ciphers = {bytes.fromhex(key_id): AESGCM(key) for key_id, key in keys.items()}
        header = bytes([_VERSION]) + bytes.fromhex(active)
        return cls(active, header, AESGCM(keys[active]), ciphers)


class Vault:
    """The keys of one deployment."""

    def __init__(self, *, active: str, keys: Mapping[str, bytes], index_key: bytes) -> None:
        """Hold the keys; key ids are eight hexadecimal digits, every key is 32 bytes.

        Raises:
            KeysFileMalformed: an id or key has another shape, or the active key is missing.
        """
        self._keys = _Keys.of(active, keys)
        if len(index_key) != _KEY_BYTES:
            raise KeysFileMalformed("the index key needs 32 bytes")
        self._index_key = index_key
        self._purposes: dict[str, tuple[_Digest, _Digest]] = {}
        self._path: Path | None = None
        self._stamp: tuple[int, int, int] | None = None
        self._looked_s = 0.0

    def __reduce__(self) -> tuple[Callable[[Path], Vault], tuple[Path]]:
        """For another process: it reads the keys file itself, and again when that has changed.

        Raises:
            TypeError: there is no keys file.
        """
        if self._path is None:
            raise TypeError("only the keys of a file can be handed to another process")
        return Vault.from_file, (self._path,)

    @classmethod
    def from_file(cls, path: Path) -> Vault:
        """Read the keys file.

        Raises:
            SecretFileTooOpen: others than the owner may read it.
            KeysFileMalformed: it is not a keys file.
        """
        stamp = _stamp(path)
        active, keys, index_key = _read(path)
        vault = cls(active=active, keys=keys, index_key=index_key)
        vault._path, vault._stamp = path, stamp
        return vault

    @classmethod
    def generate(cls, path: Path) -> Vault:
        """Make a new keys file (mode 0600) with one key, and open it.

        Raises:
            SecretFileThere: the file exists; what it encrypted would be lost.
        """
        key_id = secrets.token_hex(_KEY_ID_BYTES)
        keys = {key_id: secrets.token_bytes(_KEY_BYTES)}
        _write(path, key_id, keys, secrets.token_bytes(_KEY_BYTES), replace=False)
        return cls.from_file(path)

    @property
    def active(self) -> str:
        """The id of the key that encrypts."""
        return self._current().active

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, in the file's order."""
        return tuple(key_id.hex() for key_id in self._current().ciphers)

    def encrypt(self, text: str, *, column: str) -> bytes:
        """Encrypt a text for ``column`` ("persons.name")."""
        return self.encrypt_bytes(text.encode(), column=column)

    def decrypt(self, blob: bytes, *, column: str) -> str:
        """The text that :meth:`encrypt` was given for the same column.

        Raises:
            KeyUnknown: encrypted with a key that is not in the keys file.
            CiphertextMalformed: not such a value, changed, or of another column.
        """
        return self.decrypt_bytes(blob, column=column).decode()

    def encrypt_bytes(self, content: bytes, *, column: str) -> bytes:
        """As :meth:`encrypt`, for bytes."""
        keys, nonce = self._current(), random_bytes(_NONCE_BYTES)
        sealed = keys.cipher.encrypt(nonce, content, self._associated(keys.header, column))
        return keys.header + nonce + sealed

    def decrypt_bytes(self, blob: bytes, *, column: str) -> bytes:
        """As :meth:`decrypt`, for bytes."""
        if len(blob) < _HEADER_BYTES + _NONCE_BYTES + _TAG_BYTES or blob[0] != _VERSION:
            raise CiphertextMalformed(f"a value of {column} is not in the encrypted form")
        header = blob[:_HEADER_BYTES]
        cipher = self._keys.ciphers.get(header[1:])
        if cipher is None:
            cipher = self._current(at_once=True).ciphers.get(header[1:])
        if cipher is None:
            raise KeyUnknown(
                f"a value of {column} needs key {header[1:].hex()}, which the keys file lacks; "
                "restore the keys file that was in use when it was written"
            )
        nonce = blob[_HEADER_BYTES : _HEADER_BYTES + _NONCE_BYTES]
        sealed = blob[_HEADER_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, self._associated(header, column))
        except InvalidTag:
            raise CiphertextMalformed(
                f"a value of {column} was changed, or was written for another column"
            ) from None

    def blind_index(self, text: str, *, purpose: str) -> bytes:
        """Keyed hash (HMAC-SHA256, 32 bytes) that finds equal texts of one purpose.

        Equal texts of two purposes ("id_number", "phone") give unrelated values. Normalise the
        text first: the index knows no spelling variants.
        """
        begun = self._purposes.get(purpose)
        if begun is None:
            key = hmac.digest(self._index_key, b"yizhan/index/" + purpose.encode(), "sha256")
            begun = self._purposes[purpose] = _begun_hmac(key)
        # RFC 2104 with the key's two blocks prepared: half of the time of copying an HMAC object,
        # and a roster of 100,000 rows takes 700,000 of these.
        inner, outer = begun[0].copy(), begun[1].copy()
        inner.update(text.encode())
        outer.update(inner.digest())
        return outer.digest()

    def _current(self, *, at_once: bool = False) -> _Keys:
        """The keys, read again if the file has changed; it is looked at once a second."""
        now_s = time.monotonic()
        if self._path is None or (now_s - self._looked_s < _LOOK_AGAIN_S and not at_once):
            return self._keys
        self._looked_s = now_s
        # A file that cannot be read now must not stop what the known keys can do.
        with suppress(OSError, SecretFileTooOpen, KeysFileMalformed):
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                active, keys, _ = _read(self._path)
                self._keys, self._stamp = _Keys.of(active, keys), stamp
        return self._keys

    @staticmethod
    def _associated(header: bytes, column: str) -> bytes:
        return header + column.encode()


def add_key(path: Path) -> str:
    """Add a new key to a keys file and let it encrypt from now on; gives its id.

    The index key stays: blind indexes made with another would find nobody.

    Raises:
        SecretFileTooOpen, KeysFileMalformed: as :meth:`Vault.from_file`.
    """
    key_id = secrets.token_hex(_KEY_ID_BYTES)
    with writing_secret_file(path):
        _, keys, index_key = _read(path)
        more = keys | {key_id: secrets.token_bytes(_KEY_BYTES)}
        _write(path, key_id, more, index_key, replace=True)
    return key_id


def _stamp(path: Path) -> tuple[int, int, int]:
    facts = path.stat()
    return facts.st_ino, facts.st_mtime_ns, facts.st_size


def _read(path: Path) -> tuple[str, dict[str, bytes], bytes]:
    content = read_secret_file(path)
    try:
        document = json.loads(content)
        keys = {
            str(key_id): base64.b64decode(key, validate=True)
            for key_id, key in document["keys"].items()
        }
        return str(document["active"]), keys, base64.b64decode(document["index_key"], validate=True)
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        # "from None": the error of a parser may show a piece of a key.
        raise KeysFileMalformed(
            f"{path} is not a keys file: need active, keys and index_key"
        ) from None


def _write(
    path: Path, active: str, keys: Mapping[str, bytes], index_key: bytes, *, replace: bool
) -> None:
    document = {
        "active": active,
        "keys": {key_id: base64.b64encode(key).decode() for key_id, key in keys.items()},
        "index_key": base64.b64encode(index_key).decode(),
    }
    write_secret_file(path, json.dumps(document, indent=2).encode(), replace=replace)
