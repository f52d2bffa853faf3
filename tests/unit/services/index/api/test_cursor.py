import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.index.api import cursor
from services.index.api.errors import Refusal


@given(
    st.lists(st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.text(), min_size=1)
)
def test_a_cursor_goes_on_behind_the_last_hit(values: list[int | float | str]) -> None:
    made = cursor.encode("time", [{"sort": ["first"]}, {"sort": values}], size=2)
    assert made
    assert cursor.decode(made, "time", len(values)) == values


def test_after_a_page_that_is_not_full_there_is_no_cursor() -> None:
    assert cursor.encode("time", [{"sort": [1]}], size=2) is None
    assert cursor.encode("time", [], size=2) is None


def test_a_cursor_of_another_order_is_refused() -> None:
    made = cursor.encode("time", [{"sort": [1, "a"]}], size=1)
    assert made
    with pytest.raises(Refusal, match="another order"):
        cursor.decode(made, "relevance", 2)
    with pytest.raises(Refusal, match="another order"):
        cursor.decode(made, "time", 3)


@given(st.text())
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        cursor.decode(text, "time", 2)


def test_a_cursor_cannot_carry_a_query() -> None:
    made = cursor.encode("time", [{"sort": [{"script": "x"}, "a"]}], size=1)
    assert made
    with pytest.raises(Refusal, match="no cursor of ours"):
        cursor.decode(made, "time", 2)
