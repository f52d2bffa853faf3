from hypothesis import given
from hypothesis import strategies as st

from schemas import identity

words = st.text()


@given(st.lists(words, max_size=4), st.lists(words, max_size=4))
def test_parts_are_never_confused(left: list[str], right: list[str]) -> None:
    assert (identity.digest(*left) == identity.digest(*right)) == (left == right)


def test_an_item_is_its_canonical_url_whichever_feed_has_it() -> None:
    assert identity.item_id("https://a.example/x", "feed-1", "1") == identity.item_id(
        "https://a.example/x", "feed-2", "9"
    )


def test_an_item_without_a_link_is_its_entry_in_its_feed() -> None:
    assert identity.item_id(None, "feed-1", "1") != identity.item_id(None, "feed-2", "1")


@given(words, words)
def test_space_and_composition_are_no_change_of_content(title: str, text: str) -> None:
    assert identity.content_hash(title, "", text, None) == identity.content_hash(f"  {title}\n", " ", f"{text}\t", "")


def test_composed_and_decomposed_accents_are_the_same_content() -> None:
    assert identity.content_hash("Haïti", "", "", None) == identity.content_hash("Hai\u0308ti", "", "", None)


def test_a_changed_link_is_a_change_of_content() -> None:
    assert identity.content_hash("t", "", "", "https://a.example/1") != identity.content_hash(
        "t", "", "", "https://a.example/2"
    )
