"""Searches and items at random, of one small world, so that they meet: every form of the query language occurs."""

from datetime import UTC, datetime
from random import Random
from typing import Any, get_args

from schemas.messages import Country, EnrichedItem, Entity, Event, Figure, FigureKind
from services.index.merge import ROLES
from services.index.query import Query, engine_query
from services.index.query_language import Misread
from services.index.searches import SavedSearch
from tests.unit.services.index.enriched import enriched

NOW = datetime(2026, 4, 1, tzinfo=UTC)
WORDS = {
    "en": "the deployment deployments deployed of police officers officer from Kenya's arrive arrives gang gangs 2793",
    "fr": "le déploiement déploiements deploiement de l’ONU policiers arrivée arrivees d'un gang Haïti mission",
    "es": "el despliegue despliegues misión misiones mision de la policía policias llegada operación Haití",
    "pt": "a missão missões operação operações operacoes da polícia policiais chegada Haiti desdobramento",
    "ht": "deplwaman lapolis k’ap rive an Ayiti gang nan Pòtoprens misyon",
    "sw": "polisi wa Kenya wawasili Haiti magenge ujumbe",
}
EVERY_WORD = [word for words in WORDS.values() for word in words.split()] + ["Port-au-Prince"]
COUNTRIES = ("KE", "JM", "HT", "BZ", "SV")
ENTITIES = {
    "person/a-b": ("person", "Anna Bell"),
    "organisation/hnp": ("organisation", "Haitian National Police"),
    "place/gressier": ("place", "Gressier"),
    "gang/g9": ("gang", "G9"),
}
EVENTS = ("arrival", "attack", "pledge")
VALUES = (1, 24, 100, 150.5, 2_500)
UNITS = ("personnel", "USD")
REFUSED = ("only excludes", "at most")


def item(chance: Random, number: int) -> EnrichedItem:
    """An item of random words in a language, with random tags."""
    language = chance.choice([*WORDS, "de"])

    def text(most: int) -> str:
        own = WORDS.get(language, WORDS["en"]).split()
        said = [chance.choice(own if chance.random() < 0.9 else EVERY_WORD) for _ in range(chance.randint(1, most))]
        return " ".join(word.upper() if chance.random() < 0.1 else word for word in said)

    return enriched(
        url=f"https://random.example/{number}",
        feed_id=f"feed-{chance.randrange(3)}",
        title=text(5),
        summary=text(6) if chance.random() < 0.5 else "",
        text=text(30),
        language=language,
        outlet_country=chance.choice([None, *COUNTRIES]),
        relevant=chance.random() < 0.9,
        missions=["mission/mss"] if chance.random() < 0.5 else [],
        countries=[Country(code=code, role=chance.choice(ROLES), mentions=1) for code in chance.sample(COUNTRIES, 2)],
        entities=[
            Entity(id=chance.choice([entity_id, None]), type=kind, name=name, mentions=1)  # type: ignore[arg-type]
            for entity_id, (kind, name) in ENTITIES.items()
            if chance.random() < 0.3
        ],
        figures=[_figure(chance) for _ in range(chance.randrange(3))],
        events=[
            Event(
                type=chance.choice(EVENTS),
                countries=chance.sample(COUNTRIES, chance.randrange(3)),
                entities=chance.sample(list(ENTITIES), chance.randrange(2)),
                when=chance.choice([None, "2026-03-01", "2026-02-31"]),
            )
            for _ in range(chance.randrange(3))
        ],
    )


def _figure(chance: Random) -> Figure:
    country = chance.choice([None, *COUNTRIES])
    kind, value, unit = chance.choice(get_args(FigureKind)[:4]), chance.choice(VALUES), chance.choice(UNITS)
    return Figure(kind=kind, value=value, unit=unit, country=country, approximate=False)


