"""People under arms whom a mission's news counts too: an earlier mission's, the host's own police, gangs."""

from services.enrich.counted import Counted
from services.enrich.sentence import Sentence

_OWN = 6  # words from the host's police, or a gang, to its number
_MEMBERS = 3  # words from people to the gang that they are of
_OF = frozenset((b"of", b"de", b"des", b"da", b"du", b"d", b"ya", b"wa"))
_YEARS_FROM = 1900


def of_others(what: Counted, sentence: Sentence) -> bool:
    """Whether the people counted are no part of a current mission."""
    return what.owner is None and (_of_the_past(sentence) or _of_foes_or_hosts(what, sentence))


def _of_the_past(sentence: Sentence) -> bool:
    """Whether the sentence is about an earlier mission: it names one and no current, or a year of one."""
    numbers = sentence.reading.numbers
    named = {mission.tag in numbers.past for mission in sentence.missions}
    years = (token.value or 0 for token in sentence.tokens if token.text.isdigit() and len(token.text) == 4)
    return named == {True} or (not any(named) and any(_YEARS_FROM <= year <= numbers.past_until for year in years))


def _of_foes_or_hosts(what: Counted, sentence: Sentence) -> bool:
    """Whether a gang or the host's police is the subject of the number's clause: "the police has 9,000 officers"."""
    document, mentions = sentence.reading.document, sentence.reading.mentions
    span = document.sentences[sentence.number]
    police, cues = sentence.reading.police, sentence.reading.cues
    foes = [
        cue
        for cue in cues.of(sentence.number, "foes")
        if not any(
            mission.start <= cue.start < mission.end for mission in mentions.missions
        )  # "Gang Suppression Force"
    ]
    if not police and not foes:
        return False
    if any(
        what.start <= foe.start < what.end or _members(document.words(what.end, foe.start))
        for foe in foes
        if foe.start >= what.start
    ):
        return True  # "suspected gang members", "membres de gangs"
    others = [m.end for m in (*sentence.senders, *mentions.missions)] + [
        c.end for c in cues.of(sentence.number, "bodies")
    ]
    for end in (*police, *(foe.end for foe in foes)):
        if span.start <= end <= what.start and not any(end < other <= what.start for other in others):
            between = document.text[end : what.start]
            if len(between.split()) <= _OWN and not any(sign in between for sign in ",;:."):
                return not any(end <= cue.start <= what.start for cue in cues.of(sentence.number, "led_by"))
    return False


def _members(words: list[bytes]) -> bool:
    """Whether "of", or "suspected of the", is all between people and gangs."""
    return 0 < len(words) <= _MEMBERS and any(word in _OF for word in words)
