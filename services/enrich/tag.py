"""The pure function of this service: RawItem -> EnrichedItem, with the evidence for every tag."""

from collections.abc import Iterable

import msgspec

from schemas.messages import Country, EnrichedItem, Entity, Evidence, RawItem, Role
from services.enrich import events, figures, mentions, quotes, relevance, roles
from services.enrich.cues import Cues
from services.enrich.document import Document, Span
from services.enrich.gazetteer import Gazetteer
from services.enrich.language import LanguageDetector
from services.enrich.mentions import Mentions
from services.enrich.numbers import Numbers
from services.enrich.persons import People, Person
from services.enrich.quotes import Speech


class Tagger:
    """Tags items with one gazetteer. threshold: relevance from which an item is relevant; default the gazetteer's."""

    def __init__(self, gazetteer: Gazetteer, threshold: float | None = None) -> None:
        self.gazetteer = gazetteer
        self.threshold = gazetteer.files.relevance.threshold if threshold is None else threshold
        self._languages = LanguageDetector(gazetteer)
        self._people = People(gazetteer)
        self._numbers = Numbers(gazetteer)
        self._speech = Speech(gazetteer)

    def prepare(self) -> None:
        """Load now what is else loaded for the first item that needs it."""
        self._languages.prepare()

    def tag(self, item: RawItem, notes: list[str] | None = None) -> EnrichedItem:
        """The item with its tags. Total over valid items; notes is filled with what did not count, and why.

        Names are looked for in every item. Roles, figures, events and quotes, which cost more, only in those that can
        be about a mission; in others every country is `mentioned`.
        """
        document = Document.of(item)
        language = self._languages.detect(document.text, document.folded.data, item.feed_language)
        named = mentions.find(document, self.gazetteer, language, notes)
        people = self._people.find(document, named, item.authors)
        evidence = [
            document.evidence(mention.tag, mention.start, mention.end)
            for mention in named.all
            if mention.sense.kind != "surname"
        ]
        evidence += [document.evidence(f"person:{person.name}", *span) for person in people for span in person.spans]

        tags: dict[str, object] = {"relevant": False, "relevance": 0.0, "figures": [], "events": [], "quotes": []}
        parts: dict[str, Role] = {}
        if relevance.can_matter(named):
            cues = Cues(document, self.gazetteer, language)
            reasons = relevance.features(document, named, cues, self.gazetteer)
            score = relevance.score(reasons, self.gazetteer)
            tags |= {"relevance": score, "relevant": score >= self.threshold}
            evidence += [
                document.evidence(f"relevance:{reason.name}", reason.start, reason.end)
                for reason in reasons
                if reason.end
            ]
            if tags["relevant"]:
                for code, (role, cue) in roles.roles(document, named, cues, self.gazetteer).items():
                    parts[code] = role
                    if cue:
                        evidence.append(document.evidence(f"role:{code}:{role}", cue.start, cue.end))
                tags |= self._details(document, named, people, cues, evidence)
        return EnrichedItem(
            **msgspec.structs.asdict(item),
            **tags,  # type: ignore[arg-type]
            language=language,
            missions=list(dict.fromkeys(mention.tag for mention in named.missions)),
            countries=_countries(named, parts),
            entities=_entities(named, people, self.gazetteer),
            evidence=evidence,
            gazetteer_version=self.gazetteer.version,
        )

    def _details(
        self, document: Document, named: Mentions, people: list[Person], cues: Cues, evidence: list[Evidence]
    ) -> dict[str, object]:
        """Figures, events and quotes, their evidence added to `evidence`."""
        stated = figures.figures(document, named, cues, self._numbers)
        reported = events.events(document, named, cues)
        said = quotes.quotes(document, named, people, self._speech)
        spans: Iterable[tuple[str, Span]] = [
            *((f"figure:{place}", span) for place, found in enumerate(stated) for span in found.spans),
            *((f"event:{place}", found.span) for place, found in enumerate(reported)),
            *((f"quote:{place}", found.span) for place, found in enumerate(said)),
        ]
        evidence += [document.evidence(tag, span.start, span.end) for tag, span in spans]
        return {
            "figures": [found.figure for found in stated],
            "events": [found.event for found in reported],
            "quotes": [found.quote for found in said],
        }


def _countries(named: Mentions, parts: dict[str, Role]) -> list[Country]:
    counted: dict[str, int] = {}
    for mention in named.countries:
        counted[mention.tag] = counted.get(mention.tag, 0) + 1
    return [
        Country(code=tag[8:], role=parts.get(tag[8:], "mentioned"), mentions=count) for tag, count in counted.items()
    ]


def _entities(named: Mentions, people: list[Person], gazetteer: Gazetteer) -> list[Entity]:
    counted: dict[str, int] = {}
    for mention in named.entities:
        counted[mention.tag] = counted.get(mention.tag, 0) + 1
    known = [
        Entity(id=tag, type=tag.split("/")[0], name=gazetteer.entries[tag].name, mentions=count)  # type: ignore[arg-type]
        for tag, count in counted.items()
    ]
    return known + [Entity(id=None, type="person", name=person.name, mentions=len(person.spans)) for person in people]
