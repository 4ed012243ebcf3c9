"""Who may see the county's page and its stream: everybody, or whoever may read indicators."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from shared.runtime.context import Context
from shared.security.principal import requires
from shared.security.sessions import session_of

_reader: Any = requires("reporting:read")
_bearer = HTTPBearer(
    auto_error=False, description="Needed only where the county's page is closed (open_dashboard)"
)


async def _viewer(request: Request, context: Context, _: Annotated[Any, Depends(_bearer)]) -> None:
    session = None if context.settings.open_dashboard else session_of(request)
    if session is not None and "reporting:read" in session.user.scopes:
        return  # the page's own stream and figures, for the person who looks at it
    if not context.settings.open_dashboard:
        await _reader.dependency(request, None)


Viewer = Annotated[None, Depends(_viewer)]
"""Endpoint parameter: anybody while the page stands open, else the scope ``reporting:read``."""
