import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.freshness import max_age_s

DATE = "Fri, 02 Jan 2026 12:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "public, max-age=300"}, 300),
        ({"cache-control": "Max-Age=300, must-revalidate", "age": "100"}, 200),
        ({"Cache-Control": "max-age=60", "Age": "90"}, 0),
        ({"Cache-Control": 'max-age="60"', "Age": "soon"}, 60),
        ({"Cache-Control": "s-maxage=9000"}, None),
        ({"Cache-Control": "max-age=300, no-cache"}, 0),
        ({"Cache-Control": "no-store"}, 0),
        ({"Cache-Control": "max-age=60", "Expires": "Fri, 02 Jan 2026 13:00:00 GMT", "Date": DATE}, 60),
        ({"Expires": "Fri, 02 Jan 2026 13:00:00 GMT", "Date": DATE}, 3600),
        ({"Expires": "Tue, 19 Jan 2038 03:14:07 GMT", "Date": DATE}, 380128447),
        ({"Expires": "Thu, 19 Nov 1981 08:52:00 GMT", "Date": DATE}, 0),
        ({"Expires": "-1", "Date": DATE}, 0),
        ({"Expires": "Fri, 02 Jan 2026 13:00:00 GMT"}, 0),
    ],
)
def test_what_a_response_asks(headers: dict[str, str], seconds: int | None) -> None:
    assert max_age_s(httpx.Headers(headers)) == seconds


@given(st.dictionaries(st.sampled_from(["Cache-Control", "Expires", "Date", "Age"]), st.text()))
def test_no_header_breaks_it(headers: dict[str, str]) -> None:
    asked = max_age_s(headers)
    assert asked is None or asked >= 0
