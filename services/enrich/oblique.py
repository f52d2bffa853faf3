"""What tells of the mission in an item that neither names it nor says in so many words who sent whom."""

from collections.abc import Sequence
from typing import NamedTuple

from services.enrich.cues import Cue, Cues
from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mention, Mentions

_OWNED = 2  # words between a nationality and its people: "Kenyan police officers", "soldats venus du Tchad"
_MODIFIES = 3  # words around a body that say that it is another's: "the UN's political mission"
_DUTIES = 2  # sentences that speak of a base, a patrol, a return
_OFTEN = 2
_SEVERAL = 3  # senders, in an item that is about their force
_SHORT = 3  # letters, at most, of words that no adjective is
_HERE = 3  # words from a body to the host country: "the security mission in Haiti"
_CLOSELY = 5  # ... where no verb of sending is near
_LOOSELY = 14  # words from a sender to the people, where no closer tie is found


_CLOSER = frozenset(("sent", "served", "fallen", "served_beside"))
_WEAKER = ("served_beside", "sender_and_force", "served_apart", "apart_backed")  # say less of the same


class Hint(NamedTuple):
    """A reason's name in relevance.yaml and where the text gives it."""

    name: str
    start: int
    end: int


def is_a_place_here(mention: Mention, document: Document, language: str, gazetteer: Gazetteer) -> bool:
    """Whether the words before a country make it a place: "in Haiti", "to Port-au-Prince", "the Haitian capital"."""
    before = document.words(max(0, mention.start - 28), mention.start)[-2:]
    if mention.sense.part == "demonym":
        after = document.words(mention.end, mention.end + 14)[:1]
        return any(word in gazetteer.soil for word in (*before[-1:], *after))
    if mention.tag[8:] in gazetteer.hosts and mention.sense.part == "capital":
        return not (len(before) == 2 and before[1] in gazetteer.owners and before[0].startswith(gazetteer.force_words))
    if language == "sw":
        return not before or before[-1] not in gazetteer.owners
    reach = before if len(before) < 2 or len(before[1]) > _SHORT else before[1:]  # "in violent Haiti"; not "for by"
    return any(word in gazetteer.at or word in gazetteer.soil for word in (*reach, b" ".join(before)))


