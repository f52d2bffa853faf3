"""What an item is does not depend on the order or repetition of what its feeds said."""

from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Invalid
from schemas.messages import EnrichedItem
from services.index import indices, merge
from services.index.corrections import Correction, Story
from services.index.merge import Document
from tests.unit.services.index.enriched import FETCHED, enriched

NOW = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)


def merged(*messages: EnrichedItem) -> Document:
    document: Document | None = None
    for message in messages:
        document = merge.merge(document, message)
    assert document is not None
    return document


messages = st.builds(
    lambda feed, revision, title, length, minutes, serial, relevance: enriched(
        feed_id=feed,
        revision=revision,
        title=title,
        text="word " * length,
        fetched_at=FETCHED + timedelta(minutes=minutes),
        gazetteer_version=f"{serial}-0123456789ab",
        relevance=relevance,
        trace_id="0" * 32,
    ),
    feed=st.sampled_from(["a", "b", "c"]),
    revision=st.integers(1, 4),
    title=st.sampled_from(["One", "Two", "Three"]),
    length=st.sampled_from([0, 1, 3, 40, 41]),
    minutes=st.integers(0, 3),
    serial=st.integers(1, 12),
    relevance=st.sampled_from([0.1, 0.9]),
)


@given(st.lists(messages, min_size=1, max_size=7), st.randoms(use_true_random=False))
def test_order_and_repetition_of_messages_never_change_the_result(said: list[EnrichedItem], random) -> None:  # type: ignore[no-untyped-def]
    again = [*said, *random.choices(said, k=len(said))]
    random.shuffle(again)
    assert merged(*again) == merged(*said)
    assert merge.to_stored(merged(*again), NOW) == merge.to_stored(merged(*said), NOW)


def with_new_tags(item: EnrichedItem) -> EnrichedItem:
    """What the tagging makes of the archive's item: other tags, and nothing else that is known to be right."""
    return msgspec.structs.replace(
        item, gazetteer_version="99-0123456789ab", relevance=0.5, entities=[], countries=[], trace_id="f" * 32
    )


@given(st.lists(messages, min_size=1, max_size=5))
def test_retagging_replaces_tags_and_nothing_else_and_only_once(said: list[EnrichedItem]) -> None:
    before = msgspec.structs.replace(merged(*said), story_id="story")
    for source in before.sources.values():
        document = merge.retagged(before, with_new_tags(source))
        after = document.sources[source.feed_id]
        assert {name: getattr(after, name) for name in merge.TAGS} == {
            name: getattr(with_new_tags(source), name) for name in merge.TAGS
        }
        assert merge.retagged(document, with_new_tags(source)) == document
        untagged = {name: getattr(source, name) for name in merge.TAGS}
        restored = msgspec.structs.replace(after, **untagged)
        assert msgspec.structs.replace(document, sources=before.sources | {source.feed_id: restored}) == before


def test_retagging_leaves_what_changed_since_what_has_newer_tags_and_what_was_taken_down() -> None:
    item = enriched(gazetteer_version="3-0123456789ab")
    new = with_new_tags(item)
    for kept in (
        merged(item, enriched(title="A new title", revision=item.revision + 1)),
        merged(enriched(gazetteer_version="99-ba9876543210")),
        merged(enriched(feed_id="another")),
        msgspec.structs.replace(merged(item), takedown=True),
    ):
        assert merge.retagged(kept, new) == kept


def test_a_replayed_message_of_the_older_gazetteer_does_not_undo_retagging() -> None:
    item = enriched()
    document = merge.retagged(merged(item), with_new_tags(item))
    assert merge.merge(document, item) == document


@given(st.lists(messages, min_size=1, max_size=5))
def test_what_is_stored_is_read_back_as_it_was(said: list[EnrichedItem]) -> None:
    document = merged(*said)
    through_json = msgspec.json.decode(msgspec.json.encode(merge.to_stored(document, NOW)))
    assert merge.from_stored(through_json) == document


@given(st.lists(messages, min_size=1, max_size=5))
def test_the_last_word_of_each_feed_is_current_and_nothing_earlier_is(said: list[EnrichedItem]) -> None:
    document = merged(*said)
    for message in said:
        latest = max(one.revision for one in said if one.feed_id == message.feed_id)
        if message.revision < latest:
            assert not merge.is_current(document, message)
    for source in document.sources.values():
        assert merge.is_current(document, source)


def test_the_higher_revision_of_a_feed_is_kept() -> None:
    first, second = enriched(revision=1, title="Before"), enriched(revision=2, title="After")
    assert merged(second, first).sources == {"feed": second}


def test_the_newer_gazetteer_s_tags_of_the_same_content_are_kept() -> None:
    old = enriched(gazetteer_version="9-aaaaaaaaaaaa", missions=[])
    new = enriched(gazetteer_version="10-aaaaaaaaaaaa", missions=["gsf"])
    assert [merge.shown(merged(*order)).missions for order in permutations([old, new])] == [["gsf"], ["gsf"]]


def test_a_later_revision_with_an_older_gazetteer_is_kept() -> None:
    old = enriched(revision=1, gazetteer_version="10-aaaaaaaaaaaa")
    new = enriched(revision=2, title="Edited", gazetteer_version="9-aaaaaaaaaaaa")
    assert merge.shown(merged(new, old)).title == "Edited"


