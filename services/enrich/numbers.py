"""Reading numbers: the words and numbers of a sentence, number words and multipliers counted in."""

import re
from bisect import bisect_left
from functools import lru_cache

import msgspec
from ahocorasick_rs import BytesAhoCorasick

from services.enrich.document import Document, Span
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer

_DIGITS = re.compile(rb"\d+")
_TOKEN = re.compile(
    r"(?P<number>(?=\d)(?:(?<![\w.,])\d{1,3}(?:[.,\u00a0\u202f '’]\d{3})+(?!\d)"
    r"|(?:(?<![\w.,])|(?<=[Ss]h)|(?<=\bUSD)|(?<=\bEUR)|(?<=\bKES))\d+(?:[.,]\d{1,2})?"
    r"(?!\d|°|[hH]\d|(?:st|nd|rd|th|e|er|re|ère|ème|eme|º|ª|o|a|h)\b)))"
    r"|(?P<symbol>(?=[UCR$€£KSs])(?:US\$|CA\$|C\$|R\$|[$€£]|\bK?[Ss]h\.?(?=\s?\d)))"
    r"|(?P<word>(?:[dlnscjmtDLNSCJMT]|[Qq]u)(?=['’]\w)|[^\W\d_]\w*(?:['’]\w+)?)|(?P<stop>[.,;:()!?\"“”«»])"
)
_AND = frozenset(("and", "y", "e", "et", "na", "ak"))
_ELEVEN = 11
_BEFORE, _AFTER = 60, 70  # characters beside a number that can say what it is


class Token(msgspec.Struct, frozen=True, gc=False):
    """A word, folded, or a number: code points start to end, the number's value, and the kind of token."""

    text: str
    start: int
    end: int
    value: float | None
    kind: str


class Numbers:
    """The vocabulary of figures.yaml, folded once."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        data = gazetteer.files.figures
        self.entries = gazetteer.entries
        self.reaching = frozenset(map(folded_word, data.reaching))
        self.growing = frozenset(map(_folded_words, data.growing))
        self.out_of = frozenset(map(_folded_words, data.out_of))
        self.carriers = frozenset(fold_name(word) for words in data.carriers.values() for word in words)
        self.joining = frozenset(gazetteer.files.roles.joining)
        self.numbers = {folded_word(word): value for word, value in data.numbers.items()}
        self.multipliers = {folded_word(word): value for word, value in data.multipliers.items()}
        self.numerals = frozenset((*self.numbers, *self.multipliers))
        known = {folded_word(word) for word in (*data.numbers, *data.alone, "million", "milyon", "millon", "milhao")}
        self._words = BytesAhoCorasick([f" {word} ".encode() for word in sorted(known)])
        self._no_numbers = {language: frozenset(map(folded_word, words)) for language, words in data.no_numbers.items()}
        self.units: dict[str, str] = {}
        self.prefixes: list[tuple[str, str]] = []
        self.unit_of = lru_cache(maxsize=20_000)(self._unit_of)
        for unit, names in data.units.items():
            for words in names.values():
                for word in words:
                    if word.endswith("*"):
                        self.prefixes.append((folded_word(word[:-1]), unit))
                    else:
                        self.units.setdefault(folded_word(word), unit)
        written = {name: code for code, names in data.currencies.items() for name in names}
        self._symbols = {name: code for name, code in written.items() if not name.isalpha()}
        # "USD 40": before the number codes only; "40 dollars": after it words only.
        self.codes = {folded_word(name): code for name, code in written.items() if name.isalpha() and name[0].isupper()}
        self.coins = {_folded_words(name): code for name, code in written.items() if name.replace(" ", "").isalpha()}
        self.coin_words = frozenset(word for name in self.coins for word in name.split())
        self.senders = gazetteer.senders
        self.withs = frozenset(fold_name(word) for words in data.withs.values() for word in words)
        self.relative = frozenset(map(folded_word, data.relative))
        self.others = frozenset(map(folded_word, data.others))
        self.not_after = frozenset(map(folded_word, data.not_after))
        self.blockers = frozenset(map(folded_word, data.blockers))
        self.alone = frozenset(map(folded_word, data.alone))
        self.hyphened = frozenset(map(folded_word, data.hyphened))
        self.generic = frozenset(map(folded_word, data.generic))
        self.many = frozenset(map(folded_word, data.many))
        self.ones = frozenset(map(folded_word, data.ones))
        self.before_number = frozenset(map(folded_word, data.before_number))
        self.unit_first = frozenset(map(folded_word, data.unit_first))
        self.of = frozenset(fold_name(word) for word in data.of)
        self.rounded = frozenset(map(folded_word, data.rounded))
        self.groups = frozenset(folded_word(word) for words in data.groups.values() for word in words)
        self.approximate = frozenset(folded_word(word) for words in data.approximate.values() for word in words)
        self.approximate_words = frozenset(word for words in self.approximate for word in words.split())

    def no_numbers(self, language: str) -> frozenset[str]:
        """Folded words that are numbers in other languages only."""
        return self._no_numbers.get(language, frozenset())

    def symbol(self, written: str) -> str | None:
        """The currency code of a sign like US$ or Sh."""
        return self._symbols.get(written) or self.codes.get(folded_word(written.rstrip(".")))

    def is_a_name(self, before: "Token | None") -> bool:
        """Whether the word before a number makes it a name or a date: "resolution 2699", "in 2024"."""
        if before is None or before.text not in self.not_after or before.text in self.approximate:
            return False
        return before.kind != "symbol" and before.text not in self.coins

    def places(self, document: Document) -> list[tuple[int, int]] | None:
        """Where its folded text has digits and number words, in order; None where positions differ from the text's."""
        if document.folded.origin is not None:
            return None
        data = document.folded.data
        found = [match.span() for match in _DIGITS.finditer(data)]
        found += [(start, end - 1) for _, start, end in self._words.find_matches_as_indexes(data, overlapping=True)]
        return sorted(found)

    def _unit_of(self, word: str) -> str | None:
        """The unit that a folded word stands for."""
        found = self.units.get(word)
        if found is None:
            found = next(
                (unit for prefix, unit in self.prefixes if word.startswith(prefix) and len(word) <= len(prefix) + 4),
                None,
            )
        return found


@lru_cache(maxsize=50_000)
def folded_word(word: str) -> str:
    """The word as the gazetteer's lists have it."""
    return fold_name(word).decode("ascii")


def _folded_words(words: str) -> str:
    return " ".join(map(folded_word, words.split()))


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
        kind, written = match.lastgroup or "", match.group()
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
    if sum(token.value is not None for token in tokens) < 2:
        return tokens
    summed: list[Token] = []
    for token in tokens:
        last = summed[-1] if summed and token.value else None
        if last is not None and _continues(last, token):
            summed[-1] = Token(last.text, last.start, token.end, (last.value or 0) + (token.value or 0), "sum")
        elif len(summed) > 1 and last is not None and last.text in _AND and _continues(summed[-2], token, last.end):
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
    return last.kind in ("word", "sum") and token.kind == "word" and last.value >= 100 > token.value


def _value(written: str) -> float:
    """The number: groups of three digits are thousands, whatever parts them; else point or comma starts decimals."""
    if written.isdigit():
        return float(written)
    if re.fullmatch(r"\d{1,3}(?:\D\d{3})+", written) and not written.startswith("0"):
        return float(re.sub(r"\D", "", written))
    return float(written.replace(",", "."))
