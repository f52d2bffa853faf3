import re

from hypothesis import given
from hypothesis import strategies as st

from services.enrich.quotes import QUOTED, any_of
from tests.unit.services.enrich.items import tag

WORDS = st.lists(st.sampled_from(["a dit", "a déclaré", "dit", "dis", "di", "d", "É", "éa", "said", "Said so", "s"]))


@given(WORDS.filter(bool), st.text("adisDÉéclrt so", max_size=30))
def test_words_by_first_letter_match_what_a_flat_pattern_does(words: list[str], text: str) -> None:
    flat = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    grouped = re.compile(any_of(words), re.IGNORECASE)
    assert [found.span() for found in grouped.finditer(text)] == [found.span() for found in flat.finditer(text)]


def test_a_line_between_dashes_is_a_quote_only_where_someone_says_it() -> None:
    lead = "The Multinational Security Support Mission in Haiti has 700 Kenyan police officers.\n"
    said = tag(f"{lead}— We are going to stay in this town, — said Godfrey Otunge.\n", language="en")
    assert [(quote.text, quote.speaker_id) for quote in said.quotes] == [
        ("We are going to stay in this town", "person/godfrey-otunge")
    ]
    listed = tag(f"{lead}— The police stations of the coast and their men\n— The ports of the south\n", language="en")
    assert listed.relevant
    assert listed.quotes == []


@given(st.text("“”\"«»„‘’'—– \n.,abé", max_size=120))
def test_quotation_marks_match_what_patterns_of_their_own_do(text: str) -> None:
    text = text.replace("a", "some words ")
    alone = re.compile(
        r"“([^“”]{12,1500})”|\"([^\"\n]{12,1500})\"|«\s?([^«»]{12,1500}?)\s?»|„([^„“]{12,1500})“"
        r"|(?<!\w)‘([^‘’\n]{12,600})’(?!\w)|(?<!\w)'([^'\n]{12,600})'(?!\w)"
        r"|(?<=\n)[—–] ?([^\n—–]{12,800}?)(?=,? ?[—–]|\n)"
    )
    assert [found.regs for found in QUOTED.finditer(text)] == [found.regs for found in alone.finditer(text)]
