"""Numbers of people and money that the text states: value, unit, kind, whose they are."""

from bisect import bisect_left
from typing import NamedTuple

from schemas.messages import Figure, FigureKind
from services.enrich.cues import Cue, Cues
from services.enrich.document import Document, Span
from services.enrich.mentions import Mention, Mentions
from services.enrich.numbers import Numbers, Token, around_numbers, folded_word, tokens_of

_FEW = 100  # people of no certain kind are no figure below
_MANY = 50  # members below that sit on councils
_UNIT_REACH = 4  # words from a number to what it counts
_PEOPLE_KINDS = frozenset(("killed", "injured", "displaced", "other", "total"))
_SENDERS_KINDS = frozenset(("arrived", "deployed", "pledged"))
_PREFERRED: tuple[FigureKind, ...] = (
    "killed", "injured", "displaced", "arrived", "pledged", "authorised", "deployed", "total",
)  # fmt: skip


class Stated(NamedTuple):
    """A figure and where the text states it."""

    figure: Figure
    spans: list[Span]


def figures(document: Document, mentions: Mentions, cues: Cues, numbers: Numbers) -> list[Stated]:
    """The figures of a document in order of their first place; the same one stated again adds a span."""
    found: dict[tuple[str, float, str, str | None], Stated] = {}
    senders = [mention for mention in mentions.countries if mention.tag[8:] not in mentions.hosts]
    places = [mention.start for mention in senders]
    for number, span in enumerate(document.sentences):
        inside = senders[bisect_left(places, span.start) : bisect_left(places, span.end)]
        window = around_numbers(document, span, numbers)
        if window is None:
            continue
        tokens = tokens_of(document.text, window, numbers)
        if not any(token.value is not None for token in tokens):
            continue
        personnel_before = False
        for place, token in enumerate(tokens):
            if token.value is None:
                continue
            stated = _stated(
                place, tokens, number, document, mentions, inside, senders, cues, numbers, personnel_before
            )
            if stated is None:
                continue
            figure, at = stated
            personnel_before |= figure.unit == "personnel"
            key = (figure.kind, figure.value, figure.unit, figure.country)
            if key in found:
                found[key].spans.append(at)
            else:
                found[key] = Stated(figure, [at])
    return list(found.values())


def _stated(
    place: int,
    tokens: list[Token],
    number: int,
    document: Document,
    mentions: Mentions,
    inside: list[Mention],
    senders: list[Mention],
    cues: Cues,
    numbers: Numbers,
    personnel_before: bool,
) -> tuple[Figure, Span] | None:
    token = tokens[place]
    value = token.value or 0.0
    before = tokens[place - 1] if place else None
    if (
        before is not None
        and before.text in numbers.not_after
        and before.text not in numbers.approximate
        and not _is_currency(before, numbers)
    ):
        return None
    if value <= 0 or document.text[token.end : token.end + 1] == "%":
        return None
    money = _money(place, tokens, numbers)
    if money:
        currency, end = money
        figure = Figure(
            kind="funding",
            value=value,
            unit=currency,
            country=_nearest(token, inside, 12, document),
            approximate=_approximate(place, tokens, numbers),
        )
        return figure, Span(before.start if before is not None and before.kind == "symbol" else token.start, end)
    demonym = next((m for m in inside if m.sense.part == "demonym" and 0 < m.start - token.end <= 1), None)
    unit_at = _unit(place, tokens, numbers, document)
    if unit_at is None and demonym is not None and (personnel_before or cues.of(number, "force")):
        unit_at = "personnel", token.start, demonym.end
    if unit_at is None and personnel_before and (owner := _of(token.end, inside, document, numbers)) is not None:
        unit_at, demonym = ("personnel", token.start, owner.end), owner
    if unit_at is None:
        if not personnel_before or value < 10 or 1900 <= value <= 2100:
            return None
        close = [
            cue
            for cue in cues.starting(number, "kind:")
            if 0 <= cue.start - token.end <= 14 and cue.tag in ("kind:pledged", "kind:authorised")
        ]
        if not close:
            return None
        unit_at = "personnel", token.start, token.end
    unit, start, end = unit_at
    if unit == "people" and _about_a_force(document.text[start:end], number, cues, numbers):
        unit = "personnel"
    kind = _kind(tokens, place, unit, start, end, number, cues, document, numbers)
    if (kind == "other" and value < _FEW) or (kind == "displaced" and value < 10):
        return None
    whose = demonym or _of(end, inside, document, numbers)
    country = (
        whose.tag[8:]
        if whose is not None and unit == "personnel"
        else _country(token, kind, unit, number, document, mentions, inside, senders, numbers, tokens, place)
    )
    if kind == "total" and unit == "personnel" and country:
        kind = "deployed"
    return (
        Figure(kind=kind, value=value, unit=unit, country=country, approximate=_approximate(place, tokens, numbers)),
        Span(start, end),
    )


