"""Static files: served from memory, named by their content, compressed once.

A page asks for ``/static/css/yizhan.css?v=<hash>``; that answer may be kept for a year, because a
changed file has another address. Without the hash the browser must ask again each time, and a 304
is the usual answer.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from starlette.datastructures import Headers, QueryParams
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

STATIC_PREFIX = "/static"
STATIC_FOLDER = Path(__file__).parent / "static"

_COMPRESSIBLE = frozenset({".css", ".js", ".svg", ".json", ".txt", ".html", ".map"})
_MAX_ASSET_BYTES = 8 * 1024 * 1024
"""More than this is not a file for a screen; it would also be held in memory."""


class AssetMissing(LookupError):
    """A template names a static file that does not exist."""


@dataclass(frozen=True)
class Asset:
    """One static file, ready to send."""

    body: bytes
    packed: bytes | None
    """The same, gzip-compressed; None where that saves nothing."""
    media_type: str
    version: str
    """First 16 hex digits of the content's SHA-256."""


class Assets:
    """The files below one folder, offered under one path prefix."""

    def __init__(self, folder: Path, prefix: str) -> None:
        self._folder = folder.resolve()
        self._prefix = prefix.rstrip("/")
        self._loaded: dict[str, Asset] = {}

    def get(self, path: str) -> Asset:
        """The file at ``path`` below the folder.

        Raises:
            AssetMissing: there is none, or the path leads out of the folder.
        """
        if (found := self._loaded.get(path)) is not None:
            return found
        parts = PurePosixPath(path).parts
        if not parts or any(part.startswith((".", "/")) or "\\" in part for part in parts):
            raise AssetMissing(path)
        file = self._folder.joinpath(*parts)
        if not file.is_file() or not file.resolve().is_relative_to(self._folder):
            raise AssetMissing(path)
        if file.stat().st_size > _MAX_ASSET_BYTES:
            raise AssetMissing(f"{path} is larger than {_MAX_ASSET_BYTES} bytes")
        body = file.read_bytes()
        packed = gzip.compress(body, 9, mtime=0) if file.suffix in _COMPRESSIBLE else None
        asset = Asset(
            body=body,
            packed=packed if packed is not None and len(packed) < len(body) else None,
            media_type=_media_type(file),
            version=hashlib.sha256(body).hexdigest()[:16],
        )
        self._loaded[path] = asset
        return asset

    def url(self, path: str) -> str:
        """The address a page uses: prefix, path and content hash.

        Raises:
            AssetMissing: a page must not ask for a file that is not there.
        """
        return f"{self._prefix}/{path}?v={self.get(path).version}"

    def response(self, path: str, headers: Headers, query: QueryParams) -> Response:
        """The answer to a GET of ``path``: 200, 304 when the browser has it, or 404."""
        try:
            asset = self.get(path)
        except AssetMissing:
            return PlainTextResponse("no such file\n", status_code=404)
        pinned = query.get("v") == asset.version
        packed = asset.packed is not None and "gzip" in headers.get("accept-encoding", "")
        etag = f'"{asset.version}{"-gz" if packed else ""}"'
        answer_headers = {
            "etag": etag,
            "cache-control": "public, max-age=31536000, immutable" if pinned else "no-cache",
            "vary": "accept-encoding",
            "x-content-type-options": "nosniff",
        }
        if etag in headers.get("if-none-match", ""):
            return Response(status_code=304, headers=answer_headers)
        body = asset.body
        if packed and asset.packed is not None:
            body = asset.packed
            answer_headers["content-encoding"] = "gzip"
        return Response(body, media_type=asset.media_type, headers=answer_headers)


class StaticApp:
    """The ASGI application that serves one :class:`Assets`; GET and HEAD only."""

    def __init__(self, assets: Assets) -> None:
        self.assets = assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        if scope["method"] not in {"GET", "HEAD"}:
            response: Response = PlainTextResponse(
                "method not allowed\n", status_code=405, headers={"allow": "GET, HEAD"}
            )
        else:
            path = scope["path"].removeprefix(scope.get("root_path", "")).lstrip("/")
            response = self.assets.response(
                path, Headers(scope=scope), QueryParams(scope.get("query_string", b""))
            )
        await response(scope, receive, send)


@cache
def shared_assets() -> Assets:
    """The files that every screen shares (styles, scripts, vendored libraries)."""
    return Assets(STATIC_FOLDER, STATIC_PREFIX)


def static_app() -> StaticApp:
    """The application a host mounts at :data:`STATIC_PREFIX`."""
    return StaticApp(shared_assets())


def _media_type(file: Path) -> str:
    if file.suffix == ".js":
        return "text/javascript; charset=utf-8"
    guessed = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed
