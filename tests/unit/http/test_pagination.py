import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor, page

VALUES = st.one_of(st.none(), st.integers(), st.text(st.characters(exclude_categories=["Cs"])))


@given(st.lists(VALUES, min_size=1, max_size=4))
def test_a_cursor_gives_back_its_key(key: list):
    """Goal: what goes in comes out, safe in a URL. Method: property."""
    cursor = encode_cursor(*key)
    assert decode_cursor(cursor, parts=len(key)) == tuple(key)
    assert not set(cursor) & set("+/=&? ")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!!",
        "é",
        base64.urlsafe_b64encode(b'{"a":1}').decode(),
        base64.urlsafe_b64encode(b"[[1]]").decode(),
        base64.urlsafe_b64encode(b"[true]").decode(),
        base64.urlsafe_b64encode(b"[1.5]").decode(),
        encode_cursor(1, 2),
    ],
)
def test_another_text_is_refused_with_the_cure(cursor: str):
    """Goal: an invented cursor is a 422 that names the field, not a crash."""
    with pytest.raises(CursorMalformed) as caught:
        decode_cursor(cursor, parts=1)
    assert caught.value.status == 422
    assert caught.value.errors[0].field == "cursor"


def test_a_page_has_the_documented_form():
    """Goal: {items, next_cursor}."""
    assert page((1, 2), None) == {"items": [1, 2], "next_cursor": None}
