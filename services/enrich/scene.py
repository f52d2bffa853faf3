"""Who and where, sentence by sentence: countries, the host country as a place, and police or soldiers not its own."""

from collections.abc import Sequence

from services.enrich.cues import Cue, Cues
from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mention, Mentions

_OWNED = 2  # words between a nationality and its people: "Kenyan police officers", "soldats venus du Tchad"
_SHORT = 3  # letters, at most, of words that no adjective is


def is_a_place_here(mention: Mention, document: Document, language: str, gazetteer: Gazetteer) -> bool:
    """Whether the words before a country make it a place: "in Haiti", "to Port-au-Prince", "the Haitian capital"."""
    start = max(0, mention.start - 28)
    start = max(start, *(document.text.rfind(sign, start, mention.start) + 1 for sign in (". ", "! ", "? ", "\n")))
    before = document.words(start, mention.start)[-2:]
    if mention.sense.part == "demonym":
        after = document.words(mention.end, mention.end + 14)[:1]
        return any(word in gazetteer.soil for word in (*before[-1:], *after))
    if mention.tag[8:] in gazetteer.hosts and mention.sense.part == "capital":
        return not (len(before) == 2 and before[1] in gazetteer.owners and before[0].startswith(gazetteer.force_words))
    if language == "sw":
        return not before or before[-1] not in gazetteer.owners
    reach = before if len(before) < 2 or len(before[1]) > _SHORT else before[1:]  # "in violent Haiti"; not "for by"
    return any(word in gazetteer.at or word in gazetteer.soil for word in (*reach, b" ".join(before)))


