"""Signing in of people, for pages: ``caller: Annotated[Principal, signed_in("identity:review")]``.

Forms of a page hold ``{{ csrf_field }}``; htmx sends the header by itself (the base template).
"""

from shared.web.signin.required import signed_in

__all__ = ["signed_in"]
