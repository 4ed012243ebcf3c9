"""The engine's refusals as problems of the HTTP contract."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shared.http.problem import FieldFault, Unprocessable
from shared.policy.errors import PackUnknown, Refusal, Refused


class CalculationRefused(Unprocessable):
    """The calculation was refused; ``code`` is the reasons' common one."""

    code = "bill_refused"
    title = "The bill cannot be calculated as it is given"
    title_zh = "账单按现有内容无法计算"

    def __init__(self, refused: Refused) -> None:
        super().__init__(
            "correct the fields named in errors; nothing was calculated",
            errors=faults_of(refused.refusals),
        )
        self.reason = refused.code

    def body(self, instance: str) -> dict[str, Any]:
        """The document, with the engine's own code."""
        return super().body(instance) | {
            "type": f"urn:yizhan:problem:{self.reason}",
            "code": self.reason,
        }


class PackIsUnknown(Unprocessable):
    code = "unknown_pack"
    title = "There is no policy pack of this name"
    title_zh = "没有这个政策包"

    def __init__(self, unknown: PackUnknown) -> None:
        super().__init__(
            "see GET /claims/v1/packs for the packs at hand",
            errors=[FieldFault("pack", "unknown_pack", unknown.message, unknown.message_zh)],
        )


def faults_of(refusals: Iterable[Refusal]) -> list[FieldFault]:
    """The engine's refusals as field errors."""
    return [
        FieldFault(refusal.field, refusal.code, refusal.message, refusal.message_zh)
        for refusal in refusals
    ]