class Scene:
    """The sentences of one document, looked at with one gazetteer."""

    def __init__(self, document: Document, mentions: Mentions, cues: Cues, gazetteer: Gazetteer) -> None:
        self.document, self.cues, self.gazetteer = document, cues, gazetteer
        self.leads = {code for mission in gazetteer.current for code in mission.roles.get("lead", ())}
        self.named: dict[int, list[Mention]] = {}
        for mention in mentions.countries:
            self.named.setdefault(document.sentence_at(mention.start), []).append(mention)
        self.host_named = {
            number: hosts
            for number, named in self.named.items()
            if (hosts := [mention for mention in named if mention.tag[8:] in gazetteer.hosts])
        }
        self._here: dict[int, bool] = {}  # by start
        self._past: dict[int, bool] = {}  # by sentence
        self.leaders: dict[int, list[Mention]] = {}
        # Police and armies of the host country by their names: their people are not foreign.
        self.own: dict[int, list[Mention]] = {}
        self.theirs: dict[int, list[Mention]] = {}  # a sender's
        for mention in mentions.entities:
            country = gazetteer.entries[mention.tag].country
            if mention.sense.kind == "person" and country in gazetteer.senders:
                self.leaders.setdefault(document.sentence_at(mention.start), []).append(mention)
            elif mention.sense.kind == "organisation" and country in gazetteer.hosts:
                self.own.setdefault(document.sentence_at(mention.start), []).append(mention)
            elif mention.sense.kind == "organisation" and country in gazetteer.senders:
                self.theirs.setdefault(document.sentence_at(mention.start), []).append(mention)

    def is_about_the_host(self) -> bool:
        """Whether the host country is in the title, named twice, or speaks: then it need not be in each sentence."""
        places = [
            mention.start for at in self.named for mention in self.hosts_of(at) if not self._is_people(at, mention)
        ]
        return bool(places) and (
            len(places) > 1 or self.cues.language in self.gazetteer.home_languages or self.document.in_title(places[0])
        )

    def _is_people(self, number: int, mention: Mention) -> bool:
        """Whether the host's adjective stands for its people: "30 Haitians", but not "Haitian gangs"."""
        if mention.sense.part != "demonym" or self.is_here(mention):
            return False
        beside = (*self.cues.of(number, "force"), *self.cues.of(number, "foes"))
        return not any(0 <= cue.start - mention.end <= 1 or 0 <= mention.start - cue.end <= 1 for cue in beside)

    def is_past(self, number: int) -> bool:
        """Whether a sentence is about a year of an earlier mission."""
        if number not in self._past:
            sentences = self.document.sentences
            self._past[number] = number < len(sentences) and bool(
                self.gazetteer.past_years.search(self.document.text, sentences[number].start, sentences[number].end)
            )
        return self._past[number]

    def hosts_of(self, number: int) -> list[Mention]:
        return self.host_named.get(number, [])

    def nationals(self, named: list[Mention]) -> list[Mention]:
        """A sender's people by their nationality alone: "the Kenyans", "los 75 guatemaltecos", "a thousand Kenyans"."""
        found = []
        for mention in named:
            if mention.sense.part == "demonym" and mention.tag[8:] in self.gazetteer.senders:
                before = self.document.words(max(0, mention.start - 16), mention.start)[-1:]
                after = self.document.words(mention.end, min(len(self.document.text), mention.end + 16))[:1]
                counted = any(
                    word in self.gazetteer.articles or word.isdigit() or word in self.gazetteer.counting
                    for word in before
                )
                if counted and not any(word in self.gazetteer.offices for word in (*before, *after)):
                    found.append(mention)
        return found

    def is_here(self, mention: Mention) -> bool:
        """Whether the host country is where something happens."""
        if mention.tag[8:] not in self.gazetteer.hosts:
            return False
        if mention.start not in self._here:
            self._here[mention.start] = is_a_place_here(mention, self.document, self.cues.language, self.gazetteer)
        return self._here[mention.start]

    def people(self, number: int, forces: list[Cue], bodies: list[Cue], named: list[Mention]) -> list[Cue]:
        """Police and soldiers, without those of the host country and without bodies ("the force")."""
        if not forces:
            return []
        taken = {body.start for body in bodies}
        owners = [mention for mention in named if mention.tag[8:] in self.gazetteer.hosts and not self.is_here(mention)]
        owners += self.own.get(number, ())
        return [
            force for force in forces if force.start not in taken and not any(self.owns(own, force) for own in owners)
        ]

    def their_own(self, number: int) -> list[Cue]:
        """A sender's police or soldiers by their own name: "JDF"."""
        return [Cue(mention.start, mention.end, "force") for mention in self.theirs.get(number, [])]

    def owns(self, mention: Mention, force: Cue) -> bool:
        if mention.start <= force.start < mention.end:
            return True
        low, high = min(mention.end, force.end), max(mention.start, force.start)
        words = self.document.words(low, high)
        if any(sign in self.document.text[low:high] for sign in ",:") or len(words) > _OWNED:
            return False
        # "El Salvador and met police", but "Kenyan and Haitian police"
        return mention.sense.part == "demonym" or not any(word in self.gazetteer.conjunctions for word in words)

    def stay_elsewhere(self, force: Cue, named: list[Mention], hosts: Sequence[Mention | Cue]) -> bool:
        """Whether another place stands nearer to the people than the host country: "Kenyan police in Nairobi"."""
        near = min((abs(host.start - force.start) for host in hosts), default=1_000)
        return any(
            mention.tag[8:] not in self.gazetteer.hosts
            and mention.sense.part != "demonym"
            and abs(mention.start - force.start) < near
            and is_a_place_here(mention, self.document, self.cues.language, self.gazetteer)
            for mention in named
        )

    def has(self, mention: Mention, force: Cue) -> bool:
        """Whether the people are called the country's after it: "Kenya asked ... vehicles that its police lost"."""
        document = self.document
        beside = document.words(max(0, force.start - 12), force.start)[-1:]
        beside += document.words(force.end, force.end + 8)[:1] if self.cues.language in ("sw", "ht") else []
        return mention.end < force.start and any(word in self.gazetteer.possessives for word in beside)

    def speaks_for(self, mention: Mention) -> bool:
        after = self.document.words(mention.end, mention.end + 20)[:1]
        return any(word in self.gazetteer.offices for word in after)
