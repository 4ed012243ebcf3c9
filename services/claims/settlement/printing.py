"""A statement as an answer, for programs and for a browser alike."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from shared.web.screens import SECURITY_HEADERS


def pdf_answer(settlement_id: UUID, document: bytes) -> Response:
    """Shown by the browser, named by the settlement; kept by nobody on the way."""
    headers = {
        **SECURITY_HEADERS,
        "cache-control": "no-store",
        "content-disposition": f'inline; filename="statement-{settlement_id}.pdf"',
    }
    return Response(document, media_type="application/pdf", headers=headers)
