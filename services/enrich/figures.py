"""Numbers of people and money that the text states: value, unit, kind, whose they are."""

from bisect import bisect_left
from typing import NamedTuple

from schemas.messages import Figure, FigureKind
from services.enrich.counted import Counted, counted, money
from services.enrich.cues import Cue, Cues
from services.enrich.document import Document, Span
from services.enrich.mentions import Mention, Mentions
from services.enrich.numbers import Numbers, Token, around_numbers, folded_word, tokens_of
from services.enrich.whose import SENDERS_KINDS, Sentence, country_of, payer

_NEAR = 2  # sentences in which a bare number goes on with what the last one counted
_MONEY = 1_000_000
_SOME = 10  # people of a force, at least, where nothing says what they do
_AS_MANY_AS = frozenset(("as", "many", "up"))
_FEW = 100  # people of no certain kind are no figure below
_NEAR_BARE = 8  # ... where nothing stands beside the number that is counted
_FAR = 14  # words from a number to the word that says what it is
_PLAIN = "USD"  # what "dollars" are where nothing says whose
_PEOPLE_KINDS = frozenset(("killed", "injured", "displaced", "other", "total"))
_VICTIMS = ("killed", "injured", "displaced")
_PREFERRED: tuple[FigureKind, ...] = (
    "killed", "injured", "displaced", "arrived", "pledged", "authorised", "deployed", "total", "other", "funding",
)  # fmt: skip


class Stated(NamedTuple):
    """A figure and where the text states it."""

    figure: Figure
    spans: list[Span]


def figures(document: Document, mentions: Mentions, cues: Cues, numbers: Numbers) -> list[Stated]:
    """The figures of a document in order of their first place; the same one stated again adds a span."""
    found: list[Stated] = []
    last: list[Figure] = []
    last_number = 0
    senders = [mention for mention in mentions.countries if mention.tag[8:] not in mentions.hosts]
    places = [mention.start for mention in senders]
    missions = {document.sentence_at(mention.start) for mention in mentions.missions}
    stated_at = numbers.places(document)
    for number, span in enumerate(document.sentences):
        window = around_numbers(document, span, stated_at)
        if window is None:
            continue
        tokens = tokens_of(document.text, window, numbers, cues.language)
        valued = [place for place, token in enumerate(tokens) if token.value is not None]
        if not valued:
            continue
        sentence = Sentence(
            number,
            tokens,
            _without_leads(
                senders[bisect_left(places, span.start) : bisect_left(places, span.end)],
                cues.of(number, "led_by"),
                document,
                numbers,
            ),
            number in missions or bool(cues.of(number, "force")),
            bool(cues.of(number, "led_by")),
            _outermost(cues.starting(number, "kind:")),
        )
        before: list[Figure] = []
        for place in valued:
            near = before + (last if number - last_number <= _NEAR else [])
            stated = _stated(place, sentence, document, mentions, senders, cues, numbers, before, near)
            if stated is not None:
                before.append(stated.figure)
                found.append(stated)
        if before:
            last, last_number = before, number
    return _merged(found)


def _without_leads(senders: list[Mention], led_by: list[Cue], document: Document, numbers: Numbers) -> list[Mention]:
    """Without the countries of "Kenya-led" and "led by Kenya": what such a force has is not theirs alone."""
    return [
        mention
        for mention in senders
        if not any(0 <= cue.start - mention.end <= 1 or 0 <= mention.start - cue.end <= 5 for cue in led_by)
        or any(word in numbers.withs for word in document.words(mention.end, mention.end + 12)[:1])
    ]


def _outermost(signs: list[Cue]) -> list[Cue]:
    """Of cues that overlap the longest: "on the way" is no "way"; those over the same words all."""
    kept: list[Cue] = []
    for cue in sorted(signs, key=lambda cue: (cue.start, -cue.end)):
        if not kept or cue.start >= kept[-1].end or (cue.start, cue.end) == (kept[-1].start, kept[-1].end):
            kept.append(cue)
    return kept


def _stated(
    place: int,
    sentence: Sentence,
    document: Document,
    mentions: Mentions,
    senders: list[Mention],
    cues: Cues,
    numbers: Numbers,
    before: list[Figure],
    near: list[Figure],
) -> Stated | None:
    """The figure of one number. before, near: what this sentence, or it and the last ones, have stated so far."""
    tokens = sentence.tokens
    token = tokens[place]
    value = token.value or 0.0
    beside = tokens[place - 1] if place else None
    if value < 1 or document.text[token.end : token.end + 1] == "%" or numbers.is_a_name(beside):
        return None
    paid = money(place, tokens, numbers)
    here, around = ("personnel" in [figure.unit for figure in stated] for stated in (before, near))
    what = paid or counted(
        place, tokens, sentence.senders, sentence.signs, document, numbers, here, around, sentence.force
    )
    bare = what is None or what.end == token.end
    if (
        not paid
        and bare
        and value >= _MONEY
        and (funds := [figure.unit for figure in near if figure.kind == "funding"])
    ):
        paid = what = Counted(funds[-1], token.start, token.end)  # "85 million dollars, and the US 15 million"
    if what is None:
        return None
    approximate = _approximate(place, tokens, numbers)
    if paid:
        country = payer(paid, sentence, document, mentions, numbers)
        figure = Figure(kind="funding", value=value, unit=paid.unit, country=country, approximate=approximate)
        return Stated(figure, [Span(paid.start, paid.end)])
    unit = what.unit
    if unit == "people" and _about_a_force(document.text[what.start : what.end], sentence, cues, numbers):
        unit = "personnel"
    kind = what.kind or _kind(place, unit, what, sentence, document, cues, numbers)
    if (kind == "other" and value < _FEW) or (kind == "displaced" and value < 10):
        return None
    country = country_of(token, kind, unit, what, sentence, document, mentions, senders, cues, numbers, place)
    if kind == "total" and value < _SOME and country is None:
        return None
    if kind == "total" and unit == "personnel" and country:
        kind = "deployed"
    figure = Figure(kind=kind, value=value, unit=unit, country=country, approximate=approximate)
    return Stated(figure, [Span(what.start, what.end)])


