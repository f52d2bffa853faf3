"""Direct speech and who speaks: the person beside the verb of speech, or the last one named before a pronoun."""

import re
from typing import NamedTuple

from schemas.messages import Quote
from services.enrich.document import Document, Span
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mentions
from services.enrich.persons import Person

# Begins with a class of signs, and only then tells which it was: such a pattern is found several times faster.
QUOTED = re.compile(
    r"[“\"«„‘'—–](?:(?<=“)([^“”]{12,1500})”|(?<=\")([^\"\n]{12,1500})\"|(?<=«)\s?([^«»]{12,1500}?)\s?»"
    r"|(?<=„)([^„“]{12,1500})“|(?<=‘)(?<!\w.)([^‘’\n]{12,600})’(?!\w)|(?<=')(?<!\w.)([^'\n]{12,600})'(?!\w)"
    r"|(?<=\n[—–]) ?(?P<dialogue>[^\n—–]{12,800}?)(?=,? ?[—–]|\n))"  # a dialogue's dash
)
# Not the full stop of "M. Saint-Cyr", "Dr. Omollo".
_ENDS = re.compile(
    r"(?<!\bM)(?<!\bMr)(?<!\bDr)(?<!\bMrs)(?<!\bSr)(?<!\bDkt)(?<!\bBw)(?<!\b[A-Z])[.!?](?=\s|$)|\n|[“\"«]"
)
_CLOSE = 4  # characters from the quote to a verb whose subject goes without saying
_REACH = 90  # characters from the quote to the verb and its subject
_BEFORE = 170  # ... and before it: "their counsel, Ann Lee, said the treaty that was signed later"
_BESIDE = 45  # characters from a quote to a name that needs no verb that we know: «…», soupire Ann Lee


class Said(NamedTuple):
    """A quote and where its words stand."""

    quote: Quote
    span: Span


