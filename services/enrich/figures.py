"""Numbers of people and money that the text states: value, unit, kind, whose they are."""

import re
from bisect import bisect_left
from typing import NamedTuple

from schemas.messages import Figure, FigureKind
from services.enrich.cues import Cue, Cues
from services.enrich.document import Document, Span
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mention, Mentions

_TOKEN = re.compile(
    r"(?P<number>(?<![\w.,])\d{1,3}(?:[.,\u00a0\u202f '’]\d{3})+(?![\d])|(?<![\w.,])\d+(?:[.,]\d{1,2})?(?!\d))"
    r"|(?P<word>[^\W\d_][\w'’]*)|(?P<symbol>US\$|CA\$|C\$|R\$|[$€£])|(?P<stop>[.,;:()!?\"“”«»])"
)
_FEW = 100  # people of no certain kind are no figure below
_MANY = 50  # members below that sit on councils
_UNIT_REACH = 4  # words from a number to what it counts
_PEOPLE_KINDS = frozenset(("killed", "injured", "displaced", "other", "total"))
_SENDERS_KINDS = frozenset(("arrived", "deployed", "pledged"))
_PREFERRED: tuple[FigureKind, ...] = (
    "killed", "injured", "displaced", "arrived", "pledged", "authorised", "deployed", "total",
)  # fmt: skip


class _Token(NamedTuple):
    text: str
    start: int
    end: int
    value: float | None
    kind: str


class Stated(NamedTuple):
    """A figure and where the text states it."""

    figure: Figure
    spans: list[Span]


