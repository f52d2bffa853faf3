"""The words of a document that decide something, by sentence."""

from services.enrich.cues import Cues
from services.enrich.document import Document
from services.enrich.gazetteer import load


def cues_of(text: str) -> Cues:
    return Cues(Document("Title", "", text), load(), "en")


def test_cues_are_placed_by_the_sentence_that_they_start_in() -> None:
    cues = cues_of("Police arrived. Nothing here. Soldiers and police left.")
    assert {number: len(found) for number, found in cues.by_sentence("force").items()} == {1: 1, 3: 2}
    assert cues.of(1, "force") == cues.by_sentence("force")[1]
    assert cues.of(2, "force") == []
    assert cues.by_sentence("no such tag") == {}


def test_cues_of_a_group_are_in_order_whatever_they_decide() -> None:
    places = [
        cue.start
        for found in cues_of("They pledged 200. Then 100 arrived.").starting("kind:").values()
        for cue in found
    ]
    assert places == sorted(places)
    assert len(places) >= 2
