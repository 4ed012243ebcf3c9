"""Structured logs without persons in them.

An event name is static, data stands in keywords, and data is ids. Should an identifier get in by
mistake, the redaction processor takes it out; it also sees what other libraries log.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import lru_cache
from json import dumps as dump_json
from typing import Any, TextIO

import structlog
from structlog.typing import Processor

REDACTED = "[redacted]"

_SENSITIVE_KEYS = frozenset(
    {
        "name", "full_name", "person_name", "patient_name", "mother_name", "guardian_name",
        "id_number", "mother_id_number", "id_no", "identity_number", "phone", "mobile",
        "telephone", "address", "card_no", "card_number", "bank_account", "birth_date", "qr",
        "credentials", "secret", "client_secret", "client_assertion", "password", "token",
        "access_token", "authorization", "cookie", "index_key", "idempotency_key",
    }
)  # fmt: skip
_KNOWN_HARMLESS = re.compile(
    r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a UUID
    r"|00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"  # a traceparent
    r"|\d{4}-\d{2}-\d{2}T[0-9:.]+(?:Z|[+-]\d{2}:\d{2}))",  # a time
)
_IDENTIFIER = re.compile(
    r"(?<![\dH])(?:\d{17}[\dXx]|\d{15}|(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?!\d)"  # H51…: a facility
)
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OUR_PACKAGES = frozenset({"shared", "services", "deploy"})
_MAX_EXCEPTION_LINES = 120
_MAX_FRAMES = 30
_MAX_DEPTH = 8
_LOW_ID, _HIGH_ID = 10**14, 10**18
_LOW_MOBILE, _HIGH_MOBILE = 13_000_000_000, 20_000_000_000


def redact_text(text: str) -> str:
    """The text with ID numbers (18 and 15 digits) and mobile numbers taken out."""
    if _KNOWN_HARMLESS.fullmatch(text):
        return text
    if not _IDENTIFIER.search(text):
        return text
    # Between UUIDs only: their digits are random and may look like a telephone number.
    pieces: list[str] = []
    end = 0
    for uuid in _UUID.finditer(text):
        pieces.extend((_IDENTIFIER.sub(REDACTED, text[end : uuid.start()]), uuid.group()))
        end = uuid.end()
    pieces.append(_IDENTIFIER.sub(REDACTED, text[end:]))
    return "".join(pieces)


def redact(value: Any, depth: int = 0) -> Any:
    """A copy of ``value`` without identifiers; deeper than eight levels is cut."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, bool) or value is None or isinstance(value, float):
        return value
    if isinstance(value, int):
        suspicious = _LOW_ID <= abs(value) < _HIGH_ID or _LOW_MOBILE <= value < _HIGH_MOBILE
        return redact_text(str(value)) if suspicious and _is_identifier(value) else value
    if depth >= _MAX_DEPTH:
        return REDACTED
    if isinstance(value, Mapping):
        return {
            redact_text(str(key)): (
                REDACTED if str(key).lower() in _SENSITIVE_KEYS else redact(inner, depth + 1)
            )
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(inner, depth + 1) for inner in value]
    return redact_text(str(value))


