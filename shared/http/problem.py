"""Errors as ``application/problem+json`` (RFC 9457), with Chinese beside the English.

A service's exceptions are subclasses named as sentences (``SettledAlready``); each carries its
status, a stable code and advice. No message ever repeats the offending value: it could be a name
or an ID number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from starlette.responses import JSONResponse, Response

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class FieldFault:
    """What is wrong with one field of the request, and the cure."""

    field: str
    code: str
    message: str
    message_zh: str

    def as_dict(self) -> dict[str, str]:
        return {
            "field": self.field,
            "code": self.code,
            "message": self.message,
            "message_zh": self.message_zh,
        }


class Problem(Exception):
    """A request that could not be done, told in a way its caller can act on."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "The request could not be carried out"
    title_zh: ClassVar[str] = "请求无法办理"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[FieldFault] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = list(errors)
        self.headers = dict(headers or {})
        self.extra = dict(extra or {})

    def body(self, instance: str) -> dict[str, Any]:
        """The JSON document; ``instance`` is the request's path."""
        return {
            "type": f"urn:yizhan:problem:{self.code}",
            "title": self.title,
            "title_zh": self.title_zh,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "instance": instance,
            "errors": [error.as_dict() for error in self.errors],
            **self.extra,
        }

    def response(self, instance: str) -> Response:
        return JSONResponse(
            self.body(instance),
            status_code=self.status,
            headers=self.headers,
            media_type=MEDIA_TYPE,
        )


class NotFound(Problem):
    status = 404
    code = "not_found"
    title = "There is no such record, or it is not yours to see"
    title_zh = "没有这条记录，或您无权查看"


class Conflict(Problem):
    status = 409
    code = "conflict"
    title = "The record is in a state that does not allow this"
    title_zh = "记录当前状态不允许此操作"


class Unprocessable(Problem):
    status = 422
    code = "validation_failed"
    title = "Some fields are missing or wrong"
    title_zh = "有字段缺失或填写有误"


class Unauthorized(Problem):
    status = 401
    code = "unauthorized"
    title = "A valid access token is needed"
    title_zh = "需要有效的访问令牌"


class Forbidden(Problem):
    status = 403
    code = "forbidden"
    title = "This client may not do that"
    title_zh = "该客户端没有此权限"


class TooLarge(Problem):
    status = 413
    code = "payload_too_large"
    title = "The request is larger than allowed"
    title_zh = "请求内容超过允许的大小"


class ServiceUnavailable(Problem):
    status = 503
    code = "unavailable"
    title = "The service cannot answer just now; try again shortly"
    title_zh = "服务暂时不可用，请稍后重试"
