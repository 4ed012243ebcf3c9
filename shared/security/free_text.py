"""Texts that people write about work: no number by which a person is found may stand in them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_NUMBER = re.compile(r"(?<![0-9])(?:[1-9][0-9]{16}[0-9Xx]|[1-9][0-9]{14}|1[3-9][0-9]{9})(?![0-9])")
"""An ID number of 18 or 15 places, or a mobile phone's."""


class HoldsIdentifier(ValueError):
    """An ID number or a phone number stands in a text."""

    code = "identifier_in_text"
    message_zh = "内容中含有证件号码或手机号码，请删去后重试"


def without_identifiers(text: str) -> str:
    """The text itself.

    Raises:
        HoldsIdentifier: never repeating the number.
    """
    if _NUMBER.search(text):
        raise HoldsIdentifier("an ID or phone number stands in the text: take it out")
    return text


PLAIN = AfterValidator(without_identifiers)
"""Behind the limits of a text's length: it holds no number of a person."""
Plain = Annotated[str, PLAIN]
"""Text without numbers of persons; give its length beside it."""
