"""A run taken out as a file, noted in the audit log: for API clients and for the screens."""

from __future__ import annotations

from uuid import UUID

from starlette.responses import Response

from services.claims.clearing import documents, repository, service
from services.claims.fees import repository as service_fees
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def statement(
    session: WriteSession, context: ServiceContext, caller: Principal, run_id: UUID
) -> Response:
    """The run as a workbook.

    Raises:
        RunNotFound: no such run, or not the caller's to see.
    """
    run = await service.visible(session, caller, run_id)
    items = await repository.all_items(session, run_id)
    fees = await service_fees.of_run(session, run_id)
    payments = await repository.payments_of(session, run_id)
    await service.log_export(session, context, caller, run, "statement")
    content = documents.statement(run, items, fees, payments, names(context))
    return _file(content, documents.XLSX, f"clearing-{run_id}.xlsx")


async def bank_file(
    session: WriteSession, context: ServiceContext, caller: Principal, run_id: UUID
) -> Response:
    """What is still to be paid of an approved run.

    Raises:
        RunNotFound: no such run, or not the caller's to see. StepRefused: it is not approved.
    """
    run = await service.visible(session, caller, run_id)
    service.check_payable(run)
    await service.log_export(session, context, caller, run, "bank_file")
    content = documents.bank_file(run, names(context))
    return _file(content, documents.CSV, f"clearing-{run_id}.csv")


def names(context: ServiceContext) -> documents.NameOf:
    """A facility's Chinese name by its code; the code where the pack does not know it."""

    def name_of(facility_code: str) -> str:
        facility = context.region.facility(facility_code)
        return facility_code if facility is None else facility.name_zh

    return name_of


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(
        content,
        media_type=media_type,
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "no-store",
        },
    )
