"""The screens' kit: language, layout, styles, charts, static files. No rule of any service.

A slice renders with :class:`shared.web.screens.Screens`; a host mounts :func:`static_app` at
``/static`` and adds :func:`docs_router` to every service.
"""

from shared.web.api_docs import docs_router
from shared.web.assets import static_app

__all__ = ["docs_router", "static_app"]
