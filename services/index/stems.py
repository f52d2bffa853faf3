"""Words by their stems, in the item's own language: `deployments` finds deployment, `deploiement` finds déploiements.

An item has one field more, of its language; a word is looked for in the fields of every language, and in the folded
ones, which all items have. The analyzers are the engine's own (mappings/news.yaml). Swahili and Haitian Creole, for
which it has none, are folded only. docs/search.md, "How text is searched", says why it is done so.
"""

from typing import Final

from schemas.messages import EnrichedItem

LANGUAGES: Final = ("en", "es", "fr", "pt")
FIELDS: Final = tuple(f"stems.{language}" for language in LANGUAGES)


def stems(item: EnrichedItem) -> dict[str, list[str]]:
    """Return what the item's stems are made from, by language; nothing for a language without an analyzer."""
    parts = [part for part in (item.title, item.summary, item.text) if part]
    return {item.language: parts} if item.language in LANGUAGES and parts else {}
