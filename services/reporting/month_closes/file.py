"""The signed file of a month: what it holds, and whether it is still what was signed.

Lines of JSON: the first says whose month it is, with every figure, step and the public key; then
every row behind the figures; the last is the signature (JWS, Ed25519) over number and SHA-256 of
all lines before it. Whoever has the file can verify it without the service.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from joserfc.jwk import OKPKey

from shared.security import signing
from shared.security.signing import NotSigned, SignatureWrong

FORMAT: Final = "yizhan-month-close/1"
KIND: Final = "month-close+jwt"
PURPOSE: Final = "close"
MEDIA_TYPE: Final = "application/x-ndjson"


class FileAltered(ValueError):
    """The file is not what was signed; the message says what does not fit."""


@dataclass(frozen=True)
class Verified:
    """A file that is what was signed."""

    number: str
    month: str
    sha256: str
    rows: int
    kid: str
    key: dict[str, Any]
    """The public key that the file names; trust it only when it is known from elsewhere."""
    head: dict[str, Any]


def line(content: Mapping[str, Any]) -> bytes:
    """One line: sorted names, no spaces, so that equal content has equal bytes."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def write(
    head: Mapping[str, Any], rows: Iterable[Mapping[str, Any]], key: OKPKey
) -> tuple[bytes, str]:
    """The file and the SHA-256 (hexadecimal) of the whole of it."""
    told = {**head, "format": FORMAT, "key": signing.public(key)}
    body = bytearray(line(told))
    for row in rows:
        body += line(row)
    statement = {"number": head["number"], "sha256": hashlib.sha256(body).hexdigest()}
    body += line({"signature": signing.sign(line(statement), key, kind=KIND)})
    return bytes(body), hashlib.sha256(body).hexdigest()


def verify(content: bytes, trusted: Sequence[Mapping[str, Any]] | None = None) -> Verified:
    """Check a file alone.

    Args:
        content: the file.
        trusted: public keys known from elsewhere; None: the file's own word on its key is taken.

    Raises:
        FileAltered: it is none of ours, or a byte of it was changed.
    """
    body, last = _parted(content)
    head = _json(body[: body.index(b"\n") + 1], "the first line")
    if head.get("format") != FORMAT or not isinstance(head.get("key"), dict):
        raise FileAltered(f"the first line is not of the format {FORMAT}")
    signature = _json(last, "the last line").get("signature")
    if not isinstance(signature, str) or line({"signature": signature}) != last:
        raise FileAltered("the last line is not a signature as it was written")
    if not all(_strict(part) for part in signature.split(".")):
        raise FileAltered("the signature is not written as it was")
    key = head["key"]
    if trusted is not None and key not in [dict(each) for each in trusted]:
        raise FileAltered(f"the key {key.get('kid')} is not one that is trusted")
    try:
        stated = signing.verify(signature, [key], kind=KIND)
    except NotSigned:
        raise FileAltered("the last line is no signature of a month") from None
    except SignatureWrong:
        raise FileAltered("the signature is not of the key that the file names") from None
    statement = {"number": head.get("number"), "sha256": hashlib.sha256(body).hexdigest()}
    if stated != line(statement):
        raise FileAltered("the lines are not the ones that were signed")
    return Verified(
        number=str(head["number"]),
        month=str(head["month"]),
        sha256=hashlib.sha256(content).hexdigest(),
        rows=body.count(b"\n") - 1,
        kid=str(key["kid"]),
        key=key,
        head=head,
    )


def rows_of(content: bytes) -> Iterable[dict[str, Any]]:
    """The rows of a verified file."""
    return (json.loads(each) for each in content.splitlines()[1:-1])


def _parted(content: bytes) -> tuple[bytes, bytes]:
    if not content.endswith(b"\n") or content.count(b"\n") < 2:  # noqa: PLR2004 - head and signature
        raise FileAltered("the file is cut off, or is no closed month")
    at = content.rindex(b"\n", 0, -1) + 1
    return content[:at], content[at:]


def _json(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise FileAltered(f"{what} cannot be read") from None
    if not isinstance(found, dict):
        raise FileAltered(f"{what} cannot be read")
    return found


def _strict(part: str) -> bool:
    """Whether base64 is written in the one way that we write it: spare bits are nought."""
    try:
        bare = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return False
    return base64.urlsafe_b64encode(bare).decode().rstrip("=") == part
