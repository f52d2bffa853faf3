"""Numbers that stand to others: a part of a whole, a whole of its part, the end of a rise or fall."""

from services.enrich.sentence import Sentence

_REACH = 4  # tokens back from the end of a rise or fall to its start
_MODIFIERS = 3  # tokens between "of them" and its number: "of whom about some 24"
_VERB = 28  # characters from a part to its verb
_CAME = frozenset(("kind:arrived", "kind:deployed"))
_LAST_YEARS = range(1900, 2101)


def is_year(place: int, sentence: Sentence) -> bool:
    """Whether four digits look like a year."""
    token = sentence.tokens[place]
    return token.text.isdigit() and int(token.value or 0) in _LAST_YEARS


def out_of(place: int, sentence: Sentence) -> bool:
    """Whether the number is the whole of another: "of the 2,500", "sur 2 500", "kati ya 1,000"."""
    tokens = sentence.tokens
    if tokens[place].value is None or place < 2:
        return False
    words = [before.text for before in tokens[max(0, place - 3) : place] if before.value is None]
    return any(" ".join(words[-length:]) in sentence.reading.numbers.out_of for length in range(1, len(words) + 1))


def is_part(place: int, sentence: Sentence) -> bool:
    """Whether the number is a part of what was counted before: "of whom 24 are women", "20 of them soldiers"."""
    tokens, numbers = sentence.tokens, sentence.reading.numbers
    start = place
    while start and place - start < _MODIFIERS and tokens[start - 1].text in numbers.approximate_words:
        start -= 1
    before = [token.text for token in tokens[max(0, start - 4) : start] if token.kind == "word"]
    after = [token.text for token in tokens[place + 1 : place + 3]]
    return " ".join(after) in numbers.parts or any(
        " ".join(words[-length:]) in numbers.parts
        for words in (before, before[:-1])  # "of the 2,500 of whom some 24"
        for length in range(1, len(words) + 1)
    )


def sent_after(place: int, sentence: Sentence) -> bool:
    """Whether a verb says that the people of a part came or were sent: "430 of them have been deployed"."""
    end = sentence.tokens[place].end
    return any(cue.tag in _CAME and 0 <= cue.start - end <= _VERB for cue in sentence.signs)


def start_of_change(place: int, sentence: Sentence) -> int | None:
    """The place of "991" where this is the place of "870" in "fell from 991 to 870"; None elsewhere."""
    tokens, numbers = sentence.tokens, sentence.reading.numbers
    at = place - 1
    while at > 0 and tokens[at].text in numbers.approximate_words and tokens[at].text not in numbers.reaching:
        at -= 1
    if at < 1 or tokens[at].text not in numbers.reaching:
        return None
    for start in range(at - 1, max(0, at - _REACH), -1):
        if tokens[start].value is not None:
            began = any(before.text in numbers.starting for before in tokens[max(0, start - 2) : start])
            return start if began and not is_year(start, sentence) else None
        if tokens[start].kind == "stop":
            return None
    return None


def in_change(place: int, sentence: Sentence) -> bool:
    """Whether the number is what something rose or fell from or to: "fell from 991 to 870"."""
    return start_of_change(place, sentence) is not None or starts_change(place, sentence)


def starts_change(place: int, sentence: Sentence) -> bool:
    """Whether the number is what it was before: "from 991"."""
    return any(start_of_change(other, sentence) == place for other in sentence.valued if other > place)


def brought_to(place: int, sentence: Sentence) -> int | None:
    """Where "brings the number of officers to" starts before the number that is then the total; None elsewhere."""
    tokens, numbers = sentence.tokens, sentence.reading.numbers
    token, at = tokens[place], place - 1
    if at > 0 and " ".join((tokens[at - 1].text, tokens[at].text)) in numbers.growing:
        return None
    while at > 0 and tokens[at].text in numbers.approximate_words and tokens[at].text not in numbers.reaching:
        at -= 1
    if at < 0 or tokens[at].text not in numbers.reaching:
        return None
    total = next(
        (cue for cue in reversed(sentence.signs) if cue.tag == "kind:total" and cue.end <= tokens[at].end), None
    )
    if total is None or any(total.end <= other.start < tokens[at].start and other.value for other in tokens[:place]):
        return None
    around = [other for other in tokens[: place + 8] if other.start >= total.start and other is not token]
    people = any(numbers.unit_of(other.text) == "personnel" or other.text in numbers.groups for other in around)
    ours = any(m.start >= total.start and m.start - token.end < 60 for m in sentence.senders)
    return total.start if people or ours else None
