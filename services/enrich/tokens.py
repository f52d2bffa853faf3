"""Reading numbers: the words and numbers of a sentence, number words and multipliers counted in."""

import re
from bisect import bisect_left

import msgspec

from services.enrich.document import Document, Span
from services.enrich.numbers import Numbers, folded_word

# Each kind begins with its first character and only then looks at what is before it: that is tried much faster.
_TOKEN = re.compile(
    r"(?P<number>\d(?:(?<![\w.,]\d)\d{0,2}(?:[.,\u00a0\u202f '’]\d{3})+(?!\d)"
    r"|(?:(?<![\w.,]\d)|(?<=[Ss]h\d)|(?<=\bUSD\d)|(?<=\bEUR\d)|(?<=\bKES\d))\d*(?:[.,]\d{1,2})?"
    r"(?!\d|°|[hH]\d|(?:st|nd|rd|th|e|er|re|ère|ème|eme|º|ª|o|a|h)\b)))"
    r"|(?P<symbol>[UCR$€£KSs](?:(?<=U)S\$|(?<=C)A\$|(?<=[CR])\$|(?<=[$€£])"
    r"|(?<=\bK)[Ss]h\.?(?=\s?\d)|(?<=\b[Ss])h\.?(?=\s?\d)))"
    r"|(?P<word>[^\W\d_](?:(?<=[dlnscjmtDLNSCJMT])(?=['’]\w)|(?<=[Qq])u(?=['’]\w)|\w*(?:['’]\w+)?))"
    r"|(?P<stop>[.,;:()!?\"“”«»])"
)
AND = frozenset(("and", "y", "e", "et", "na", "ak"))
_ELEVEN = 11
_BEFORE, _AFTER = 60, 70  # characters beside a number that can say what it is


class Token(msgspec.Struct, frozen=True, gc=False):
    """A word, folded, or a number: code points start to end, the number's value, and the kind of token."""

    text: str
    start: int
    end: int
    value: float | None
    kind: str


def around_numbers(document: Document, span: Span, places: list[tuple[int, int]] | None) -> Span | None:
    """The part of a sentence from a few words before its first number to a few after its last; None without numbers.

    places: what Numbers.places gave for the document; None where its folded text has other positions.
    """
    if places is None:
        return span
    begin, end = bisect_left(places, (span.start,)), bisect_left(places, (span.end,))
    if begin == end:
        return None
    first, last = places[begin][0], max(stop for _, stop in places[begin:end])
    start = document.text.rfind(" ", span.start, max(span.start, first - _BEFORE)) + 1
    stop = document.text.find(" ", min(span.end, last + _AFTER), span.end)
    return Span(max(start, span.start), stop if stop > 0 else span.end)


def tokens_of(text: str, span: Span, numbers: Numbers, language: str) -> list[Token]:
    """The words and numbers of a sentence; a number and its multipliers are one token."""
    others = numbers.no_numbers(language)
    tokens: list[Token] = []
    numerals = numbers.numerals
    for match in _TOKEN.finditer(text, span.start, span.end):
        kind, written = match.lastgroup or "", match[0]
        folded = folded_word(written) if kind == "word" else written
        if kind != "number" and folded not in numerals:  # nearly all
            start, end = match.span()
            tokens.append(Token(folded, start, end, None, kind))
            continue
        value: float | None = None
        multiplier: float | None = None
        if kind == "number":
            value = _value(written)
        elif kind == "word":
            if folded in others:
                tokens.append(Token(folded, match.start(), match.end(), None, kind))
                continue
            multiplier = numbers.multipliers.get(folded)
            before = tokens[-1] if tokens else None
            if (
                multiplier is not None
                and before is not None
                and before.value is not None
                and match.start() - before.end <= 1
            ):
                tokens[-1] = msgspec.structs.replace(before, end=match.end(), value=before.value * multiplier)
                continue
            if before is not None and before.text == "quatre" and folded in ("vingt", "vingts"):
                tokens[-1] = msgspec.structs.replace(before, end=match.end(), value=80.0)
                continue
            value = numbers.numbers.get(folded)
            if value is None and folded in numbers.alone:
                value = multiplier
        before = tokens[-1] if tokens else None
        if (
            value is not None
            and before is not None
            and before.kind == "word"
            and before.value is None
            and before.text in numbers.before_number
            and (kind == "number" or value < _ELEVEN)  # "elfu moja", "mia mbili"
        ):
            tokens[-1] = Token(
                before.text, before.start, match.end(), (value or 0) * numbers.multipliers[before.text], "number"
            )
            continue
        if value is None and multiplier is not None and before is not None and before.text in numbers.ones:
            value = multiplier
        tokens.append(Token(folded, match.start(), match.end(), value, kind))
    return _summed(tokens)


def _summed(tokens: list[Token]) -> list[Token]:
    """Number words side by side are one number: "twenty-four", "two hundred and thirty", "un millón 41 mil"."""
    if len([token for token in tokens if token.value is not None]) < 2:
        return tokens
    summed: list[Token] = []
    for token in tokens:
        last = summed[-1] if summed and token.value else None
        if last is not None and _continues(last, token):
            summed[-1] = Token(last.text, last.start, token.end, (last.value or 0) + (token.value or 0), "sum")
        elif len(summed) > 1 and last is not None and last.text in AND and _continues(summed[-2], token, last.end):
            summed.pop()
            whole = summed[-1]
            summed[-1] = Token(whole.text, whole.start, token.end, (whole.value or 0) + (token.value or 0), "sum")
        else:
            summed.append(token)
    return summed


def _continues(last: Token, token: Token, until: int | None = None) -> bool:
    """Whether a number goes on; over an "and", which ends at `until`, only in words: "two hundred and thirty"."""
    if not last.value or not token.value or token.value >= last.value or last.value < 20:
        return False
    if until is None:
        near = token.start - last.end <= 1
        return near and (
            last.kind == token.kind == "word"
            or last.kind == "sum"
            or (last.value >= 1_000_000 and token.value >= 1_000)
        )
    if last.kind not in ("word", "sum") or token.kind != "word":
        return False
    if last.value >= 100 > token.value or (last.value % 10 == 0 and last.value < 100 and token.value < 10):
        return True
    return last.value >= 1000 > token.value >= 100  # "dois mil e quinhentos", "elfu mbili na mia tano"


def _value(written: str) -> float:
    """The number: groups of three digits are thousands, whatever parts them; else point or comma starts decimals."""
    if written.isdigit():
        return float(written)
    if re.fullmatch(r"\d{1,3}(?:\D\d{3})+", written) and not written.startswith("0"):
        return float(re.sub(r"\D", "", written))
    return float(written.replace(",", "."))