def _about_a_force(stated: str, number: int, cues: Cues, numbers: Numbers) -> bool:
    """Whether "5,550 people" are the force's: no victims in the sentence, but a force."""
    victims = any(cues.of(number, f"kind:{kind}") for kind in ("killed", "injured", "displaced"))
    generic = any(folded_word(word) in numbers.generic for word in stated.split())
    return generic and not victims and bool(cues.of(number, "force"))


def _of(end: int, inside: list[Mention], document: Document, numbers: Numbers) -> Mention | None:
    """The country that the counted noun belongs to, right after it."""
    for mention in inside:
        if mention.start >= end:
            words = document.words(end, mention.start)
            return (
                mention
                if 1 <= len(words) <= 3 and words[-1] in numbers.of and "," not in document.text[end : mention.start]
                else None
            )
    return None


def _is_currency(token: Token, numbers: Numbers) -> bool:
    return token.kind == "symbol" or token.text in numbers.currencies


def _money(place: int, tokens: list[Token], numbers: Numbers) -> tuple[str, int] | None:
    """(currency code, end) where a currency stands before or after the number."""
    token = tokens[place]
    if place and tokens[place - 1].end >= token.start - 1:
        before = tokens[place - 1]
        code = (
            numbers.symbols.get(before.text) or numbers.symbols.get(before.text.capitalize())
            if before.kind == "symbol"
            else None
        )
        code = code or (
            numbers.currencies.get(before.text)
            if before.kind == "word" and before.text in ("ksh", "sh", "usd", "eur", "cad", "kes", "gbp")
            else None
        )
        if code:
            return code, token.end
    for after in tokens[place + 1 : place + 5]:
        if after.kind in ("stop", "number"):
            break
        if after.kind == "symbol" or after.text in (
            "dollars",
            "dollar",
            "dolares",
            "dolar",
            "dolari",
            "dola",
            "euros",
            "euro",
            "shillings",
            "shilling",
            "shilingi",
        ):
            return numbers.symbols.get(after.text) or numbers.currencies[after.text], after.end
        if numbers.unit_of(after.text):
            break
    return None


def _unit(place: int, tokens: list[Token], numbers: Numbers, document: Document) -> tuple[str, int, int] | None:
    """(unit, start, end) of what the number counts: after it, else before it, else the body "of 200"."""
    token = tokens[place]
    year = token.value is not None and 1900 <= token.value <= 2100 and token.text.isdigit()
    for distance, after in enumerate(tokens[place + 1 : place + 1 + _UNIT_REACH]):
        if after.kind != "word" or after.value is not None or after.text in numbers.blockers:
            break
        if after.text in numbers.hyphened and document.text[after.start - 1] == "-":
            return "personnel", token.start, after.end
        unit = numbers.unit_of(after.text)
        if unit and not (year and distance) and not (after.text in numbers.many and (token.value or 0) < _MANY):
            return unit, token.start, after.end
    if year:
        return None
    words = [before for before in tokens[max(0, place - 3) : place] if before.kind == "word"]
    if len(words) >= 2 and words[-1].text in ("of", "de", "la", "cha") and words[-2].text in numbers.groups:
        return "personnel", words[-2].start, token.end
    if words and token.kind == "number" and document.text[words[-1].end : token.start] == " ":
        swahili = [word for word in words if numbers.units.get(word.text) and word.text in numbers.unit_first]
        if swahili:
            return numbers.units[swahili[-1].text], swahili[0].start, token.end
    return None


def _approximate(place: int, tokens: list[Token], numbers: Numbers) -> bool:
    if tokens[place].text in numbers.rounded:
        return True
    words = [token.text for token in tokens[max(0, place - 5) : place] if token.kind in ("word", "symbol", "number")]
    words = [word for word in words if word not in ("$", "US$", "C$", "€", "£")]
    near = {" ".join(words[-length:]) for length in (1, 2, 3)} | {
        " ".join(words[-length - 1 : -1]) for length in (1, 2) if len(words) > 1
    }
    return bool(near & numbers.approximate) or any(
        word in numbers.approximate and word in ("between", "entre") for word in words
    )