def saved_search(chance: Random, number: int) -> SavedSearch:
    """A saved search that is not refused."""
    while True:
        query = Query(
            text=_either(chance, 2) if chance.random() < 0.95 else "",
            countries=chance.sample(COUNTRIES, 2) if chance.random() < 0.3 else [],
            entities=chance.sample(list(ENTITIES), 2) if chance.random() < 0.2 else [],
            languages=chance.sample(list(WORDS), 2) if chance.random() < 0.2 else [],
            relevant_only=chance.random() < 0.7,
        )
        try:
            engine_query(query, standing=True)
        except Misread as refusal:
            if any(words in str(refusal) for words in REFUSED):
                continue
            raise
        name = f"random-{number:05}"
        return SavedSearch(search_id=name, name=name, query=query, endpoint_id=None, created_at=NOW, updated_at=NOW)


def _either(chance: Random, depth: int) -> str:
    parts = [_all(chance, depth) for _ in range(chance.choice([1, 1, 1, 2]))]
    return chance.choice([" OR ", " | "]).join(parts)


def _all(chance: Random, depth: int) -> str:
    parts = []
    for _ in range(chance.choice([1, 2, 2, 3])):
        excluded = chance.choice(["-", "NOT "]) if chance.random() < 0.15 else ""
        parts.append(excluded + _one(chance, depth))
    return chance.choice([" ", " AND "]).join(parts)


def _one(chance: Random, depth: int) -> str:
    if depth and chance.random() < 0.2:
        return f"({_either(chance, depth - 1)})"
    return chance.choice([_word, _word, _word, _phrase, _prefix, _field, _field, _figures, _events])(chance)


def _word(chance: Random) -> str:
    word = chance.choice(EVERY_WORD)
    return chance.choice([word, word, word.upper(), word.replace("é", "e").replace("í", "i")])


def _phrase(chance: Random) -> str:
    words = chance.choice(list(WORDS.values())).split()
    return f'"{" ".join(chance.choices(words, k=chance.choice([1, 2])))}"'


def _prefix(chance: Random) -> str:
    words = [word for word in EVERY_WORD if word[:3].isalpha() and len(word) > 3]
    return f"{chance.choice(words)[: chance.randint(3, 5)].rstrip('’-')}*"


def _values(chance: Random, values: Any) -> str:
    if chance.random() < 0.8:
        return str(chance.choice(values))
    joined = chance.choice([" OR ", " "]).join(map(str, chance.sample(values, 2)))
    return f"({joined})"


def _field(chance: Random) -> str:
    kind, name = ENTITIES[chance.choice(list(ENTITIES))]
    return chance.choice(
        [
            f"country:{_values(chance, COUNTRIES)}",
            f"{chance.choice(ROLES)}:{_values(chance, COUNTRIES)}",
            f"role:{_values(chance, ROLES)}",
            f"outlet:{_values(chance, COUNTRIES)}",
            f"entity:{_values(chance, list(ENTITIES))}",
            f'{kind}:"{name.upper()}"',
            "mission:mission/mss",
            f"event:{_values(chance, EVENTS)}",
            f"lang:{_values(chance, list(WORDS))}",
            f"feed:feed-{chance.randrange(3)}",
            f"relevant:{chance.choice(['yes', 'no'])}",
            f"title:{chance.choice([_word, _phrase, _prefix])(chance)}",
        ]
    )


def _figures(chance: Random) -> str:
    kinds = get_args(FigureKind)[:4]
    parts = [
        chance.choice(kinds),
        f"{chance.choice(['>', '>=', '<', '<=', '='])}{chance.choice(VALUES)}",
        f"country:{_values(chance, COUNTRIES)}",
        f"unit:{chance.choice(UNITS)}",
        f"role:{chance.choice(ROLES)}",
        f"{chance.choice(ROLES)}:{chance.choice(COUNTRIES)}",
        f"-{chance.choice(kinds)}",
    ]
    return f"figure:({' '.join(chance.sample(parts, chance.choice([1, 2, 2, 3])))})"


def _events(chance: Random) -> str:
    parts = [
        _values(chance, EVENTS),
        f"country:{_values(chance, COUNTRIES)}",
        f"entity:{chance.choice(list(ENTITIES))}",
        f"-country:{chance.choice(COUNTRIES)}",
    ]
    return f"event:({' '.join(chance.sample(parts, chance.choice([1, 2, 2, 3])))})"
