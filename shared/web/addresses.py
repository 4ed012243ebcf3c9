"""Where a person goes after signing in: only ever to a page of this host."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

SIGN_IN = "/signin"
SIGN_OUT = "/signout"
ACCOUNT = "/account"

_MOST_CHARS = 1_000
_OWN = (SIGN_IN, SIGN_OUT)


def safe_next(asked: str | None) -> str | None:
    r"""The address if it is a path of this host that a person may be sent to, else None.

    Refused: another host in any spelling a browser understands (``//x``, ``/\x``, ``https:x``),
    control characters, and the sign-in pages themselves.
    """
    if not asked or len(asked) > _MOST_CHARS or not asked.startswith("/"):
        return None
    if asked.startswith("//") or "\\" in asked or not asked.isprintable():
        return None
    try:
        parts = urlsplit(asked)
    except ValueError:
        return None
    if parts.scheme or parts.netloc or parts.path.startswith("//"):
        return None
    if parts.path.rstrip("/") in _OWN:
        return None
    return quote(asked, safe="/?&=%#:@!$'()*+,;~-._")


def sign_in_address(next_path: str | None) -> str:
    """``/signin``, with the way back where there is a safe one."""
    safe = safe_next(next_path)
    return SIGN_IN if safe in (None, "/") else f"{SIGN_IN}?next={quote(str(safe), safe='/')}"
