"""Numbers of people and money that the text states: value, unit, kind, whose they are."""

from typing import NamedTuple

from schemas.messages import Figure
from services.enrich.count_people import count_people
from services.enrich.cues import Cues
from services.enrich.document import Document, Span
from services.enrich.figure_kind import PREFERRED, is_strength, kind_of
from services.enrich.mentions import Mentions
from services.enrich.money import money, more_money, payer
from services.enrich.not_theirs import of_others
from services.enrich.numbers import Numbers, folded_word
from services.enrich.parts import is_part, sent_after, starts_change
from services.enrich.sentence import Sentence, sentences
from services.enrich.whose import SENDERS_KINDS, beside, country_of, same_again

_NEAR = 2  # sentences in which a bare number goes on with what the last one counted
_SOME = 10  # people of a force, at least, where nothing says what they do
_ARMY = 20_000  # people that no such mission has
_FEW = 100  # people of no certain kind are no figure below
_PLAIN = "USD"  # what "dollars" are where nothing says whose
_VICTIMS = ("killed", "injured", "displaced")


class Stated(NamedTuple):
    """A figure and where the text states it."""

    figure: Figure
    spans: list[Span]


def figures(document: Document, mentions: Mentions, cues: Cues, numbers: Numbers) -> list[Stated]:
    """The figures of a document in order of their first place; the same one stated again adds a span."""
    found: list[Stated] = []
    last: list[Figure] = []
    last_number = 0
    for sentence in sentences(document, mentions, cues, numbers):
        here: list[Figure] = []
        earlier = last if sentence.number - last_number <= _NEAR else []
        for place in sentence.valued:
            stated = _stated(place, sentence, here, earlier)
            if stated is not None:
                here.append(stated.figure)
                found.append(stated)
        if here:
            last, last_number = here, sentence.number
    return _merged(found)


def _stated(place: int, sentence: Sentence, here: list[Figure], earlier: list[Figure]) -> Stated | None:
    """The figure of one number. here, earlier: what this sentence and the last ones have stated so far."""
    tokens, text, numbers = sentence.tokens, sentence.reading.document.text, sentence.reading.numbers
    token = tokens[place]
    value = token.value or 0.0
    before = tokens[place - 1] if place else None
    if value < 1 or text[token.end : token.end + 1] == "%":
        return None
    if before is not None and before.kind != "symbol" and numbers.makes_a_name(before.text, token.text, value):
        return None
    paid = money(place, sentence)
    what = None
    if paid is None:
        is_here, is_near = (_has_personnel(stated) for stated in (here, earlier + here))
        what = count_people(place, sentence, is_here, is_near)
        if what is None or what.end == token.end:
            paid = more_money(place, sentence, earlier + here)
    if paid is not None:
        country = payer(paid, sentence)
        figure = Figure(
            kind="funding", value=value, unit=paid.code, country=country, approximate=_approximate(place, sentence)
        )
        return Stated(figure, [paid.span])
    if what is None:
        return None
    unit = what.unit
    told = _has_personnel(here) and bool(sentence.senders)
    if unit == "people" and _about_a_force(text[what.start : what.end], sentence, told or bool(earlier)):
        unit = "personnel"
    if unit == "personnel" and (value >= _ARMY or of_others(what, sentence)):
        return None
    kind = what.kind or kind_of(place, unit, what, sentence, here)
    if unit == "personnel" and is_strength(place, what, kind, sentence):
        kind = "authorised"
    if starts_change(place, sentence):
        kind = "deployed"
    if (kind == "other" and value < _FEW) or (kind == "displaced" and value < _SOME):
        return None
    country = country_of(place, kind, unit, what, sentence)
    if unit == "personnel" and country is None:
        country = same_again(place, kind, what, sentence, here + earlier[::-1])
    if here and unit == "personnel" and is_part(place, sentence):
        if country is None or not beside(place, sentence):
            if not sent_after(place, sentence):
                return None  # "of whom 24 are women"
        else:
            kind = here[-1].kind if here[-1].kind in SENDERS_KINDS else "deployed"
    if kind == "total" and value < _SOME and country is None:
        return None
    if kind == "total" and unit == "personnel" and country:  # where no word says more, what is known of the country
        kind = "pledged" if country in numbers.known_pledges and not what.kind else "deployed"
    figure = Figure(kind=kind, value=value, unit=unit, country=country, approximate=_approximate(place, sentence))
    return Stated(figure, [Span(what.start, what.end)])


def _has_personnel(stated: list[Figure]) -> bool:
    return any(figure.unit == "personnel" for figure in stated)


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
    if kinds in ({"pledged", "deployed"}, {"pledged", "arrived"}) and one.country != other.country:
        return None
    if len(kinds) > 1 and not kinds & {*vague} and not kinds <= SENDERS_KINDS:
        return None
    if len(kinds) > 1 and "authorised" in kinds and (one.country or other.country):
        return None
    return Figure(
        kind=min(one.kind, other.kind, key=PREFERRED.index),
        value=one.value,
        unit=next(iter(units - {_PLAIN}), _PLAIN),
        country=one.country or other.country,
        approximate=one.approximate and other.approximate,
    )


def _about_a_force(stated: str, sentence: Sentence, told: bool) -> bool:
    """Whether "5,550 people" are the force's: no victims in the sentence, but a force."""
    victims = any(sentence.reading.cues.of(sentence.number, f"kind:{kind}") for kind in _VICTIMS)
    return (
        (sentence.force or (told and bool(sentence.senders)))
        and not victims
        and any(folded_word(word) in sentence.reading.numbers.generic for word in stated.split())
    )


def _approximate(place: int, sentence: Sentence) -> bool:
    tokens, numbers = sentence.tokens, sentence.reading.numbers
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
