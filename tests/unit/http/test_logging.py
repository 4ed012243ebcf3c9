import io
import json
import logging
import sys
import uuid
from types import MappingProxyType

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from shared.http.problem import Conflict
from shared.ids import new_id
from shared.observability.logging import (
    REDACTED,
    configure,
    describe_exception,
    log_request,
    redact,
    redact_text,
)


@pytest.fixture
def output():
    """The configured logging, writing to memory; the world before is put back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    configure(json=True, level="DEBUG", stream=stream)
    yield stream
    for handler in list(root.handlers):
        if handler not in handlers:
            root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


class TestRedactText:
    @pytest.mark.parametrize(
        "identifier",
        [
            "511301199001011234",
            "51130119900101123X",
            "51130119900101123x",
            "511301900101123",
            "13800138000",
            "138-0013-8000",
            "138 0013 8000",
            "+8613800138000",
        ],
    )
    @pytest.mark.parametrize("form", ["{}", "号码{}。", "a={}&b=1", "('{}',)", "/persons/{}/x"])
    def test_takes_out_identifiers(self, identifier: str, form: str):
        """Goal: ID numbers and mobiles are found wherever they stand."""
        text = redact_text(form.format(identifier))
        assert REDACTED in text
        assert identifier[-6:] not in text

    @pytest.mark.parametrize(
        "text",
        [
            "2016-03-01T09:30:00.123456+08:00",
            "00-13800138000138001380013800138000-1380013800013800-01",
            "H13010000101",
            "12345678901234567890",
            "elapsed 1234567890",
            "1234.56",
        ],
    )
    def test_leaves_what_is_none(self, text: str):
        """Goal: times, traces, facility codes and counts stay readable."""
        assert redact_text(text) == text

    @given(st.uuids(version=4))
    def test_leaves_ids(self, value: uuid.UUID):
        """Goal: our ids are never mistaken for numbers of people. Method: property."""
        assert redact_text(f"person {value} and {new_id()}").count(REDACTED) == 0


class TestRedact:
    def test_keys_that_tell(self):
        """Goal: a name has no form by which it could be found, but its key is known."""
        value = {"name": "张小三", "nested": [{"Address": "金河镇"}], "count": 3, "ok": True}
        assert redact(value) == {
            "name": REDACTED,
            "nested": [{"Address": REDACTED}],
            "count": 3,
            "ok": True,
        }

    def test_numbers_and_keys(self):
        """Goal: an identifier given as a number, or as a key, is found too."""
        assert redact(13800138000) == REDACTED
        assert redact(511301900101123) == REDACTED
        assert redact({"511301199001011234": 1}) == {REDACTED: 1}
        assert redact(1_500_000) == 1_500_000

    def test_depth_is_limited(self):
        """Goal: a structure that holds itself does not hang the log."""
        loop: list = []
        loop.append(loop)
        assert REDACTED in str(redact(loop))


class TestConfigured:
    def test_our_own_lines(self, output):
        """Goal: event, level, logger and data as JSON; nothing personal."""
        structlog.get_logger("x.y").info("person_found", name="张小三", note="511301199001011234")
        (line,) = lines(output)
        assert line["event"] == "person_found"
        assert (line["level"], line["logger"]) == ("info", "x.y")
        assert (line["name"], line["note"]) == (REDACTED, REDACTED)
        assert line["timestamp"].endswith("Z")

    def test_bound_context_is_in_every_line(self, output):
        """Goal: lines of one request can be put together."""
        with structlog.contextvars.bound_contextvars(request_id="r-1"):
            logging.getLogger("library").warning("something")
            structlog.get_logger().info("own")
        assert [line["request_id"] for line in lines(output)] == ["r-1", "r-1"]

    @pytest.mark.parametrize("name", ["uvicorn.error", "sqlalchemy.pool", "asyncio", "any.library"])
    def test_lines_of_libraries(self, output, name: str):
        """Goal: what others log goes through the same redaction."""
        logging.getLogger(name).error("bad row %s", "511301199001011234")
        assert lines(output)[0]["event"] == f"bad row {REDACTED}"

    def test_access_lines_are_off(self, output):
        """Goal: addresses as called are not logged at all."""
        logging.getLogger("uvicorn.access").info('"GET /persons/x HTTP/1.1" 200')
        logging.getLogger("httpx").info("HTTP Request: GET http://x/persons/x")
        assert output.getvalue() == ""

    def test_statements_are_off(self, output):
        """Goal: SQL with values is not logged even at DEBUG."""
        logging.getLogger("sqlalchemy.engine.Engine").info("INSERT ... ('张小三')")
        assert output.getvalue() == ""

    def test_exceptions_show_place_and_type_without_values(self, output):
        """Goal: a traceback helps to find the line and tells no name."""
        try:
            {}["张小三"]
        except KeyError:
            logging.getLogger("x").exception("failed")
        (line,) = lines(output)
        assert "builtins.KeyError" in line["exception"]
        assert "test_logging.py" in line["exception"]
        assert "张小三" not in output.getvalue()

    def test_configuring_twice_doubles_nothing(self, output):
        """Goal: a host that is started twice in one process logs once."""
        configure(json=True, stream=output)
        structlog.get_logger().info("once")
        assert len(lines(output)) == 1

    def test_console_form(self, output):
        """Goal: the form for people is redacted too."""
        configure(json=False, stream=output)
        structlog.get_logger().info("seen", note="13800138000")
        assert "13800138000" not in output.getvalue()
        assert "seen" in output.getvalue()


def test_a_chain_of_exceptions_is_described():
    """Goal: cause and effect are both there; our own messages stay, others do not."""
    try:
        try:
            int("张小三")
        except ValueError as error:
            raise Conflict("the case is closed") from error
    except Conflict:
        described = describe_exception(sys.exc_info()[1])
    assert "shared.http.problem.Conflict: the case is closed" in described
    assert "builtins.ValueError" in described
    assert "张小三" not in described


class TestRequestLine:
    MARKS = MappingProxyType(
        {"request_id": str(uuid.UUID(int=1)), "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    )

    def test_says_what_structlog_would(self, output):
        """Goal: the short way writes the fields of the long one. Method: both, side by side."""
        said = {
            "method": "POST",
            "route": "/identity/v1/recognitions",
            "status": 200,
            "client_id": None,
            "elapsed_ms": 1.5,
        }
        log_request(quiet=False, **said, **self.MARKS)
        with structlog.contextvars.bound_contextvars(**self.MARKS):
            structlog.get_logger("shared.http.requests").info("request_finished", **said)

        short, long = lines(output)
        assert short.pop("timestamp")[:16] == long.pop("timestamp")[:16]
        assert short == long

    def test_takes_out_identifiers(self, output):
        """Goal: a client's name or a method made of a number does not get into the log."""
        log_request(
            quiet=False,
            method='PO"ST',
            route="/x/511301199001011234",
            status=404,
            client_id="13800138000",
            elapsed_ms=0.1,
            **self.MARKS,
        )
        (line,) = lines(output)
        assert line["route"] == f"/x/{REDACTED}"
        assert line["client_id"] == REDACTED
        assert line["method"] == 'PO"ST'

    def test_of_a_probe_is_for_debugging(self, output):
        """Goal: on INFO, health probes and style sheets fill no log."""
        logging.getLogger().setLevel("INFO")
        log_request(
            quiet=True,
            method="GET",
            route="/identity/healthz",
            status=200,
            client_id=None,
            elapsed_ms=0.1,
            **self.MARKS,
        )
        assert not output.getvalue()