def _merged(found: list[Stated]) -> list[Stated]:
    """One figure for what is stated again: less surely (no kind, no country), or as sent once and as arrived once."""
    kept: list[Stated] = []
    for stated in found:
        for place, other in enumerate(kept):
            same = _same(other.figure, stated.figure)
            if same is not None:
                kept[place] = Stated(same, other.spans + stated.spans)
                break
        else:
            kept.append(stated)
    return kept


def _same(one: Figure, other: Figure) -> Figure | None:
    """Two figures as one, where they can be the same; None where they say different things."""
    units = {one.unit, other.unit}
    if one.value != other.value or (len(units) > 1 and not (one.kind == other.kind == "funding" and _PLAIN in units)):
        return None
    if one.country and other.country and one.country != other.country:
        return None
    vague = ("total", "other")
    kinds = {one.kind, other.kind}
    if len(kinds) > 1 and not kinds & {*vague} and not kinds <= SENDERS_KINDS:
        return None
    if len(kinds) > 1 and "authorised" in kinds and (one.country or other.country):
        return None
    return Figure(
        kind=min(one.kind, other.kind, key=_PREFERRED.index),
        value=one.value,
        unit=next(iter(units - {_PLAIN}), _PLAIN),
        country=one.country or other.country,
        approximate=one.approximate and other.approximate,
    )


def _about_a_force(stated: str, sentence: Sentence, cues: Cues, numbers: Numbers) -> bool:
    """Whether "5,550 people" are the force's: no victims in the sentence, but a force."""
    victims = any(cues.of(sentence.number, f"kind:{kind}") for kind in _VICTIMS)
    return sentence.force and not victims and any(folded_word(word) in numbers.generic for word in stated.split())


def _approximate(place: int, tokens: list[Token], numbers: Numbers) -> bool:
    if tokens[place].text in numbers.rounded:
        return True
    words = [token.text for token in tokens[max(0, place - 5) : place] if token.kind in ("word", "symbol", "number")]
    if numbers.approximate_words.isdisjoint(words):
        return False
    words = [word for word in words if word not in ("$", "US$", "C$", "€", "£")]
    near = {" ".join(words[-length:]) for length in (1, 2, 3)} | {
        " ".join(words[-length - 1 : -1]) for length in (1, 2) if len(words) > 1
    }
    return bool(near & numbers.approximate) or any(
        word in numbers.approximate and word in ("between", "entre") for word in words
    )


def _kind(
    place: int, unit: str, what: Counted, sentence: Sentence, document: Document, cues: Cues, numbers: Numbers
) -> FigureKind:
    """The kind whose cue is nearest; a comma counts as five words, another number before the cue as eight.

    "Total" is the kind only where nothing else is: "sent a total of 200", "a total of 20 were killed".
    """
    tokens, start, end = sentence.tokens, what.start, what.end
    words = [before.text for before in tokens[max(0, place - 5) : place]]
    while words and (words[-1] in numbers.approximate or words[-1] in _AS_MANY_AS):
        words.pop()
    words = words[-2:]
    if unit == "personnel" and (" ".join(words) in numbers.growing or " ".join(words[-1:]) in numbers.growing):
        return "authorised"
    if unit == "personnel" and (said := _relative(what, sentence, document, numbers)):
        return said
    best: tuple[float, int, FigureKind] | None = None
    best_cue = Cue(0, 0, "")
    for cue in sentence.signs:
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
        if distance > (_FAR if end > tokens[place].end else _NEAR_BARE):
            continue
        ranked = (distance + (_FAR if kind == "total" else 0), _PREFERRED.index(kind), kind)
        if best is None or ranked < best:
            best, best_cue = ranked, cue
    if best and best[2] == "deployed" and _promised(best_cue, sentence.number, cues):
        return "pledged"
    if best:
        return best[2]
    return "total" if unit == "personnel" else "other"


def _relative(what: Counted, sentence: Sentence, document: Document, numbers: Numbers) -> FigureKind | None:
    """What a clause right after the people says of them: "2,000 soldiers that the president has promised"."""
    words = document.words(what.end, min(len(document.text), what.end + 15))
    if not words or words[0].decode() not in numbers.relative:
        return None
    for cue in sentence.signs:
        if what.end < cue.start <= what.end + 60 and cue.tag in ("kind:pledged", "kind:authorised"):
            kind: FigureKind = cue.tag[5:]  # type: ignore[assignment]
            return kind
    return None


def _promised(cue: Cue, number: int, cues: Cues) -> bool:
    """Whether the verb of sending hangs on a promise: "promised to send", "a proposé d'envoyer"."""
    return any(0 <= cue.start - promise.end <= 5 for promise in cues.of(number, "kind:pledged"))