class Speech:
    """Verbs and pronouns of speech.yaml, as patterns built once."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        speech = gazetteer.files.speech
        verbs = sorted({verb for group in speech.verbs.values() for verb in group}, key=len, reverse=True)
        pronouns = sorted({word for group in speech.pronouns.values() for word in group}, key=len, reverse=True)
        self.verb = re.compile(rf"(?<![\w'’-])(?:{any_of(verbs)})(?![\w'’])", re.IGNORECASE)
        self.pronoun = re.compile(rf"(?<![\w'’])(?:{any_of(pronouns)})(?![\w'’])", re.IGNORECASE)
        self.entries = gazetteer.entries


def any_of(words: list[str]) -> str:
    """A pattern for any of the words, tried in order, by first letter: several times faster than a flat one."""
    by_letter: dict[str, list[str]] = {}
    for word in words:
        by_letter.setdefault(word[0].lower(), []).append(re.escape(word[1:]))
    return "|".join(f"{re.escape(letter)}(?:{'|'.join(endings)})" for letter, endings in by_letter.items())


def quotes(document: Document, mentions: Mentions, people: list[Person], speech: Speech) -> list[Said]:
    """The quotes of a document in order. The speaker is None where the text does not say."""
    text = document.text
    named: list[tuple[int, int, str | None, str]] = [
        (m.start, m.end, m.tag, text[m.start : m.end]) for m in mentions.entities if m.sense.kind == "person"
    ]
    named += [(start, end, None, person.name) for person in people for start, end in person.spans]
    named.sort(key=lambda item: item[:2])
    found: list[Said] = []
    for match in QUOTED.finditer(text):
        group = match.lastindex or 1
        speaker = _speaker(match.start(), match.end(), text, named, speech)
        if speaker is None and match.lastgroup == "dialogue":
            continue
        if speaker is None and len(match.group(group).split()) < 5:
            continue  # a few words in quotation marks are emphasis or a term
        identity, name = speaker or (None, None)
        found.append(
            Said(
                Quote(text=match.group(group).strip(), speaker_id=identity, speaker=name),
                Span(match.start(group), match.end(group)),
            )
        )
    return found


def _speaker(
    start: int, end: int, text: str, named: list[tuple[int, int, str | None, str]], speech: Speech
) -> tuple[str | None, str] | None:
    """(gazetteer id, name) of who speaks: after the quote, else before it; a pronoun is the last person named."""
    for low, high in ((end, _stop(text, end)), (_line(text, start), start)):
        verb = speech.verb.search(text, low, high)
        if not verb:
            who = _named_after(end, high, text, named) if low == end else _named_before(low, start, text, named)
            if who:
                return who
            continue
        beside = [
            (min(abs(person[0] - verb.end()), abs(verb.start() - person[1])), person)
            for person in named
            if low <= person[0] and person[1] <= high
        ]
        if beside:
            _, (_, _, identity, name) = min(beside, key=lambda item: item[0])
            return identity, name
        if (low == end and (who := _named_after(end, high, text, named))) or (
            low != end and (who := _named_before(low, start, text, named))
        ):
            return who
        pronoun = speech.pronoun.search(text, low, high)
        implied = low == end and verb.start() - end <= _CLOSE  # "«...», adelantó."
        if implied or (pronoun and abs(pronoun.start() - verb.end()) <= 12 + len(verb.group())):
            earlier = [person for person in named if person[1] <= start]
            if earlier:
                return earlier[-1][2], earlier[-1][3]
    return _sentence_before(start, end, text, named)


def _named_after(
    end: int, stop: int, text: str, named: list[tuple[int, int, str | None, str]]
) -> tuple[str | None, str] | None:
    """Who is named in what goes on after the quote: «…», soupire Ann Lee; "…," Lee laughed down the line."""
    goes_on = text[end : end + 3].lstrip(" ,—–-")[:1].islower() or text[end - 2 : end - 1] == ","
    for person in named:
        if end <= person[0] <= end + _BESIDE and person[1] <= stop:
            between = text[end : person[0]]
            at_once = not between.strip(" ,—–") and text[person[1] + 1 : person[1] + 2].islower()
            if at_once or (goes_on and ":" not in between and ";" not in between):
                return person[2], person[3]
    return None


def _named_before(
    low: int, start: int, text: str, named: list[tuple[int, int, str | None, str]]
) -> tuple[str | None, str] | None:
    """Who is named last before a quote that a colon or a comma leads to: "Pour Ann Lee, «…»", "Lee resume: «…»"."""
    if text[low:start].rstrip()[-1:] not in (":", ","):
        return None
    before = [person for person in named if low <= person[0] and person[1] <= start]
    return (before[-1][2], before[-1][3]) if before else None


def _sentence_before(
    start: int, end: int, text: str, named: list[tuple[int, int, str | None, str]]
) -> tuple[str | None, str] | None:
    """The only one whom the sentence before names, in its paragraph, where a quote stands as a sentence of its own."""
    if text[end - 2 : end - 1] not in (".", "!", "?") or text[end : end + 1] not in ("\n", ""):
        return None
    line = text.rfind("\n", 0, start) + 1
    before = text[line:start].rstrip()
    if before[-1:] not in (".", "!", "?"):
        return None
    since = line + max(before.rfind(sign, 0, len(before) - 1) for sign in (". ", "! ", "? ", "” ", "» ")) + 1
    people = {(person[2], person[3]) for person in named if since <= person[0] and person[1] <= start}
    return people.pop() if len(people) == 1 else None


def _stop(text: str, end: int) -> int:
    """Where the words after a quote end: at the sentence, the line, the next quote."""
    match = _ENDS.search(text, end, end + _REACH)
    return match.start() if match else min(len(text), end + _REACH)


def _line(text: str, start: int) -> int:
    """Where the words before a quote begin."""
    from_line = text.rfind("\n", 0, start) + 1
    from_sentence = max(text.rfind(sign, 0, max(0, start - 2)) for sign in (". ", "! ", "? ", "”", "»"))
    return max(from_line, from_sentence + 1, start - _BEFORE, 0)