def redaction(
    _logger: Any, _method: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor; must stand after every processor that adds text."""
    for key, value in event_dict.items():
        if key.startswith("_"):
            continue  # structlog's own, removed before rendering
        event_dict[key] = REDACTED if key.lower() in _SENSITIVE_KEYS else redact(value)
    return event_dict


def exceptions_without_values(
    _logger: Any, _method: str, event_dict: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """The structlog processor that writes exceptions as types and places.

    Messages of libraries repeat what they were given (a row's values, a key that was not found);
    only our own and the operating system's are kept.
    """
    given = event_dict.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    error = given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event_dict["exception"] = describe_exception(error)
    return event_dict


def describe_exception(error: BaseException) -> str:
    """The chain of exceptions, outermost first: type, place, and message where it is safe."""
    lines: list[str] = []
    current: BaseException | None = error
    while current is not None and len(lines) < _MAX_EXCEPTION_LINES:
        kind = type(current)
        message = ""
        if kind.__module__.partition(".")[0] in _OUR_PACKAGES:
            message = f": {redact_text(str(current))}"
        elif isinstance(current, OSError) and current.strerror:
            message = f": {redact_text(current.strerror)}"
        lines.append(f"{kind.__module__}.{kind.__qualname__}{message}")
        frames = traceback.extract_tb(current.__traceback__)[-_MAX_FRAMES:]
        lines.extend(f"  {_place(frame.filename)}:{frame.lineno} {frame.name}" for frame in frames)
        suppressed = current.__cause__ is None and current.__suppress_context__
        current = None if suppressed else current.__cause__ or current.__context__
    return "\n".join(lines)


def _place(filename: str) -> str:
    _, found, tail = filename.rpartition("site-packages/")
    return tail if found else "/".join(filename.split("/")[-3:])


class _Lines(logging.StreamHandler[TextIO]):
    """The handler that :func:`configure` installs; ``json`` says how its lines look."""

    yizhan = True
    """Tells it from the handlers of a test's own."""

    def __init__(self, stream: TextIO, *, json: bool) -> None:
        super().__init__(stream)
        self.json = json

    def write(self, line: str) -> None:
        """Write a line that is already as it should be."""
        try:
            with self.lock or nullcontext():
                self.stream.write(f"{line}{self.terminator}")
                self.flush()
        except Exception:  # noqa: BLE001 - as every handler of the standard library does
            self.handleError(logging.makeLogRecord({"msg": "request_finished"}))


_requests = logging.getLogger("shared.http.requests")


def log_request(
    *,
    quiet: bool,
    method: str,
    route: str,
    status: int,
    client_id: str | None,
    elapsed_ms: float,
    request_id: str,
    traceparent: str,
) -> None:
    """The one line at the end of a request; a ``quiet`` one is shown on DEBUG only.

    Written without structlog's and the standard library's machinery wherever the line is JSON: it
    belongs to every request, and cost more than a statement on the database. Only the texts that
    come from outside can hold an identifier, and pass through the redaction once each.

    Args:
        route: the template of the address, never the address as called.
        elapsed_ms: from the request to the last byte of its answer.
    """
    level = logging.DEBUG if quiet else logging.INFO
    lines = [each for each in logging.getLogger().handlers if isinstance(each, _Lines)]
    if not (lines and all(each.json for each in lines)):
        structlog.get_logger(_requests.name).log(
            level,
            "request_finished",
            method=method,
            route=route,
            status=status,
            client_id=client_id,
            elapsed_ms=elapsed_ms,
        )
        return
    if not _requests.isEnabledFor(level):
        return
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = (
        f'{{"method": {_quoted(method)}, "route": {_quoted(route)}, "status": {status},'
        f' "client_id": {_quoted(client_id)}, "elapsed_ms": {elapsed_ms},'
        f' "event": "request_finished", "request_id": "{request_id}",'
        f' "traceparent": "{traceparent}", "logger": "{_requests.name}",'
        f' "level": "{"debug" if quiet else "info"}", "timestamp": "{moment}"}}'
    )
    for each in lines:
        each.write(line)


@lru_cache(maxsize=1_024)
def _quoted(text: str | None) -> str:
    return dump_json(text if text is None else redact_text(text), ensure_ascii=False)


def configure(*, json: bool = True, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's logs through one redacting formatter.

    Called once by a host when it starts. Uvicorn must be started with ``log_config=None``.

    Args:
        json: one JSON object per line; otherwise coloured text for a person.
        level: the least level shown.
        stream: where to; standard error when not given.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    handler = _Lines(stream or sys.stderr, json=json)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                exceptions_without_values,
                redaction,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "yizhan", False):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    # Our own request line replaces uvicorn's, which shows addresses as called.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("uvicorn", "uvicorn.error", "uvicorn.asgi"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    # SQL statements are shown with their values on INFO and below: never.
    logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
    for name in ("httpx", "httpcore"):  # they log addresses as called
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)


def _is_identifier(value: int) -> bool:
    return _IDENTIFIER.fullmatch(str(value)) is not None