class Oblique:
    """The sentences of one document, looked at with one gazetteer."""

    def __init__(self, document: Document, mentions: Mentions, cues: Cues, gazetteer: Gazetteer) -> None:
        self._document, self._cues, self._gazetteer = document, cues, gazetteer
        self._leads = {code for mission in gazetteer.current for code in mission.roles.get("lead", ())}
        self._named: dict[int, list[Mention]] = {}
        for mention in mentions.countries:
            self._named.setdefault(document.sentence_at(mention.start), []).append(mention)
        self._host_named = {
            number: hosts
            for number, named in self._named.items()
            if (hosts := [mention for mention in named if mention.tag[8:] in gazetteer.hosts])
        }
        self._here: dict[int, bool] = {}  # by start
        self._leaders: dict[int, list[Mention]] = {}
        for mention in mentions.entities:
            if mention.sense.kind == "person" and gazetteer.entries[mention.tag].country in gazetteer.senders:
                self._leaders.setdefault(document.sentence_at(mention.start), []).append(mention)
        # Police and armies of the host country by their names: their people are not foreign.
        self._own: dict[int, list[Mention]] = {}
        for mention in mentions.entities:
            if mention.sense.kind == "organisation" and gazetteer.entries[mention.tag].country in gazetteer.hosts:
                self._own.setdefault(document.sentence_at(mention.start), []).append(mention)

    def hints(self) -> list[Hint]:
        """Each reason once, at its first place."""
        if not any(map(self._cues.count, ("force", "bodies", "strength", "deploy", "backers"))):
            return []
        found: dict[str, Hint] = {}
        gangs = self._cues.count("foes") > 0
        apart = self._is_about_the_host()
        for number, span in enumerate(self._document.sentences):
            sentence = self._of_sentence(number, gangs) or (self._apart(number) if apart else [])
            if not sentence or self._gazetteer.past_years.search(self._document.text, span.start, span.end):
                continue
            before = self._document.sentences[max(0, number - 1)]
            for hint in sentence:
                if hint.name != "foreign_people" or not self._gazetteer.past_years.search(
                    self._document.text, before.start, before.end
                ):
                    found.setdefault(hint.name, hint)
        for number in range(len(self._document.sentences) if self._cues.count("strength") else 0):
            for cue in self._cues.of(number, "strength")[:1]:
                found.setdefault("strength", Hint("strength", cue.start, cue.end))
                if self._cues.count("force"):
                    found.setdefault("strength_of_force", Hint("strength_of_force", cue.start, cue.end))
        if not found.keys() & _CLOSER and apart:
            found |= {hint.name: hint for hint in self._together()}
        for name in _CLOSER & found.keys():
            for weaker in _WEAKER[_WEAKER.index(name) + 1 :] if name in _WEAKER else _WEAKER:
                found.pop(weaker, None)
        return list(found.values())

    def _together(self) -> list[Hint]:
        """What a whole item has: the host country, a sender, police or soldiers and their duty, in any sentence."""
        if not self._can_be_together():
            return []
        senders: dict[str, Mention] = {}
        people: Cue | None = None
        tied = False
        duties = hosts = 0
        for number, span in enumerate(self._document.sentences):
            cues = self._cues
            if cues.of(number, "unrelated") or self._gazetteer.past_years.search(
                self._document.text, span.start, span.end
            ):
                continue
            named = self._named.get(number, [])
            for mention in named:
                if mention.tag[8:] in self._gazetteer.senders:
                    senders.setdefault(mention.tag[8:], mention)
            here = self._hosts_of(number)
            hosts += len(here)
            duties += sum(bool(cues.of(number, tag)) for tag in ("backers", "away", "sending"))
            if forces := cues.of(number, "force"):
                theirs = self._people(number, forces, cues.of(number, "bodies"), named)
                those = next((force for force in theirs if not self._stay_elsewhere(force, named, here)), None)
                people = people or those
                tied = tied or (those is not None and any(m.tag[8:] in self._gazetteer.senders for m in named))
        if people is None or duties < _DUTIES or hosts < _OFTEN or not senders:
            return []
        found = [Hint("together", people.start, people.end)]
        lead = next((mention for code, mention in senders.items() if code in self._leads), None)
        if lead:
            found.append(Hint("together_lead", lead.start, lead.end))
        if tied and len(senders) >= _SEVERAL:
            last = list(senders.values())[-1]
            found.append(Hint("together_several", last.start, last.end))
        return found

    def _can_be_together(self) -> bool:
        """A cheap look at the whole item for what _together asks of its sentences."""
        return (
            self._cues.count("force") > 0
            and sum(map(self._cues.count, ("backers", "away", "sending"))) >= _DUTIES
            and sum(map(len, self._host_named.values())) >= _OFTEN
            and any(m.tag[8:] in self._gazetteer.senders for named in self._named.values() for m in named)
        )

    def _is_about_the_host(self) -> bool:
        """Whether the host country is in the title, named twice, or speaks: then it need not be in each sentence."""
        places = [mention.start for at in self._named for mention in self._hosts_of(at)]
        return bool(places) and (len(places) > 1 or self._cues.language == "ht" or self._document.in_title(places[0]))

    def _apart(self, number: int) -> list[Hint]:
        """A sender's police or soldiers in a sentence that does not say where they are."""
        cues = self._cues
        forces = cues.of(number, "force")
        if not forces or cues.of(number, "unrelated"):
            return []
        named = self._named.get(number, [])
        people = self._people(number, forces, cues.of(number, "bodies"), named)
        hint = self._served(people, named, []) or self._loosely(number, people, named, [])
        if hint is None:
            return []
        backed = [Hint("apart_backed", cue.start, cue.end) for cue in cues.of(number, "backers")[:1]]
        return [hint._replace(name="served_apart"), *backed]

    def _of_sentence(self, number: int, gangs: bool) -> list[Hint]:
        cues = self._cues
        if cues.of(number, "unrelated"):
            return []
        forces, bodies = cues.of(number, "force"), cues.of(number, "bodies")
        if not (forces or bodies or self._named.get(number)):
            return []
        backers = cues.of(number, "backers")
        region = cues.of(number, "region")
        near = bool(region) or any(self._hosts_of(beside) for beside in (number - 1, number, number + 1))
        named = self._named.get(number, [])
        if not near:
            return []
        hosts = [mention for mention in named if self._is_here(mention)]
        people = self._people(number, forces, bodies, named)
        if backers or cues.of(number, "deploy"):
            people += [Cue(mention.start, mention.end, "force") for mention in self._nationals(named)]
        found: list[Hint | None] = [self._foreign(number, [*people, *bodies], named, hosts)]
        if cues.of(number, "deploy") or forces or cues.count("force"):
            found.append(self._lead_nationals(named))
        if people:
            served = self._served(people, named, hosts)
            if hosts or region:
                found += [served, self._loosely(number, people, named, [*hosts, *region])]
            gangs_here = bool(cues.of(number, "foes"))
            here: list[Mention | Cue] = [
                mention
                for mention in self._hosts_of(number)
                if mention in hosts
                or (gangs_here and mention.sense.part != "demonym" and len(self._hosts_of(number)) < len(named))
            ]
            found.append(self._sent(number, people, named, [*here, *region]))
            beside = (*self._hosts_of(number - 1), *self._hosts_of(number + 1))
            if not hosts and served and any(map(self._is_here, beside)):
                found.append(served._replace(name="served_beside"))
        if bodies:
            body = self._of_the_host(bodies, named) or (self._itself(bodies) if gangs and backers else None)
            if body:
                found.append(body)
                found += [Hint("force_backed", cue.start, cue.end) for cue in backers[:1]]
        return [hint for hint in found if hint]

    def _hosts_of(self, number: int) -> list[Mention]:
        return self._host_named.get(number, [])

    def _nationals(self, named: list[Mention]) -> list[Mention]:
        """A sender's people by their nationality alone: "the Kenyans", "los 75 guatemaltecos", "a thousand Kenyans"."""
        found = []
        for mention in named:
            if mention.sense.part == "demonym" and mention.tag[8:] in self._gazetteer.senders:
                before = self._document.words(max(0, mention.start - 16), mention.start)[-1:]
                after = self._document.words(mention.end, min(len(self._document.text), mention.end + 16))[:1]
                counted = any(
                    word in self._gazetteer.articles or word.isdigit() or word in self._gazetteer.counting
                    for word in before
                )
                if counted and not any(word in self._gazetteer.offices for word in (*before, *after)):
                    found.append(mention)
        return found

    def _lead_nationals(self, named: list[Mention]) -> Hint | None:
        """Those of the country that leads or has led: whom else would an item about the host call "the Kenyans"?"""
        for mention in self._nationals(named):
            if mention.tag[8:] in self._leads:
                return Hint("nationals", mention.start, mention.end)
        return None

    def _is_here(self, mention: Mention) -> bool:
        """Whether the host country is where something happens."""
        if mention.tag[8:] not in self._gazetteer.hosts:
            return False
        if mention.start not in self._here:
            self._here[mention.start] = is_a_place_here(mention, self._document, self._cues.language, self._gazetteer)
        return self._here[mention.start]

    def _people(self, number: int, forces: list[Cue], bodies: list[Cue], named: list[Mention]) -> list[Cue]:
        """Police and soldiers, without those of the host country and without bodies ("the force")."""
        if not forces:
            return []
        taken = {body.start for body in bodies}
        owners = [
            mention for mention in named if mention.tag[8:] in self._gazetteer.hosts and not self._is_here(mention)
        ]
        owners += self._own.get(number, ())
        return [
            force for force in forces if force.start not in taken and not any(self._owns(own, force) for own in owners)
        ]

    def _owns(self, mention: Mention, force: Cue) -> bool:
        if mention.start <= force.start < mention.end:
            return True
        low, high = min(mention.end, force.end), max(mention.start, force.start)
        between = self._document.text[low:high]
        return "," not in between and len(self._document.words(low, high)) <= _OWNED

    def _served(self, people: list[Cue], named: list[Mention], hosts: list[Mention]) -> Hint | None:
        """People of a country that sends some, where the mission is: "Kenyan officers set up a base in Kenscoff"."""
        for mention in named:
            if mention.tag[8:] in self._gazetteer.senders:
                for force in people:
                    theirs = self._owns(mention, force) and not self._speaks_for(mention)
                    if (theirs or self._has(mention, force)) and not self._stay_elsewhere(force, named, hosts):
                        return Hint("served", min(mention.start, force.start), max(mention.end, force.end))
        return None

    def _stay_elsewhere(self, force: Cue, named: list[Mention], hosts: Sequence[Mention | Cue]) -> bool:
        """Whether another place stands nearer to the people than the host country: "Kenyan police in Nairobi"."""
        near = min((abs(host.start - force.start) for host in hosts), default=1_000)
        return any(
            mention.tag[8:] not in self._gazetteer.hosts
            and mention.sense.part != "demonym"
            and abs(mention.start - force.start) < near
            and is_a_place_here(mention, self._document, self._cues.language, self._gazetteer)
            for mention in named
        )

    def _has(self, mention: Mention, force: Cue) -> bool:
        """Whether the people are called the country's after it: "Kenya asked ... vehicles that its police lost"."""
        document = self._document
        beside = document.words(max(0, force.start - 12), force.start)[-1:]
        beside += document.words(force.end, force.end + 8)[:1] if self._cues.language in ("sw", "ht") else []
        return mention.end < force.start and any(word in self._gazetteer.possessives for word in beside)

    def _speaks_for(self, mention: Mention) -> bool:
        after = self._document.words(mention.end, mention.end + 20)[:1]
        return any(word in self._gazetteer.offices for word in after)

    def _sent(self, number: int, people: list[Cue], named: list[Mention], goals: list[Mention | Cue]) -> Hint | None:
        """Any country, court or parliament, sending, police or soldiers, and where to: the host country."""
        sending = self._cues.of(number, "sending")
        others = [mention for mention in named if mention.tag[8:] not in self._gazetteer.hosts]
        deciders: list[Cue] = self._cues.of(number, "deciders")
        if not others:
            sending = sending if deciders else []
            goals = [goal for goal in goals if isinstance(goal, Cue) or goal.sense.part != "capital"]
        for verb in (*sending, *self._cues.of(number, "away")):
            for force in people:
                for host in goals:
                    behind = host.start > verb.end or host.start > force.end
                    between = self._document.text[min(verb.end, force.end) : host.start]
                    if behind and not any(sign in between for sign in ";:") and len(between.split()) <= _LOOSELY:
                        return Hint("sent", min(verb.start, force.start), max(host.end, force.end))
        return None

    def _foreign(self, number: int, people: list[Cue], named: list[Mention], hosts: list[Mention]) -> Hint | None:
        """People who are called foreign: "foreign police", "soldats étrangers"."""
        for foreign in self._cues.of(number, "foreign"):
            for force in people:
                if any(word in self._gazetteer.civilian for word in self._document.words(force.start, force.end)):
                    continue
                low, high = min(foreign.end, force.end), max(foreign.start, force.start)
                if len(self._document.words(low, high)) <= 1 and not self._stay_elsewhere(force, named, hosts):
                    return Hint("foreign_people", min(foreign.start, force.start), max(foreign.end, force.end))
        return None

    def _loosely(
        self, number: int, people: list[Cue], named: list[Mention], hosts: Sequence[Mention | Cue]
    ) -> Hint | None:
        """A sender or its leader, and people who are sent, return or fall, in one sentence."""
        deploys = self._cues.of(number, "deploy")
        senders = [mention for mention in named if mention.tag[8:] in self._gazetteer.senders]
        for mention in (*(senders if deploys else ()), *self._leaders.get(number, ())):
            for force in people:
                low, high = min(mention.end, force.end), max(mention.start, force.start)
                reach = _LOOSELY if deploys and hosts else _CLOSELY
                if len(self._document.words(low, high)) <= reach and not self._stay_elsewhere(force, named, hosts):
                    fallen = any(self._cues.of(number, kind) for kind in ("kind:killed", "kind:injured"))
                    leader = mention.sense.kind == "person"
                    name = "leader_and_force" if leader else "fallen" if fallen else "sender_and_force"
                    return Hint(name, min(mention.start, force.start), max(mention.end, force.end))
        return None

    def _of_the_host(self, bodies: list[Cue], named: list[Mention]) -> Hint | None:
        """ "The security mission in Haiti", "the Haiti mission", "kikosi cha Haiti"."""
        for body in bodies:
            for mention in named:
                if mention.tag[8:] not in self._gazetteer.hosts or mention.sense.part == "demonym":
                    continue
                words = self._document.words(body.end, mention.start) if mention.start > body.end else []
                after = (
                    bool(words)
                    and len(words) <= _HERE
                    and (words[-1] in self._gazetteer.at or words[-1] in self._gazetteer.owners)
                )
                before = 0 <= body.start - mention.end <= 1 or (
                    0 <= body.start - mention.end <= 10 and len(self._document.words(mention.end, body.start)) == 1
                )
                if (after or before) and not self._is_another(body):
                    return Hint("force_here", min(body.start, mention.start), max(body.end, mention.end))
        return None

    def _itself(self, bodies: list[Cue]) -> Hint | None:
        """ "The force", with its article and nothing that makes it another's."""
        for body in bodies:
            before = self._document.words(max(0, body.start - 16), body.start)[-1:]
            after = self._document.words(body.end, body.end + 14)[:1]
            if (
                any(word in self._gazetteer.articles for word in before)
                or any(word in self._gazetteer.articles_after for word in after)
            ) and not self._is_another(body):
                return Hint("force_itself", body.start, body.end)
        return None

    def _is_another(self, body: Cue) -> bool:
        """Whether the words beside a body make it one of the UN's, of a church, of doctors, of the police."""
        document = self._document
        around = document.words(max(0, body.start - 40), body.start)[-_MODIFIES:]
        around += document.words(body.end, body.end + 40)[:_MODIFIES]
        around = [word for word in around if word != b"un" or self._cues.language == "en"]  # elsewhere an article
        return any(word in self._gazetteer.other_bodies for word in around)
