"""The desk that sends what is wrong, and looks at the answer and at the databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx

from tests.e2e.inspection import table_counts
from tests.support.main_job import BILL_A, MainJob
from tests.support.people import id_number
from tests.support.process import Yizhan

SECRET_NAME = "不可外泄"
SECRET_NUMBER = id_number(date(1961, 7, 9), 135)
SECRETS = (SECRET_NAME, SECRET_NUMBER, SECRET_NUMBER[:6] + SECRET_NUMBER[8:17])
"""What no answer and no log may repeat."""

HAN = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[a-z]{2,}")
PROBLEM = "application/problem+json"
MEGABYTE = 1024 * 1024


@dataclass
class Desk:
    """The running product and what was sent to it and refused."""

    yizhan: Yizhan
    job: MainJob

    @contextmanager
    def nothing_written(self) -> Iterator[None]:
        """No table may have another number of rows at the end than at the beginning."""
        before = table_counts(self.yizhan)
        yield
        assert table_counts(self.yizhan) == before

    def refused(
        self,
        method: str,
        path: str,
        *,
        status: int,
        code: str,
        fields: dict[str, str] | None = None,
        client: str = "hospital",
        **options: Any,
    ) -> dict[str, Any]:
        """Send it; the answer must be this problem (``fields``: field → code) and write nothing."""
        with self.nothing_written():
            answer = self.yizhan.call(method, path, client=client, **options)
        document = problem_of(answer)
        assert (answer.status_code, document["code"]) == (status, code), answer.text
        if fields is not None:
            assert {e["field"]: e["code"] for e in document["errors"]} == fields
        return document


def problem_of(answer: httpx.Response) -> dict[str, Any]:
    """The problem document of an answer; checks what every one of them must have."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith(PROBLEM), answer.headers
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    for name in ("type", "code", "title", "detail", "instance"):
        assert document[name], f"{name}: {answer.text}"
    assert HAN.search(document["title_zh"]), answer.text
    assert not HAN.search(document["title"]), answer.text
    for error in document["errors"]:
        assert error["field"], answer.text
        assert error["code"], answer.text
        assert LATIN.search(error["message"]), answer.text
        assert HAN.search(error["message_zh"]), answer.text
    for secret in SECRETS:
        assert secret not in answer.text
    return document


def line(**more: Any) -> dict[str, Any]:
    """A good line of a bill with these changes."""
    return BILL_A[0] | more
