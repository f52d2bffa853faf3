"""What tells of the mission in an item that neither names it nor says in so many words who sent whom."""

from collections.abc import Iterable

from services.enrich import ties
from services.enrich.cues import Cue, Cues
from services.enrich.mentions import Mention
from services.enrich.opening import opening
from services.enrich.scene import Scene
from services.enrich.ties import Hint

_SIGNS = ("force", "bodies", "strength", "deploy", "backers", "role:withdrew")
_DUTIES = 2  # sentences that speak of a base, a patrol, a return
_OFTEN = 2
_SEVERAL = 3  # senders, in an item that is about their force

_CLOSER = frozenset(("sent", "served", "fallen", "served_beside"))
_SURE = frozenset(("called", "arrived", "leader_and_force", "foreign_people", "together"))
_WEAKER = ("served_beside", "sender_and_force", "served_apart", "apart_backed")  # say less of the same


class Oblique:
    """The hints of one document."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def hints(self) -> list[Hint]:
        """Each reason once, at its first place."""
        if not self._scene.theirs and not any(map(self._scene.cues.count, _SIGNS)):
            return []
        found: dict[str, Hint] = {}
        gangs = self._scene.cues.count("foes") > 0
        apart = self._scene.is_about_the_host()
        forces = self._scene.cues.by_sentence("force").keys()
        near = self._near_the_host(forces)
        for number in sorted(near | forces if apart else near):
            if self._scene.cues.of(number, "unrelated"):
                continue
            sentence = (self._of_sentence(number, gangs) if number in near else []) or (
                self._apart(number) if apart else []
            )
            if not sentence or self._scene.is_past(number):
                continue
            for hint in sentence:
                if not self._is_history(number, hint):
                    found.setdefault(hint.name, hint)
        for hint in self._names_and_numbers():
            found.setdefault(hint.name, hint)
        if not found.keys() & _CLOSER and apart:
            found |= {hint.name: hint for hint in self._together()}
        if not found.keys() & (_CLOSER | _SURE):
            found |= {hint.name: hint for hint in opening(self._scene)}
            if found.keys() & {"opening", "opening_sent"}:
                found.pop("sender_apart", None)  # says the same
        for name in _CLOSER & found.keys():
            for weaker in _WEAKER[_WEAKER.index(name) + 1 :] if name in _WEAKER else _WEAKER:
                found.pop(weaker, None)
        return list(found.values())

    def _near_the_host(self, forces: Iterable[int]) -> set[int]:
        """The sentences with a country, a force or a body that have the host country or its region, or stand beside."""
        cues, scene = self._scene.cues, self._scene
        near = {beside for number in scene.host_named for beside in (number - 1, number, number + 1)}
        near.update(cues.by_sentence("region"))
        return near.intersection((*forces, *cues.by_sentence("bodies"), *scene.named))

    def _names_and_numbers(self) -> list[Hint]:
        """What the force is called for short, and the number of people that it is to have."""
        scene, cues = self._scene, self._scene.cues
        found = []
        for number in _sentences(cues, ("called", "strength", "strength_about")):
            if not cues.of(number, "unrelated") and not scene.is_past(number):
                found += [Hint("called", cue.start, cue.end) for cue in cues.of(number, "called")[:1]]
            if size := ties.strength_of_people(scene, number):
                found.append(size)
            for cue in cues.of(number, "strength")[:1]:
                found.append(Hint("strength", cue.start, cue.end))
                if cues.count("force"):
                    found.append(Hint("strength_of_force", cue.start, cue.end))
        return found

    def _is_history(self, number: int, hint: Hint) -> bool:
        """Whether the sentence beside says that a year long past is meant: before it, or after a title."""
        if hint.name == "foreign_people":
            beside = max(0, number - 1)
        elif (
            hint.name == "served"
            and number == 0
            and not any(self._scene.cues.of(0, tag) for tag in ("sending", "arriving", "away", "role:withdrew"))
        ):
            beside = 1
        else:
            return False
        return self._scene.is_past(beside)

    def _together(self) -> list[Hint]:
        """What a whole item has: the host country, a sender, police or soldiers and their duty, in any sentence."""
        if not self._can_be_together():
            return []
        senders: dict[str, Mention] = {}
        people: Cue | None = None
        tied = False
        duties = hosts = 0
        cues = self._scene.cues
        for number in sorted({*self._scene.named, *_sentences(cues, ("force", "backers", "away", "sending"))}):
            if cues.of(number, "unrelated") or self._scene.is_past(number):
                continue
            named = self._scene.named.get(number, [])
            for mention in named:
                if mention.tag[8:] in self._scene.gazetteer.senders:
                    senders.setdefault(mention.tag[8:], mention)
            here = self._scene.hosts_of(number)
            hosts += len(here)
            duties += sum(bool(cues.of(number, tag)) for tag in ("backers", "away", "sending"))
            if forces := cues.of(number, "force"):
                theirs = self._scene.people(number, forces, cues.of(number, "bodies"), named)
                those = next((force for force in theirs if not self._scene.stay_elsewhere(force, named, here)), None)
                people = people or those
                tied = tied or (those is not None and any(m.tag[8:] in self._scene.gazetteer.senders for m in named))
        if people is None or duties < _DUTIES or hosts < _OFTEN or not senders:
            return []
        found = [Hint("together", people.start, people.end)]
        lead = next((mention for code, mention in senders.items() if code in self._scene.leads), None)
        if lead:
            found.append(Hint("together_lead", lead.start, lead.end))
        if tied and len(senders) >= _SEVERAL:
            last = list(senders.values())[-1]
            found.append(Hint("together_several", last.start, last.end))
        return found

    def _can_be_together(self) -> bool:
        """A cheap look at the whole item for what _together asks of its sentences."""
        return (
            self._scene.cues.count("force") > 0
            and sum(map(self._scene.cues.count, ("backers", "away", "sending"))) >= _DUTIES
            and sum(map(len, self._scene.host_named.values())) >= _OFTEN
            and any(m.tag[8:] in self._scene.gazetteer.senders for named in self._scene.named.values() for m in named)
        )

    def _apart(self, number: int) -> list[Hint]:
        """A sender's police or soldiers in a sentence that does not say where they are."""
        cues = self._scene.cues
        forces = cues.of(number, "force")
        if not forces:
            return []
        named = self._scene.named.get(number, [])
        people = self._scene.people(number, forces, cues.of(number, "bodies"), named)
        hint = ties.served(self._scene, people, named, []) or ties.loosely(self._scene, number, people, named, [])
        if hint is None:
            return []
        if hint.name == "sender_and_force":
            return [hint._replace(name="sender_apart")]
        backed = [Hint("apart_backed", cue.start, cue.end) for cue in cues.of(number, "backers")[:1]]
        return [hint._replace(name="served_apart"), *backed]

    def _of_sentence(self, number: int, gangs: bool) -> list[Hint]:
        cues = self._scene.cues
        forces, bodies = cues.of(number, "force"), cues.of(number, "bodies")
        backers = cues.of(number, "backers")
        region = cues.of(number, "region")
        named = self._scene.named.get(number, [])
        withdrew = bool(cues.of(number, "role:withdrew"))
        hosts = [
            mention
            for mention in named
            if self._scene.is_here(mention) or (withdrew and mention in self._scene.hosts_of(number))
        ]
        people = self._scene.people(number, forces, bodies, named) + self._scene.their_own(number)
        if backers or cues.of(number, "deploy"):
            people += [Cue(mention.start, mention.end, "force") for mention in self._scene.nationals(named)]
        found: list[Hint | None] = [ties.foreign(self._scene, number, [*forces, *people, *bodies], named, hosts)]
        if cues.of(number, "deploy") or forces or cues.count("force"):
            found.append(ties.lead_nationals(self._scene, named))
        if people:
            served = ties.served(self._scene, people, named, hosts)
            if hosts or region:
                found += [served, ties.loosely(self._scene, number, people, named, [*hosts, *region])]
            if hosts:
                found.append(ties.arrived(self._scene, number, people, hosts))
            gangs_here = bool(cues.of(number, "foes"))
            here: list[Mention | Cue] = [
                mention
                for mention in self._scene.hosts_of(number)
                if mention in hosts
                or (gangs_here and mention.sense.part != "demonym" and len(self._scene.hosts_of(number)) < len(named))
            ]
            found.append(ties.sent(self._scene, number, people, named, [*here, *region]))
            beside = (*self._scene.hosts_of(number - 1), *self._scene.hosts_of(number + 1))
            if not hosts and served and any(map(self._scene.is_here, beside)):
                found.append(served._replace(name="served_beside"))
        if bodies:
            body = ties.of_the_host(self._scene, bodies, forces, named) or (
                ties.itself(self._scene, bodies) if gangs and backers else None
            )
            if body:
                found.append(body)
                found += [Hint("force_backed", cue.start, cue.end) for cue in backers[:1]]
        return [hint for hint in found if hint]


def _sentences(cues: Cues, tags: Iterable[str]) -> list[int]:
    """The sentences that have a cue of any of the tags, in order."""
    return sorted({number for tag in tags for number in cues.by_sentence(tag)})
