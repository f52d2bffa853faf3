"""The vocabulary of numbers and of what they count, folded once."""

import re
from functools import lru_cache

from ahocorasick_rs import BytesAhoCorasick

from services.enrich.document import Document
from services.enrich.folding import fold_name
from services.enrich.gazetteer import Gazetteer
from services.enrich.gazetteer_files import Names

_DAYS = 31
_YEARS = range(1800, 2101)
_DIGITS = re.compile(rb"00*")  # in a text whose digits are all 0: a pattern with a letter to begin with is found fast
_ZEROS = bytes.maketrans(b"123456789", b"000000000")


class Numbers:
    """The vocabulary of figures.yaml, folded once."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        data = gazetteer.files.figures
        self.entries = gazetteer.entries
        self.reaching = frozenset(map(folded_word, data.reaching))
        self.growing = frozenset(map(folded_words, data.growing))
        self.out_of = frozenset(map(folded_words, data.out_of))
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
        self.coins = {folded_words(name): code for name, code in written.items() if name.replace(" ", "").isalpha()}
        self.coin_words = frozenset(word for name in self.coins for word in name.split())
        self.senders = gazetteer.senders
        self.withs = frozenset(fold_name(word) for words in data.withs.values() for word in words)
        self.relative = frozenset(map(folded_word, data.relative))
        self.others = frozenset(map(folded_word, data.others))
        self.not_after = frozenset(map(folded_word, data.not_after))
        self.before_years = frozenset(map(folded_word, data.before_years))
        self.blockers = frozenset(map(folded_word, data.blockers))
        self.alone = frozenset(map(folded_word, data.alone))
        self.hyphened = frozenset(map(folded_word, data.hyphened))
        self.generic = frozenset(map(folded_word, data.generic))
        self.many = frozenset(map(folded_word, data.many))
        self.ones = frozenset(map(folded_word, data.ones))
        self.before_number = frozenset(map(folded_word, data.before_number))
        self.unit_first = frozenset(map(folded_word, data.unit_first))
        self.joined = _stems(data.joined)
        self.clauses = frozenset(map(folded_word, data.clauses))
        self.parts = frozenset(map(folded_words, data.parts))
        self.copulas = frozenset(map(folded_words, data.copulas))
        self.starting = frozenset(map(folded_word, data.starting))
        self._more = {str(language): frozenset(map(folded_word, words)) for language, words in data.more.items()}
        self.follows = frozenset(map(folded_word, data.follows))
        self.past_until = gazetteer.files.relevance.past_until
        self.past = frozenset(tag for tag, mission in gazetteer.missions.items() if mission.standing == "past")
        self.known_pledges = frozenset(
            code for mission in gazetteer.current for code in mission.roles.get("pledged", ())
        )
        self.strengths = frozenset(float(value) for mission in gazetteer.current for value in mission.authorised)
        self.foreign = frozenset(map(folded_word, data.foreign))
        self.same_country = re.compile(b"|".join(re.escape(fold_name(words)) for words in data.same_country))
        self.countries = frozenset(map(folded_word, data.countries))
        self.mostly = frozenset(map(folded_word, data.mostly))
        self.toward = frozenset(map(folded_word, data.toward))
        self.sendings = frozenset(map(folded_word, data.sendings))
        self.articles = frozenset(map(folded_word, data.articles))
        self.promises = tuple(map(folded_word, data.promises))
        self.of = frozenset(fold_name(word) for word in data.of)
        self.rounded = frozenset(map(folded_word, data.rounded))
        self.groups = frozenset(folded_word(word) for words in data.groups.values() for word in words)
        self.approximate = frozenset(folded_word(word) for words in data.approximate.values() for word in words)
        self.approximate_words = frozenset(word for words in self.approximate for word in words.split())

    def no_numbers(self, language: str) -> frozenset[str]:
        """Folded words that are numbers in other languages only."""
        return self._no_numbers.get(language, frozenset())

    def more(self, language: str) -> frozenset[str]:
        """Folded words by which a language adds people to those before."""
        return self._more.get(language, frozenset())

    def symbol(self, written: str) -> str | None:
        """The currency code of a sign like US$ or Sh."""
        return self._symbols.get(written) or self.codes.get(folded_word(written.rstrip(".")))

    def makes_a_name(self, word: str, written: str, value: float) -> bool:
        """Whether the word before a number makes it a name or a date: "resolution 2699", "in 2024"."""
        if word in self.before_years and not (value <= _DAYS or (value in _YEARS and written.isdigit())):
            return False
        return word in self.not_after and word not in self.approximate and word not in self.coins

    def places(self, document: Document) -> list[tuple[int, int]] | None:
        """Where its folded text has digits and number words, in order; None where positions differ from the text's."""
        if document.folded.origin is not None:
            return None
        data = document.folded.data
        found = [match.span() for match in _DIGITS.finditer(data.translate(_ZEROS))]
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


def folded_words(words: str) -> str:
    """Several words likewise."""
    return fold_name(words).decode("ascii")


def _stems(names: Names) -> tuple[str, ...]:
    return tuple(folded_words(word.rstrip("*")) for words in names.values() for word in words)
