"""Who may see the county's page and its stream: everybody, or whoever may read indicators."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from shared.runtime.context import Context
from shared.security.principal import requires

_reader: Any = requires("reporting:read")
_bearer = HTTPBearer(
    auto_error=False, description="Needed only where the county's page is closed (open_dashboard)"
)


async def _viewer(request: Request, context: Context, _: Annotated[Any, Depends(_bearer)]) -> None:
    if not context.settings.open_dashboard:
        await _reader.dependency(request, None)


Viewer = Annotated[None, Depends(_viewer)]
"""Endpoint parameter: anybody while the page stands open, else the scope ``reporting:read``."""
