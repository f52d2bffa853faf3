"""What happens, in readable words. Pure functions."""

from collections.abc import Sequence

from deploy.demo.receiver import Call
from schemas.messages import Alert, Country, EnrichedItem, FeedHealth, Figure, RawItem, Why

ROLES_FIRST = ("host", "lead", "contributor", "pledged", "withdrew", "mentioned")
SHOWN = 6


def seen(item: RawItem) -> str:
    return f"{item.feed_title}: {item.title}"


def tagged(item: EnrichedItem) -> str:
    """Relevance, countries with their roles, people and gangs, figures."""
    names = [entity.name for entity in item.entities if entity.type in ("person", "gang")]
    parts = (_countries(item.countries), _listed(names), _listed([figure(one) for one in item.figures]))
    return f"{item.relevance:.2f} {item.language}  " + " · ".join(part for part in parts if part)


def aside(item: EnrichedItem) -> str:
    return f"{item.relevance:.2f} {item.language}  not about the mission: {item.title}"


def found(alert: Alert, search: str, *, again: bool) -> str:
    """Which search found it, by which words and filters. An alert that was told before is not delivered again."""
    kind = "" if alert.kind == "match" else f" ({alert.kind})"
    why = _listed([shown for why in alert.why if (shown := _clause(why))], 4)
    told = ", whose webhook was sent for this story before" if again else ""
    return f"by “{search}”{kind}{told}" + (f": {why}" if why else "")


def _clause(why: Why) -> str:
    """A reason for an alert: the words that matched, a filter's value; nothing for a clause that always holds."""
    name, _, value = why.clause.partition(":")
    if name == "text":
        return f"“{why.surface}”" if why.surface else ""
    return value


def delivered(call: Call, search: str, took_ms: int | None, title: str) -> str:
    took = f"{took_ms:,} ms after it was seen" if took_ms is not None else "received"
    again = ", again (same webhook-id)" if call.repeated else ""
    return f"{took}, signature verified{again}: “{search}” {title}"


def polled(health: FeedHealth) -> str:
    """The first poll of a run. A feed of an earlier run has nothing new but what appeared since."""
    found = f"{health.new_items} items into the archive, nobody is alerted" if health.new_items else "nothing new"
    return f"{health.title or health.url}: {found}"


def failed(health: FeedHealth) -> str:
    return f"{health.title or health.url}: {health.outcome}{f', {health.error}' if health.error else ''}"


def figure(figure: Figure) -> str:
    """A figure in words, e.g. `200 arrived (KE)`, `USD 13,000,000 funding`."""
    number = f"{figure.value:,.0f}" if figure.value == int(figure.value) else f"{figure.value:,}"
    unit = f"{figure.unit} " if figure.unit.isupper() else ""
    about = "about " if figure.approximate else ""
    country = f" ({figure.country})" if figure.country else ""
    return f"{about}{unit}{number} {figure.kind}{country}"


def _countries(countries: Sequence[Country]) -> str:
    ranked = sorted(countries, key=lambda country: (ROLES_FIRST.index(country.role), -country.mentions, country.code))
    return _listed([f"{country.code} {country.role}" for country in ranked], 9)


def _listed(words: Sequence[str], shown: int = SHOWN) -> str:
    more = f" +{len(words) - shown}" if len(words) > shown else ""
    return ", ".join(words[:shown]) + more
