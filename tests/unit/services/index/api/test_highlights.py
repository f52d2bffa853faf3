from hypothesis import given
from hypothesis import strategies as st

from services.index.api.highlights import END, START, parts, spans

WORDS = st.text(st.characters(exclude_characters=START + END))


@given(WORDS, st.lists(st.tuples(WORDS, WORDS)))
def test_every_second_part_is_a_match(before: str, matches: list[tuple[str, str]]) -> None:
    fragment = before + "".join(f"{START}{match}{END}{after}" for match, after in matches)
    assert parts(fragment) == [before, *(piece for pair in matches for piece in pair)]


def test_evidence_comes_in_the_order_of_the_text() -> None:
    made = [
        {"tag": tag, "field": field, "start": start, "end": start + 1, "surface": "x"}
        for tag, field, start in (("c", "text", 0), ("b", "title", 9), ("a", "title", 2))
    ]
    assert [one.tag for one in spans(made)] == ["a", "b", "c"]
