import re

from hypothesis import given
from hypothesis import strategies as st

from services.enrich.quotes import any_of

WORDS = st.lists(st.sampled_from(["a dit", "a déclaré", "dit", "dis", "di", "d", "É", "éa", "said", "Said so", "s"]))


@given(WORDS.filter(bool), st.text("adisDÉéclrt so", max_size=30))
def test_words_by_first_letter_match_what_a_flat_pattern_does(words: list[str], text: str) -> None:
    flat = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    grouped = re.compile(any_of(words), re.IGNORECASE)
    assert [found.span() for found in grouped.finditer(text)] == [found.span() for found in flat.finditer(text)]