def _kind(
    tokens: list[Token],
    place: int,
    unit: str,
    start: int,
    end: int,
    number: int,
    cues: Cues,
    document: Document,
    numbers: Numbers,
) -> FigureKind:
    """The kind whose cue is nearest; a comma counts as five words, another number before the cue as eight."""
    best: tuple[float, int, FigureKind] | None = None
    best_cue = Cue(0, 0, "")
    for cue in cues.starting(number, "kind:"):
        kind: FigureKind = cue.tag[5:]  # type: ignore[assignment]
        if unit == "people" and kind not in _PEOPLE_KINDS:
            continue
        if unit == "personnel" and kind == "displaced":
            continue
        if start <= cue.start < end:
            distance = 0.0
        else:
            low, high = (cue.end, start) if cue.end <= start else (end, cue.start)
            between = document.text[low:high]
            distance = len(between.split()) + 5 * sum(between.count(sign) for sign in ",;:")
            if low == end:
                distance += sum(
                    1 if tokens[at - 1].text in numbers.joining else 8
                    for at, other in enumerate(tokens[place + 1 :], place + 1)
                    if other.value is not None and other.start < high
                )
        ranked = (distance, _PREFERRED.index(kind), kind)
        if distance <= 14 and (best is None or ranked < best):
            best, best_cue = ranked, cue
    if best and best[2] == "deployed" and _promised(best_cue, number, cues):
        return "pledged"
    if best:
        return best[2]
    return "total" if unit == "personnel" else "other"


def _promised(cue: Cue, number: int, cues: Cues) -> bool:
    """Whether the verb of sending hangs on a promise: "promised to send", "a proposé d'envoyer"."""
    return any(0 <= cue.start - promise.end <= 5 for promise in cues.of(number, "kind:pledged"))


def _country(
    token: Token,
    kind: FigureKind,
    unit: str,
    number: int,
    document: Document,
    mentions: Mentions,
    inside: list[Mention],
    senders: list[Mention],
    numbers: Numbers,
    tokens: list[Token],
    place: int,
) -> str | None:
    if unit == "people":
        sentence = document.sentences[number]
        named = {m.tag[8:] for m in mentions.countries if sentence.start <= m.start < sentence.end}
        if kind == "other" or len(mentions.hosts) != 1:
            return None
        return next(iter(mentions.hosts)) if not named or named & mentions.hosts else None
    reach = 6 if kind in ("authorised", "total") else 16
    found = _nearest(token, inside, reach, document)
    if found or kind not in _SENDERS_KINDS:
        return found
    if len({mention.tag for mention in inside}) == 1:
        return inside[0].tag[8:]
    if not inside and (leaders := _leaders(number, document, mentions, numbers)):
        return leaders[0]
    body = any(word.text in numbers.groups for word in tokens[max(0, place - 3) : place])
    if not body and kind != "arrived":
        return None
    earlier = [
        mention
        for mention in senders
        if mention.start < token.start and number - document.sentence_at(mention.start) <= 2
    ]
    return earlier[-1].tag[8:] if earlier else None


def _leaders(number: int, document: Document, mentions: Mentions, numbers: Numbers) -> list[str]:
    """The countries of the people whom a sentence names: "Ruto promised a thousand officers"."""
    span = document.sentences[number]
    named = [m.tag for m in mentions.entities if m.sense.kind == "person" and span.start <= m.start < span.end]
    countries = [numbers.entries[tag].country for tag in named]
    return [country for country in countries if country and country not in mentions.hosts]


def _nearest(token: Token, inside: list[Mention], reach: int, document: Document) -> str | None:
    """The country of the clause: right after the number ("400 Kenyan officers"), else the nearest before or after."""
    best: tuple[float, str] | None = None
    listed = False
    for mention in inside:
        if mention.start >= token.end:
            between = document.text[token.end : mention.start]
            distance = len(between.split()) * (1.0 if len(between.split()) <= 4 else 1.6)
        else:
            between = document.text[mention.end : token.start]
            distance = len(between.split()) * 1.1
        distance += 3 * sum(between.count(sign) for sign in ",;:")
        if distance <= reach and (best is None or distance < best[0]):
            best = (distance, mention.tag[8:])
            listed = mention.end <= token.start and any(
                other.tag != mention.tag and 0 <= mention.start - other.end <= 12 for other in inside
            )
    return best[1] if best and not listed else None
