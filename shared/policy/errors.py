"""What can be wrong with policy content, and with a calculation that asks for it.

A ``Fault`` is found while content is loaded: it names file, place, fault and cure, and all of a
folder's faults are told at once. A ``Refusal`` is found while content is used: it names a field of
the request. Both carry English and Chinese.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with a content file, and the cure. ``line`` 0: not known."""

    file: str
    where: str
    code: str
    message: str
    message_zh: str
    line: int = field(default=0, compare=False)

    @property
    def place(self) -> str:
        """File, line and key, as an editor takes them."""
        return (
            f"{self.file}:{self.line}: {self.where}" if self.line else f"{self.file}: {self.where}"
        )

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class PackInvalid(Exception):
    """Content that cannot be loaded; ``faults`` lists everything wrong with it."""

    code: ClassVar[str] = "pack_invalid"

    def __init__(self, pack: str, faults: Iterable[Fault]) -> None:
        self.pack = pack
        self.faults: list[Fault] = sorted(faults)
        told = "\n".join(f"  - {fault}" for fault in self.faults)
        super().__init__(f"the pack {pack} has {len(self.faults)} fault(s):\n{told}")


class PackUnknown(Exception):
    """No folder of that name holds a pack."""

    code: ClassVar[str] = "unknown_pack"
    field: ClassVar[str] = "pack"

    def __init__(self, pack: str, known: Iterable[str]) -> None:
        self.pack = pack
        self.known = sorted(known)
        listed = ", ".join(self.known) or "none"
        self.message = f"there is no pack of this name; the packs at hand are: {listed}"
        self.message_zh = f"没有这个政策包；现有政策包: {listed}"
        super().__init__(self.message)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a calculation was refused: the field, the fault and the cure."""

    code: str
    field: str
    message: str
    message_zh: str


class Refused(Exception):
    """A calculation that was refused, with every reason found."""

    default_code: ClassVar[str] = "refused"

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        if not self.refusals:
            message = "a refusal needs a reason"
            raise ValueError(message)
        super().__init__("; ".join(f"{r.field}: {r.message}" for r in self.refusals))

    @property
    def code(self) -> str:
        """The reasons' common code; the class's own when the reasons differ."""
        codes = {refusal.code for refusal in self.refusals}
        return codes.pop() if len(codes) == 1 else self.default_code

    @property
    def field(self) -> str:
        return self.refusals[0].field

    @property
    def message(self) -> str:
        return self.refusals[0].message

    @property
    def message_zh(self) -> str:
        return self.refusals[0].message_zh


class ParameterMissing(Refused):
    """A rule needs a parameter that has no value on the day; never a silent default."""

    default_code = "missing_parameter"

    def __init__(self, name: str, day: date) -> None:
        self.name = name
        self.day = day
        super().__init__(
            [
                Refusal(
                    "missing_parameter",
                    f"parameters.{name}",
                    f"the parameter {name} has no value on {day.isoformat()}; state it in the"
                    " pack with its source, or give it for this calculation",
                    f"参数 {name} 在 {day.isoformat()} 没有取值；请在政策包中注明出处填写，或在本次计算中给出",
                )
            ]
        )


class OverrideRefused(Refused):
    """A parameter given for one calculation is unknown or malformed."""

    default_code = "parameters_refused"