def test_the_longest_text_is_shown_and_small_differences_do_not_count() -> None:
    early = enriched(feed_id="early", text="x" * 600, fetched_at=FETCHED)
    longer = enriched(feed_id="longer", text="x" * 1_000, fetched_at=FETCHED + timedelta(minutes=1))
    longest = enriched(feed_id="longest", text="x" * 1_100, fetched_at=FETCHED + timedelta(minutes=2))
    assert merge.shown(merged(early, longer)).feed_id == "early"
    assert merge.shown(merged(early, longer, longest)).feed_id == "longest"


def test_a_feed_keeps_its_first_detection_when_it_sends_a_revision() -> None:
    first = enriched(feed_id="b", revision=1, title="Before", fetched_at=FETCHED)
    revised = enriched(feed_id="b", revision=2, title="After", fetched_at=FETCHED + timedelta(hours=2))
    other = enriched(feed_id="a", fetched_at=FETCHED + timedelta(hours=1))
    document = merged(first, revised, other)
    assert merge.shown(document) == revised
    assert merge.searchable(document)["fetched_at"] == FETCHED.isoformat()


def test_earlier_titles_stay_in_the_history() -> None:
    document = merged(enriched(revision=1, title="Before"), enriched(revision=2, title="After"))
    assert [title["title"] for title in merge.to_stored(document, NOW)["history"]] == ["After", "Before"]


def test_the_history_is_bounded() -> None:
    titles = [enriched(revision=n, title=f"T{n}", fetched_at=FETCHED + timedelta(minutes=n)) for n in range(1, 151)]
    forwards, backwards = merged(*titles), merged(*reversed(titles))
    assert forwards == backwards
    assert len(forwards.history) == merge.TITLES_KEPT


def test_a_takedown_wins_over_everything() -> None:
    gone = Document(item_id=enriched().item_id, sources={}, history=[], takedown=True)
    after = merge.merge(gone, enriched())
    assert after == gone
    assert not merge.is_current(after, enriched())
    assert merge.to_stored(after, NOW) == {"item_id": gone.item_id, "takedown": True, "indexed_at": NOW.isoformat()}
    assert merge.from_stored(merge.to_stored(after, NOW)) == gone


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (FETCHED - timedelta(days=3), FETCHED - timedelta(days=3)),
        (FETCHED + timedelta(minutes=59), FETCHED + timedelta(minutes=59)),
        (FETCHED + timedelta(hours=2), FETCHED),
        (datetime(1970, 1, 1, tzinfo=UTC), FETCHED),
        (datetime(2004, 6, 1, tzinfo=UTC), datetime(2004, 6, 1, tzinfo=UTC)),
        (None, FETCHED),
    ],
)
def test_event_at_is_a_publication_time_that_can_be_true_else_the_detection(
    published: datetime | None, expected: datetime
) -> None:
    assert merge.event_at(enriched(published_at=published), FETCHED) == expected


def test_tags_are_flat_keywords_beside_the_whole_ones() -> None:
    fields = merge.searchable(merged(enriched()))
    assert (fields["country"], fields["country_host"], fields["country_contributor"]) == (["HT", "KE"], ["HT"], ["KE"])
    assert fields["entity"] == ["organisation/haitian-national-police", "place/port-au-prince"]
    assert (fields["person"], fields["place"], fields["mission"]) == (["Made Up"], ["Port-au-Prince"], ["mss"])
    assert fields["countries"][1] == {"code": "KE", "role": "contributor", "mentions": 2}


def test_every_field_that_is_stored_is_in_the_mapping_and_the_other_way_round() -> None:
    gone = Document(item_id=enriched().item_id, sources={}, history=[], takedown=True, takedown_reason="an order")
    moved = Correction(id="1", at=NOW, author="anna", reason="another event", change=Story(story_id="b" * 32))
    changed = merge.corrected(merged(enriched()), moved)
    stored = merge.to_stored(changed, NOW).keys() | merge.to_stored(gone, NOW).keys()
    assert stored == indices.definition(indices.NEWS).mappings["properties"].keys()


def test_a_damaged_document_is_named() -> None:
    stored = merge.to_stored(merged(enriched()), NOW)
    stored["sources"][0]["revision"] = "soon"
    with pytest.raises(Invalid, match="revision"):
        merge.from_stored(stored)


def test_feeds_that_carry_an_item_are_all_named() -> None:
    document = reduce(merge.merge, [enriched(feed_id="b"), enriched(feed_id="a")], None)
    assert document is not None
    assert merge.searchable(document)["feeds"] == ["a", "b"]


def test_a_text_is_revised_when_its_feed_began_with_another() -> None:
    first = enriched(revision=1)
    second = enriched(revision=2, text="Another text.", fetched_at=FETCHED + timedelta(minutes=1))
    assert not merge.is_revised(merged(first))
    assert not merge.is_revised(merged(first, msgspec.structs.replace(first, revision=2)))
    assert merge.is_revised(merged(first, second))
    assert merge.is_revised(merged(second, first))
    assert not merge.is_revised(merged(first, enriched(feed_id="other", text=first.text * 4)))


def test_of_a_title_that_was_stored_without_the_hash_the_words_tell() -> None:
    first, second = enriched(revision=1), enriched(revision=2, text="Another text.")
    document = merged(first, second)
    old = [msgspec.structs.replace(title, content_hash="") for title in document.history]
    assert not merge.is_revised(msgspec.structs.replace(document, history=old))
    retitled = merged(first, enriched(revision=2, title="Another", fetched_at=FETCHED + timedelta(minutes=1)))
    old = [msgspec.structs.replace(title, content_hash="") for title in retitled.history]
    assert merge.is_revised(msgspec.structs.replace(retitled, history=old))
