import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from services.enrich.folding import fold, fold_name


def test_names_are_found_whatever_stands_beside_them() -> None:
    for text in ("Kenya's", "(Kenya)", "Kenya-led", "l’Kenya", "KENYA"):
        assert b" kenya " in fold(text).data


def test_accents_fold_the_same_composed_or_not() -> None:
    for name in ("Haïti", "Pétion-Ville", "Pòtoprens", "São Tomé"):
        assert fold_name(name) == fold_name(unicodedata.normalize("NFD", name))


@given(st.text())
def test_every_folded_character_comes_from_its_place_in_the_text(text: str) -> None:
    folded = fold(text)
    assert folded.data[:1] == folded.data[-1:] == b" "
    for place in range(1, len(folded.data) - 1):
        start, end = folded.span(place, place + 1)
        assert 0 <= start < end <= len(text)
        whole = text[start:end]
        assert fold(whole).data.strip() == folded.data[place : place + 1].strip()


@given(st.text(alphabet="aé ï\u0301\u00ad'’–"))
def test_folding_a_part_gives_that_part_of_the_folded_whole(text: str) -> None:
    assert fold(f"x {text} x").data == b" x " + fold(text).data[1:-1] + b" x "
