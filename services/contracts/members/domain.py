"""The contact card (XB-31): four fields, and none of them missing. Pure."""

from __future__ import annotations

from dataclasses import dataclass

FIELDS = ("doctor_name", "phone", "services", "policy")


@dataclass(frozen=True)
class Card:
    """What the card of a contract says."""

    doctor_name: str | None
    phone: str | None
    services: tuple[str, ...]
    policy: str | None

    def missing(self) -> tuple[str, ...]:
        """The fields without which the card is not valid."""
        return tuple(field for field in FIELDS if not getattr(self, field))
