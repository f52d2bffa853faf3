"""Near-duplicates are recognised, and the steps towards one story are the safe ones."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.index import stories
from services.index.stories import Band, Confirm, Redirect, Signature, Story
from tests.unit.services.index.enriched import FETCHED, TEXT, enriched


def signed(text: str, title: str = "") -> Signature:
    signature = stories.signature(enriched(title=title, summary="", text=text))
    assert signature
    return signature


def story(story_id: str, state: str = "provisional", minutes: int = 0, to: str | None = None) -> Story:
    return Story(
        story_id=story_id,
        state=state,  # type: ignore[arg-type]
        first_at=FETCHED + timedelta(minutes=minutes),
        signature=stories.pack(signed(TEXT)),
        redirect_to=to,
    )


def test_agency_copy_with_another_title_and_a_correction_is_one_story() -> None:
    long = " ".join(f"{TEXT} Paragraph {n} adds a detail of its own about day {n}." for n in range(5))
    copy = long.replace("on Sunday", "on Monday", 1)
    assert stories.similarity(signed(long, "Kenya sends more"), signed(copy, "More officers land")) >= stories.SIMILAR


def test_another_article_about_the_same_matter_is_another_story() -> None:
    other = "A contingent of police from Nairobi landed in the Haitian capital and will go on patrol with local forces."
    assert stories.similarity(signed(TEXT), signed(other)) < 0.2


def test_the_estimate_is_near_the_true_similarity() -> None:
    one = {f"{n} {n + 1}" for n in range(400)}
    other = {f"{n} {n + 1}" for n in range(100, 500)}
    true = len(one & other) / len(one | other)
    texts = [" . ".join(f"w{n}" for n in range(start, start + 400)) for start in (0, 100)]
    assert stories.similarity(signed(texts[0]), signed(texts[1])) == pytest.approx(true, abs=0.12)


def test_accents_and_case_do_not_matter() -> None:
    assert signed("La Force de Répression des gangs est là") == signed("la force de repression des GANGS est la")


def test_an_item_without_words_has_no_signature() -> None:
    assert stories.signature(enriched(title="", summary="…", text="")) is None


def test_short_texts_are_alike_only_when_they_are_the_same() -> None:
    assert signed("Gang leader held") == signed("gang leader HELD")
    assert stories.similarity(signed("Gang leader held"), signed("Gang leader free")) == 0


@given(st.lists(st.integers(0, 2**32 - 1), min_size=128, max_size=128).map(tuple))
def test_a_signature_survives_storing(signature: Signature) -> None:
    assert stories.unpack(stories.pack(signature)) == signature
    assert len(set(stories.band_ids(signature))) == stories.BANDS


def test_a_band_is_of_use_for_14_days() -> None:
    band = Band(story_id="a", first_at=FETCHED)
    assert stories.within_window(band, FETCHED + timedelta(days=14))
    assert not stories.within_window(band, FETCHED + timedelta(days=14, seconds=1))
    assert stories.expired(band, FETCHED + timedelta(days=14, seconds=1))
    assert not stories.expired(band, FETCHED - timedelta(days=30)), "an older item leaves a newer story its bands"


def test_redirects_are_followed_to_the_end() -> None:
    known = {"a": story("a", "redirected", to="b"), "b": story("b", "redirected", to="c"), "c": story("c")}
    assert stories.resolve("a", known) == known["c"]
    assert stories.resolve("d", known) is None


def test_a_bridging_item_joins_the_older_of_two_confirmed_stories() -> None:
    assert stories.join([story("a", "confirmed", 5), story("b", "confirmed", 1), story("c", minutes=0)]) == story(
        "b", "confirmed", 1
    )
    assert stories.join([story("c")]) is None


def test_owners_of_bands_that_are_not_similar_are_no_rivals() -> None:
    stranger = Story(
        story_id="s", state="confirmed", first_at=FETCHED, signature=stories.pack(signed("Of something else entirely"))
    )
    known = {"s": stranger, "a": story("a", "redirected", to="b"), "b": story("b", "confirmed")}
    assert stories.rivals_of(signed(TEXT), ["s", "a", "a", "missing"], known) == [known["b"]]


@pytest.mark.parametrize(
    ("rivals", "steps"),
    [
        ([], [Confirm("m")]),
        ([story("m")], [Confirm("m")]),
        ([story("z")], [Redirect("z", "m")]),
        ([story("a")], [Redirect("m", "a")]),
        ([story("z"), story("y")], [Redirect("z", "m"), Redirect("y", "m")]),
        ([story("a"), story("z")], [Redirect("m", "a")]),
        ([story("z", "confirmed")], [Redirect("m", "z")]),
        ([story("a"), story("z", "confirmed")], [Redirect("m", "z")]),
    ],
    ids=["alone", "itself", "a higher one", "a lower one", "two higher", "both", "confirmed", "confirmed beats lower"],
)
def test_a_provisional_story_takes_the_next_step(rivals: list[Story], steps: list[Confirm | Redirect]) -> None:
    assert stories.settle(story("m"), rivals) == steps