class Numbers:
    """The vocabulary of figures.yaml, folded once."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        data = gazetteer.files.figures
        self.numbers = {_folded(word): value for word, value in data.numbers.items()}
        self.multipliers = {_folded(word): value for word, value in data.multipliers.items()}
        self.units: dict[str, str] = {}
        self.prefixes: list[tuple[str, str]] = []
        for unit, names in data.units.items():
            for words in names.values():
                for word in words:
                    if word.endswith("*"):
                        self.prefixes.append((_folded(word[:-1]), unit))
                    else:
                        self.units.setdefault(_folded(word), unit)
        self.currencies = {_folded(written) or written: code for code, names in data.currencies.items() for written in names}
        self.symbols = {written: code for code, names in data.currencies.items() for written in names}
        self.not_after = frozenset(map(_folded, data.not_after))
        self.blockers = frozenset(map(_folded, data.blockers))
        self.alone = frozenset(map(_folded, data.alone))
        self.hyphened = frozenset(map(_folded, data.hyphened))
        self.generic = frozenset(map(_folded, data.generic))
        self.many = frozenset(map(_folded, data.many))
        self.rounded = frozenset(map(_folded, data.rounded))
        self.groups = frozenset(_folded(word) for words in data.groups.values() for word in words)
        self.approximate = frozenset(_folded(word) for words in data.approximate.values() for word in words)

    def unit_of(self, word: str) -> str | None:
        """The unit that a folded word stands for."""
        found = self.units.get(word)
        if found is None:
            found = next((unit for prefix, unit in self.prefixes if word.startswith(prefix) and len(word) <= len(prefix) + 4), None)
        return found


def _folded(word: str) -> str:
    return fold_name(word).decode("ascii")


def figures(document: Document, mentions: Mentions, cues: Cues, numbers: Numbers) -> list[Stated]:
    """The figures of a document in order of their first place; the same one stated again adds a span."""
    found: dict[tuple[str, float, str, str | None], Stated] = {}
    senders = [mention for mention in mentions.countries if mention.tag[8:] not in mentions.hosts]
    places = [mention.start for mention in senders]
    for number, span in enumerate(document.sentences):
        inside = senders[bisect_left(places, span.start) : bisect_left(places, span.end)]
        tokens = _tokens(document.text, span, numbers)
        if not any(token.value is not None for token in tokens):
            continue
        personnel_before = False
        for place, token in enumerate(tokens):
            if token.value is None:
                continue
            stated = _stated(place, tokens, number, document, mentions, inside, senders, cues, numbers, personnel_before)
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


def _tokens(text: str, span: Span, numbers: Numbers) -> list[_Token]:
    """The words and numbers of a sentence; a number and its multipliers are one token."""
    tokens: list[_Token] = []
    for match in _TOKEN.finditer(text, span.start, span.end):
        kind, written = match.lastgroup or "", match.group()
        value: float | None = None
        folded = written
        multiplier: float | None = None
        if kind == "number":
            value = _value(written)
        elif kind == "word":
            folded = _folded(written)
            multiplier = numbers.multipliers.get(folded)
            before = tokens[-1] if tokens else None
            if multiplier is not None and before is not None and before.value is not None and match.start() - before.end <= 1:
                tokens[-1] = before._replace(end=match.end(), value=before.value * multiplier)
                continue
            value = numbers.numbers.get(folded)
            if value is None and folded in numbers.alone:
                value = multiplier
        before = tokens[-1] if tokens else None
        if kind == "number" and before is not None and before.kind == "word" and before.text in _BEFORE_NUMBER:
            tokens[-1] = _Token(before.text, before.start, match.end(), (value or 0) * numbers.multipliers[before.text], "number")
            continue
        if value is None and multiplier is not None and before is not None and before.text in _ONE:
            value = multiplier
        tokens.append(_Token(folded, match.start(), match.end(), value, kind))
    return _summed(tokens)


_ONE = frozenset(("a", "one", "un", "une", "um", "uma", "yon"))


def _summed(tokens: list[_Token]) -> list[_Token]:
    """Number words side by side are one number: "twenty-four", "un millón cuatrocientos mil"."""
    summed: list[_Token] = []
    for token in tokens:
        last = summed[-1] if summed else None
        words = last is not None and last.kind == token.kind == "word" or last is not None and last.kind == "sum"
        if words and last is not None and last.value and token.value and token.start - last.end <= 1 and token.value < last.value and last.value >= 20:
            summed[-1] = _Token(last.text, last.start, token.end, last.value + token.value, "sum")
        else:
            summed.append(token)
    return summed


_BEFORE_NUMBER = frozenset(("milioni", "bilioni", "elfu"))  # Swahili has the multiplier first: "milioni 1.3"


def _value(written: str) -> float:
    """The number: groups of three digits are thousands, whatever parts them; else point or comma is the decimal sign."""
    if re.fullmatch(r"\d{1,3}(?:\D\d{3})+", written) and not written.startswith("0"):
        return float(re.sub(r"\D", "", written))
    return float(written.replace(",", "."))


def _stated(
    place: int,
    tokens: list[_Token],
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
    if before is not None and before.text in numbers.not_after and before.text not in numbers.approximate and not _is_currency(before, numbers):
        return None
    if value <= 0 or document.text[token.end : token.end + 1] == "%":
        return None
    money = _money(place, tokens, numbers)
    if money:
        currency, end = money
        figure = Figure(kind="funding", value=value, unit=currency, country=_nearest(token, inside, 12, document), approximate=_approximate(place, tokens, numbers))
        return figure, Span(before.start if before is not None and before.kind == "symbol" else token.start, end)
    demonym = next((m for m in inside if m.sense.part == "demonym" and 0 < m.start - token.end <= 1), None)
    unit_at = _unit(place, tokens, numbers, document)
    if unit_at is None and demonym is not None and (personnel_before or cues.of(number, "force")):
        unit_at = "personnel", token.start, demonym.end
    if unit_at is None:
        if not personnel_before or value < 10 or 1900 <= value <= 2100:
            return None
        close = [cue for cue in cues.starting(number, "kind:") if 0 <= cue.start - token.end <= 14 and cue.tag in ("kind:pledged", "kind:authorised")]
        if not close:
            return None
        unit_at = "personnel", token.start, token.end
    unit, start, end = unit_at
    if unit == "people" and _about_a_force(document.text[start:end], number, cues, numbers):
        unit = "personnel"
    kind = _kind(tokens, place, unit, start, end, number, cues, document)
    if kind == "other" and value < _FEW or kind == "displaced" and value < 10:
        return None
    whose = demonym or _of(end, inside, document)
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
    generic = any(_folded(word) in numbers.generic for word in stated.split())
    return generic and not victims and bool(cues.of(number, "force"))


# The last word between what is counted and its country: "150 policías militares de Guatemala".
_OF = frozenset(("de", "del", "du", "des", "d", "from", "of", "the", "da", "do", "dos", "kutoka", "wa", "ya", "la", "les", "las", "los", "el"))


def _of(end: int, inside: list[Mention], document: Document) -> Mention | None:
    """The country that the counted noun belongs to, right after it."""
    for mention in inside:
        if mention.start >= end:
            words = document.words(end, mention.start)
            return mention if 1 <= len(words) <= 3 and words[-1] in _OF and "," not in document.text[end : mention.start] else None
    return None


def _is_currency(token: _Token, numbers: Numbers) -> bool:
    return token.kind == "symbol" or token.text in numbers.currencies


def _money(place: int, tokens: list[_Token], numbers: Numbers) -> tuple[str, int] | None:
    """(currency code, end) where a currency stands before or after the number."""
    token = tokens[place]
    if place and tokens[place - 1].end >= token.start - 1:
        before = tokens[place - 1]
        code = numbers.symbols.get(before.text) or numbers.symbols.get(before.text.capitalize()) if before.kind == "symbol" else None
        code = code or (numbers.currencies.get(before.text) if before.kind == "word" and before.text in ("ksh", "sh", "usd", "eur", "cad", "kes", "gbp") else None)
        if code:
            return code, token.end
    for after in tokens[place + 1 : place + 5]:
        if after.kind in ("stop", "number"):
            break
        if after.kind == "symbol" or after.text in ("dollars", "dollar", "dolares", "dolar", "dolari", "dola", "euros", "euro", "shillings", "shilling", "shilingi"):
            return numbers.symbols.get(after.text) or numbers.currencies[after.text], after.end
        if numbers.unit_of(after.text):
            break
    return None


def _unit(place: int, tokens: list[_Token], numbers: Numbers, document: Document) -> tuple[str, int, int] | None:
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
        swahili = [word for word in words if numbers.units.get(word.text) and word.text in _SWAHILI_UNITS]
        if swahili:
            return numbers.units[swahili[-1].text], swahili[0].start, token.end
    return None


# Nouns that their number follows.
_SWAHILI_UNITS = frozenset(("maafisa", "polisi", "askari", "wanajeshi", "wanachama", "watu", "raia", "wakazi", "watoto", "wanawake"))


def _approximate(place: int, tokens: list[_Token], numbers: Numbers) -> bool:
    if tokens[place].text in numbers.rounded:
        return True
    words = [token.text for token in tokens[max(0, place - 5) : place] if token.kind in ("word", "symbol", "number")]
    words = [word for word in words if word not in ("$", "US$", "C$", "€", "£")]
    near = {" ".join(words[-length:]) for length in (1, 2, 3)} | {" ".join(words[-length - 1 : -1]) for length in (1, 2) if len(words) > 1}
    return bool(near & numbers.approximate) or any(word in numbers.approximate and word in ("between", "entre") for word in words)


def _kind(
    tokens: list[_Token], place: int, unit: str, start: int, end: int, number: int, cues: Cues, document: Document
) -> FigureKind:
    """The kind whose cue is nearest; a comma counts as five words, another number before the cue as eight."""
    best: tuple[float, int, FigureKind] | None = None
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
                distance += 8 * sum(1 for other in tokens[place + 1 :] if other.value is not None and other.start < high)
        ranked = (distance, _PREFERRED.index(kind), kind)
        if distance <= 14 and (best is None or ranked < best):
            best = ranked
    if best:
        return best[2]
    return "total" if unit == "personnel" else "other"


def _country(
    token: _Token,
    kind: FigureKind,
    unit: str,
    number: int,
    document: Document,
    mentions: Mentions,
    inside: list[Mention],
    senders: list[Mention],
    numbers: Numbers,
    tokens: list[_Token],
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
    body = any(word.text in numbers.groups for word in tokens[max(0, place - 3) : place])
    if not body and kind != "arrived":
        return None
    earlier = [mention for mention in senders if mention.start < token.start and number - document.sentence_at(mention.start) <= 2]
    return earlier[-1].tag[8:] if earlier else None


def _nearest(token: _Token, inside: list[Mention], reach: int, document: Document) -> str | None:
    """The country of the clause: right after the number ("400 Kenyan officers"), else the nearest before, else after."""
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
