"""Which countries of a sentence a number can be of: grammar that gives a country to another number or to none."""

from services.enrich.mentions import Mention
from services.enrich.numbers import folded_words
from services.enrich.parts import brought_to, is_part, out_of
from services.enrich.sentence import Reading, Sentence
from services.enrich.tokens import AND, Token

_BODY = 8  # words from a force to the number of its people
_OF = 5  # words from a number to the country that it is of, "of" between them
_AROUND = 8  # tokens to the "nations" that a number is of
_PARTING = ",;:."


def claimants(place: int, promised: bool, sentence: Sentence) -> list[Mention]:
    """The mentions of countries that the number can be of. promised: a force that has been told so has none yet."""
    token = sentence.tokens[place]
    if _of_many(place, sentence):
        return []
    free = [m for m in sentence.senders if _free(m, place, sentence) and not _elsewhere(m, token, sentence)]
    body = 0 if promised else body_before(token, sentence)
    if body and not any(body <= mention.start < token.start for mention in free):
        free = [mention for mention in free if token.end <= mention.start]
    return free


def body_before(token: Token, sentence: Sentence) -> int:
    """Where a force or mission stands before the number, as its subject: "the force has 1,000 officers"; else 0."""
    reading = sentence.reading
    bodies = [m.start for m in reading.mentions.missions]
    bodies += [cue.start for cue in reading.cues.of(sentence.number, "bodies")]
    start = reading.document.sentences[sentence.number].start
    near = [at for at in bodies if start <= at < token.start and len(reading.document.words(at, token.start)) <= _BODY]
    return max(near, default=0)


def carries(mention: Mention, reading: Reading) -> bool:
    """Whether the country only lends what the force comes in or meets: "a US military plane", "the US embassy"."""
    document = reading.document
    after = document.words(mention.end, min(len(document.text), mention.end + 30))[:3]
    before = document.words(max(0, mention.start - 30), mention.start)[-3:]
    return any(word in reading.numbers.carriers for word in (*after, *before))


def _of_many(place: int, sentence: Sentence) -> bool:
    """Whether several unnamed countries have or promise them: "2,900 troops promised by a handful of countries"."""
    tokens, words = sentence.tokens, sentence.reading.numbers.countries
    for around in (tokens[place + 1 : place + 1 + _AROUND], tokens[max(0, place - _AROUND) : place][::-1]):
        for token in around:
            if token.kind == "stop" or token.value is not None:
                break
            if token.text in words:
                return True
    return False


def _free(mention: Mention, place: int, sentence: Sentence) -> bool:
    """Whether no other number has the country: one that it stands right after, or that stands before it."""
    document, tokens, numbers = sentence.reading.document, sentence.tokens, sentence.reading.numbers
    token = tokens[place]
    for at in sentence.valued:
        other = tokens[at]
        if at == place or not other.value or other.end > mention.start:
            continue
        gap = document.text[other.end : mention.start]
        words = folded_words(gap).split()
        between = " ".join(words)
        if not any(sign in gap for sign in _PARTING) and between not in AND:
            if len(words) <= 1 or between in numbers.copulas:
                return False  # "400 Kenyans", "400 are Kenyans"
            if mention.end <= token.start and len(words) <= _OF and words[-1].encode() in numbers.of:
                return False  # "two dozen soldiers and police of Jamaica and 2 of Belize"
        ours = out_of(at, sentence) or brought_to(at, sentence) is not None  # of one with it: "200, bringing to 600"
        aside = is_part(at, sentence) and (len(words) > _OF or "," in gap)  # "150, among them 19 women, of Guatemala"
        if token.end <= other.start and not ours and not aside:
            return False
    return True


def _elsewhere(mention: Mention, token: Token, sentence: Sentence) -> bool:
    """Whether a country after the number is where they go, the next number's, or only that of most of them."""
    if mention.start < token.end:
        return False
    numbers = sentence.reading.numbers
    words = folded_words(sentence.reading.document.text[token.end : mention.start]).split()
    if words[-1:] and (words[-1] in numbers.toward or any(word in numbers.mostly for word in words[-3:])):
        return True
    gap = sentence.reading.document.text[token.end : mention.start]
    counts = [sentence.tokens[at].start for at in sentence.valued]
    parted = any(sign in gap for sign in _PARTING) or (bool(words) and words[-1] in AND)
    return parted and any(mention.end <= start < mention.end + 40 for start in counts)
