"""Money: the currency beside a number, and whose it is."""

from typing import NamedTuple

from schemas.messages import Figure
from services.enrich.document import Span
from services.enrich.sentence import Sentence
from services.enrich.whose import leaders

_MUCH = 1_000_000
_REACH = 5  # tokens from a number to its currency


class Money(NamedTuple):
    """A currency code and the code points that state the sum."""

    code: str
    span: Span


def money(place: int, sentence: Sentence) -> Money | None:
    """The currency before or after the number."""
    tokens, numbers = sentence.tokens, sentence.reading.numbers
    token = tokens[place]
    if place and tokens[place - 1].end >= token.start - 1:
        before = tokens[place - 1]
        code = numbers.symbol(before.text) if before.kind == "symbol" else numbers.codes.get(before.text)
        if code:
            return Money(code, Span(before.start, token.end))
    if token.text in numbers.before_number:  # "shilingi bilioni 2.5", "dola za Marekani milioni 15"
        for before in reversed(tokens[max(0, place - 3) : place]):
            if before.text in numbers.coins:
                return Money(numbers.coins[before.text], Span(before.start, token.end))
    for at in range(place + 1, min(place + _REACH, len(tokens))):
        after = tokens[at]
        if after.kind in ("stop", "number"):
            break
        if after.kind == "symbol":
            code = numbers.symbol(after.text)
        elif after.text not in numbers.coin_words:
            code = None
        else:  # "dollars canadiens", "Canadian dollars", "dollars"
            words = [token.text for token in tokens[max(place + 1, at - 1) : at + 2]]
            pairs = [" ".join(words[start : start + 2]) for start in range(len(words) - 1)]
            code = next((numbers.coins[pair] for pair in pairs if pair in numbers.coins), numbers.coins.get(after.text))
        if code:
            return Money(code, Span(token.start, after.end))
        if numbers.unit_of(after.text):
            break
    return None


def more_money(place: int, sentence: Sentence, near: list[Figure]) -> Money | None:
    """A large bare number after a sum: "85 million dollars, and the US 15 million". near: figures just stated."""
    token = sentence.tokens[place]
    codes = [figure.unit for figure in near if figure.kind == "funding"]
    return Money(codes[-1], Span(token.start, token.end)) if codes and (token.value or 0) >= _MUCH else None


def payer(paid: Money, sentence: Sentence) -> str | None:
    """Whose money: "85 million from Canada", else the country since the last number or clause; else nobody's."""
    document, numbers = sentence.reading.document, sentence.reading.numbers
    start, end = paid.span.start, paid.span.end
    ahead = next((mention for mention in sentence.senders if mention.start >= end), None)
    if ahead is not None:
        words = document.words(end, ahead.start)
        if (
            1 <= len(words) <= 2
            and words[0] in numbers.of
            and words[0] != b"the"
            and "," not in document.text[end : ahead.start]
        ):
            return ahead.tag[8:]
    behind = [token for token in sentence.tokens if token.end <= start]
    stop = max((token.end for token in behind if token.value is not None or token.text in (";", ":")), default=0)
    since = [mention for mention in sentence.senders if stop <= mention.start and mention.end <= start]
    if since:
        return since[-1].tag[8:]
    speakers = [] if sentence.senders else leaders(sentence)
    return speakers[0] if speakers else None
