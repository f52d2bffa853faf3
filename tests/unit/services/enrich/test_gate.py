"""The costly steps are left out only where they would find nothing: a closed gate never hides a relevant item."""

from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.messages import RawItem
from services.enrich import mentions, relevance
from services.enrich.cues import Cues
from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer, load
from services.enrich.gazetteer_files import HERE
from tests.gold.score import FILES
from tests.gold.score import raw_item as gold_item
from tests.unit.services.enrich.items import raw_item

GAZETTEERS: dict[str, Path | None] = {
    "the one that ships": None,
    "another mission's": HERE.parent / "examples" / "eufor-althea",
}
LANGUAGES = ("en", "fr", "es", "pt", "sw", "ht")


def is_hidden(item: RawItem, gazetteer: Gazetteer, language: str) -> bool:
    """Whether the gate is closed for an item that would be relevant without it."""
    document = Document.of(item)
    named = mentions.find(document, gazetteer, language)
    if relevance.can_matter(named):
        return False
    reasons = relevance.features(document, named, Cues(document, gazetteer, language), gazetteer)
    return relevance.score(reasons, gazetteer) >= gazetteer.files.relevance.threshold


@cache
def pieces(folder: Path | None) -> list[str]:
    """Every way to write a name or a deciding word, as the gazetteer has it."""
    gazetteer = load(folder)
    senses = [sense for words in (gazetteer.names, gazetteer.cues) for group in words.senses for sense in group]
    return sorted({sense.text.rstrip("*") for sense in senses})


@pytest.mark.parametrize("folder", GAZETTEERS.values(), ids=GAZETTEERS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_labelled_item_is_hidden(path: Path, folder: Path | None) -> None:
    gazetteer = load(folder)
    rows = yaml.safe_load(path.read_text())
    assert rows
    assert [row["id"] for row in rows if is_hidden(gold_item(row), gazetteer, row["language"])] == []


@pytest.mark.parametrize("folder", GAZETTEERS.values(), ids=GAZETTEERS)
@settings(deadline=None, max_examples=60)
@given(data=st.data(), language=st.sampled_from(LANGUAGES))
def test_no_item_made_of_the_gazetteers_words_is_hidden(
    folder: Path | None, data: st.DataObject, language: str
) -> None:
    words = st.lists(st.sampled_from(pieces(folder)), max_size=25).map(" ".join)
    text, title = data.draw(words), data.draw(words)
    assert not is_hidden(raw_item(text, title), load(folder), language)
