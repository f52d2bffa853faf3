from hypothesis import given
from hypothesis import strategies as st

from services.index.api.highlights import highlights, spans
from services.index.api.passages import END, MOST, START, joined, of, parts, passages, unmarked, whole

WORDS = st.text(st.characters(exclude_characters=START + END))
TEXT = st.lists(st.sampled_from(["gang", "police", "L’ONU", "a", "\n", "—"]), min_size=1, max_size=300).map(" ".join)


@given(WORDS, st.lists(st.tuples(WORDS.filter(bool), WORDS)))
def test_every_second_part_is_a_match(before: str, matches: list[tuple[str, str]]) -> None:
    text, found = unmarked(before + "".join(f"{START}{match}{END}{after}" for match, after in matches))
    assert text == before + "".join(match + after for match, after in matches)
    assert [text[start:end] for start, end in found] == [match for match, _ in matches]
    assert parts(text, whole(text, found)) == [before, *(piece for pair in matches for piece in pair)]


@given(TEXT, st.lists(st.tuples(st.integers(0, 2_000), st.integers(1, 12)), min_size=1, max_size=20))
def test_passages_are_pieces_of_the_text_around_matches(text: str, places: list[tuple[int, int]]) -> None:
    found = [(start, min(len(text), start + length)) for start, length in places if start < len(text)]
    made = passages(text, found)
    assert len(made) <= MOST
    assert bool(made) == bool(found)
    end = 0
    for one in made:
        assert end <= one.start <= one.spans[0][0]
        assert one.spans[-1][1] <= one.end
        assert "".join(parts(text, one)) == text[one.start : one.end]
        assert set(one.spans) <= set(joined(found))
        end = one.end


def test_passages_begin_and_end_between_words_and_have_the_most_different_matches() -> None:
    text = ("filling " * 60 + "gang gang " + "filling " * 60 + "gang police ") * 3
    found = [
        (at, at + len(word)) for word in ("gang", "police") for at in range(len(text)) if text.startswith(word, at)
    ]
    for one in passages(text, found):
        assert parts(text, one)[1::2] == ["gang", "police"]
        assert text[one.start - 1] == " "
        assert text[one.end - 1] == " "


def test_marks_of_one_text_from_several_fields_come_together() -> None:
    [(text, found)] = of([f"the {START}gangs{END} of a capital", f"the gangs of a {START}capital{END}"]).items()
    assert [text[start:end] for start, end in found] == ["gangs", "capital"]


def test_a_match_is_shown_where_it_stands() -> None:
    marked = {
        "title": [f"{START}Police{END} arrive"],
        "stems.en": [f"{START}Police{END} {START}arrive{END}", f"They {START}arrived{END} today."],
    }
    made = highlights({"_source": {"title": "Police arrive", "summary": "", "evidence": None}, "highlight": marked})
    assert made.matches == {"title": [["", "Police", " ", "arrive", ""]], "text": [["They ", "arrived", " today."]]}


def test_evidence_comes_in_the_order_of_the_text() -> None:
    made = [
        {"tag": tag, "field": field, "start": start, "end": start + 1, "surface": "x"}
        for tag, field, start in (("c", "text", 0), ("b", "title", 9), ("a", "title", 2))
    ]
    assert [one.tag for one in spans(made)] == ["a", "b", "c"]
