"""What a person corrected stays so, whatever the feeds and the tagger say, in whatever order it comes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Invalid
from schemas.messages import Country, EnrichedItem, Entity, Event, Evidence, Figure
from services.index import corrections, merge
from services.index.corrections import (
    Change,
    Correction,
    CountryTag,
    EntityTag,
    EventTag,
    FigureTag,
    MissionTag,
    Relevance,
    Story,
    Withdrawal,
)
from services.index.merge import Document
from tests.unit.services.index.enriched import enriched
from tests.unit.services.index.test_merge import messages, with_new_tags

NOW = datetime(2026, 3, 2, tzinfo=UTC)
OTHER_STORY = "0" * 32


def correction(change: Change, name: str = "a", minutes: int = 0) -> Correction:
    return Correction(id=name, at=NOW + timedelta(minutes=minutes), author="anna", reason="read it", change=change)


def corrected(item: EnrichedItem, *changes: Change) -> EnrichedItem:
    return corrections.applied(item, [correction(one, str(n), n) for n, one in enumerate(changes)])


changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(Relevance, relevant=st.booleans()),
    st.builds(Story, story_id=st.sampled_from([None, OTHER_STORY])),
    st.builds(CountryTag, code=st.sampled_from(["KE", "JM"]), role=st.sampled_from([None, "lead", "mentioned"])),
    st.builds(
        EntityTag,
        id=st.sampled_from([None, "place/port-au-prince"]),
        type=st.just("place"),
        name=st.sampled_from(["Port-au-Prince", "Elsewhere"]),
        remove=st.booleans(),
    ),
    st.builds(MissionTag, id=st.sampled_from(["mss", "gsf"]), remove=st.booleans()),
    st.builds(EventTag, type=st.sampled_from(["arrival", "vote"]), remove=st.booleans()),
    st.builds(
        FigureTag,
        kind=st.just("arrived"),
        value=st.sampled_from([200.0, 144.0]),
        unit=st.just("personnel"),
        country=st.just("KE"),
        approximate=st.booleans(),
        remove=st.booleans(),
    ),
    st.builds(Withdrawal, of=st.sampled_from(["a", "b", "c"])),
)
made = st.builds(
    lambda change, name, minutes: correction(change, name, minutes),
    changes,
    st.sampled_from(["a", "b", "c", "d", "e"]),
    st.integers(0, 3),
)


def document(said: list[EnrichedItem | Correction]) -> Document:
    """The document after these; the first is a message, for there is nothing to correct before it."""
    first = said[0]
    assert isinstance(first, EnrichedItem)
    found = merge.merge(None, first)
    for one in said[1:]:
        found = merge.merge(found, one) if isinstance(one, EnrichedItem) else merge.corrected(found, one)
    return found


@given(st.lists(messages, min_size=1, max_size=4), st.lists(made, max_size=6), st.randoms(use_true_random=False))
def test_order_and_repetition_of_messages_and_corrections_never_change_the_result(
    said: list[EnrichedItem], changed: list[Correction], random: Any
) -> None:
    again = [*said, *changed, *random.choices([*said, *changed], k=len(said))]
    random.shuffle(again)
    first = next(number for number, one in enumerate(again) if isinstance(one, EnrichedItem))
    again = [again.pop(first), *again]
    expected = document([*said, *changed])
    assert document(again) == expected
    assert merge.to_stored(document(again), NOW) == merge.to_stored(expected, NOW)


@given(st.lists(messages, min_size=1, max_size=3), st.lists(made, max_size=5))
def test_what_is_stored_is_read_back_as_it_was(said: list[EnrichedItem], changed: list[Correction]) -> None:
    for story_id in (None, "story"):
        found = msgspec.structs.replace(document([*said, *changed]), story_id=story_id)
        through_json = msgspec.json.decode(msgspec.json.encode(merge.to_stored(found, NOW)))
        assert merge.from_stored(through_json) == found


@given(messages, st.lists(made, min_size=1, max_size=6), messages)
def test_no_message_and_no_re_tagging_undoes_what_counts(
    first: EnrichedItem, changed: list[Correction], later: EnrichedItem
) -> None:
    """Each change that counts holds on the item: it is as if it had been made of what the feeds say now."""
    found = document([first, *changed, later])
    for source in list(found.sources.values()):
        found = merge.retagged(found, with_new_tags(source))
    shown = merge.shown(found)
    for one in corrections.active(found.corrections):
        match one.change:
            case Relevance(relevant=relevant):
                assert shown.relevant is relevant
            case CountryTag(code=code, role=role):
                assert [each.role for each in shown.countries if each.code == code] == ([role] if role else [])
            case EntityTag() | MissionTag() | EventTag() | FigureTag() as change:
                assert corrections.has(shown, change) is not change.remove
            case Story(story_id=story_id):
                assert merge.story_of(found) == (story_id or merge.story_of(found))
                assert merge.story_of(found) is not None


@given(messages, st.lists(made, max_size=6))
def test_corrections_made_again_change_nothing(item: EnrichedItem, changed: list[Correction]) -> None:
    once = corrections.applied(item, changed)
    assert corrections.applied(once, changed) == once


def test_without_corrections_an_item_is_as_the_tagger_has_it() -> None:
    item = enriched()
    assert corrections.applied(item, []) is item
    fields = merge.to_stored(document([item]), NOW)
    assert fields["corrected"] is False
    assert not {"corrections", "story_assigned"} & fields.keys()


def test_the_last_about_a_subject_counts_and_those_about_others_too() -> None:
    lead, none = CountryTag(code="KE", role="lead"), CountryTag(code="KE", role=None)
    jamaica = CountryTag(code="JM", role="pledged")
    said = [correction(none, "a", 2), correction(lead, "b", 1), correction(jamaica, "c", 0)]
    assert [one.change for one in corrections.active(said)] == [jamaica, none]


def test_of_two_at_the_same_time_the_higher_id_counts() -> None:
    said = [correction(Relevance(relevant=True), "b"), correction(Relevance(relevant=False), "a")]
    assert [one.change for one in corrections.active(said)] == [Relevance(relevant=True)]


def test_a_withdrawn_one_does_not_count_and_the_one_before_it_does_again() -> None:
    said = [
        correction(Relevance(relevant=False), "a", 1),
        correction(Relevance(relevant=True), "b", 2),
        correction(Withdrawal(of="b"), "c", 3),
    ]
    assert [one.id for one in corrections.active(said)] == ["a"]
    said.append(correction(Withdrawal(of="a"), "d", 4))
    assert corrections.active(said) == []
    assert merge.searchable(document([enriched(), *said]))["corrected"] is False


def test_an_id_that_stands_for_two_is_the_earlier_one() -> None:
    early, late = correction(Relevance(relevant=True), "a", 1), correction(Relevance(relevant=False), "a", 2)
    assert corrections.joined([late], [early]) == corrections.joined([early], [late]) == [early]


def test_a_country_gets_another_role_in_its_place_and_keeps_its_mentions() -> None:
    evidence = [
        Evidence(tag=tag, field="title", start=0, end=6, surface="Kenyan")
        for tag in ("country:KE", "role:KE:contributor", "role:HT:host")
    ]
    item = corrected(enriched(evidence=evidence), CountryTag(code="KE", role="lead"))
    assert item.countries[1] == Country(code="KE", role="lead", mentions=2)
    assert [one.tag for one in item.evidence] == ["country:KE", "role:HT:host"]


def test_a_country_that_is_removed_takes_its_evidence_along() -> None:
    item = corrected(enriched(), CountryTag(code="KE", role=None))
    assert ([one.code for one in item.countries], item.evidence) == (["HT"], [])


def test_a_country_that_is_added_is_searchable_by_its_role() -> None:
    fields = merge.searchable(document([enriched(), correction(CountryTag(code="JM", role="pledged"))]))
    assert (fields["country_pledged"], fields["country"], fields["corrected"]) == (["JM"], ["HT", "JM", "KE"], True)


def test_a_name_that_the_gazetteer_lacks_is_removed_by_its_name_whatever_the_case() -> None:
    evidence = [Evidence(tag="person:Made Up", field="title", start=0, end=6, surface="Made Up")]
    item = enriched(evidence=evidence)
    after = corrected(item, EntityTag(id=None, type="person", name="made up", remove=True))
    assert after.entities == item.entities[:2]
    assert after.evidence == []


def test_an_entity_is_added_once() -> None:
    added = EntityTag(id="person/somebody", type="person", name="Somebody")
    item = corrected(enriched(entities=[]), added)
    assert item.entities == [Entity(id="person/somebody", type="person", name="Somebody", mentions=0)]


def test_relevance_is_certain_where_a_person_decides() -> None:
    item = corrected(enriched(relevant=False, relevance=0.2), Relevance(relevant=True))
    assert (item.relevant, item.relevance) == (True, 1.0)
    item = corrected(item, Relevance(relevant=False))
    assert (item.relevant, item.relevance) == (False, 0.0)


def figure(value: float) -> Figure:
    return Figure(kind="arrived", value=value, unit="personnel", country="KE", approximate=False)


def test_evidence_goes_on_naming_the_right_figure_when_one_is_removed() -> None:
    evidence = [
        Evidence(tag=f"figure:{n}", field="text", start=n, end=n + 1, surface=str(value))
        for n, value in enumerate((1, 2, 3))
    ]
    item = enriched(figures=[figure(1), figure(2), figure(3)], evidence=evidence)
    gone = FigureTag(kind="arrived", value=2, unit="personnel", country="KE", remove=True)
    after = corrected(item, gone)
    assert after.figures == [figure(1), figure(3)]
    assert [(one.tag, one.surface) for one in after.evidence] == [("figure:0", "1"), ("figure:1", "3")]


def test_events_are_added_once_and_removed_by_type() -> None:
    arrival = enriched().events[0]
    assert corrected(enriched(), EventTag(type="arrival")).events == [arrival]
    assert corrected(enriched(), EventTag(type="arrival", remove=True)).events == []
    vote = Event(type="vote", countries=[], entities=[], when=None)
    assert corrected(enriched(), EventTag(type="vote")).events == [arrival, vote]


def test_missions_are_added_once_and_removed() -> None:
    assert corrected(enriched(), MissionTag(id="gsf"), MissionTag(id="mss")).missions == ["mss", "gsf"]
    assert corrected(enriched(), MissionTag(id="mss", remove=True)).missions == []


def test_an_item_is_moved_to_a_story_out_of_it_and_back() -> None:
    found = msgspec.structs.replace(document([enriched()]), story_id="of its words")
    moved = merge.corrected(found, correction(Story(story_id=OTHER_STORY), "a"))
    assert merge.story_of(moved) == OTHER_STORY
    apart = merge.corrected(found, correction(Story(story_id=None), "a"))
    assert merge.story_of(apart) not in (None, "of its words", OTHER_STORY)
    back = merge.corrected(moved, correction(Withdrawal(of="a"), "b", 1))
    assert merge.story_of(back) == "of its words"
    assert merge.to_stored(moved, NOW)["story_assigned"] == "of its words"


def test_a_takedown_wins_over_corrections() -> None:
    gone = Document(item_id=enriched().item_id, sources={}, history=[], takedown=True)
    assert merge.corrected(gone, correction(Relevance(relevant=True))) == gone


@pytest.mark.parametrize("stored", [[{"id": "a"}], "what", [{"id": "a", "change": {"tag": "colour"}}]])
def test_damaged_corrections_are_named(stored: Any) -> None:
    fields = merge.to_stored(document([enriched()]), NOW) | {"corrections": stored}
    with pytest.raises(Invalid, match="corrections"):
        merge.from_stored(fields)
