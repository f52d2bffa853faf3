"""How a sentence ties police or soldiers to the host country without naming the mission: who sent or leads them."""

from collections.abc import Sequence
from typing import NamedTuple

from services.enrich.cues import Cue
from services.enrich.mentions import Mention
from services.enrich.scene import Scene

_MODIFIES = 3  # words around a body that say that it is another's: "the UN's political mission"
_HERE = 3  # words from a body to the host country: "the security mission in Haiti"
_CLOSELY = 5  # words from a sender to the people, where no verb of sending is near
_LOOSELY = 14  # ... and at most


class Hint(NamedTuple):
    """A reason's name in relevance.yaml and where the text gives it."""

    name: str
    start: int
    end: int


def lead_nationals(scene: Scene, named: list[Mention]) -> Hint | None:
    """Those of the country that leads or has led: whom else would an item about the host call "the Kenyans"?"""
    for mention in scene.nationals(named):
        if mention.tag[8:] in scene.leads:
            return Hint("nationals", mention.start, mention.end)
    return None


def served(scene: Scene, people: list[Cue], named: list[Mention], hosts: list[Mention]) -> Hint | None:
    """People of a country that sends some, where the mission is: "Kenyan officers set up a base in Kenscoff"."""
    for mention in named:
        if mention.tag[8:] in scene.gazetteer.senders:
            for force in people:
                theirs = scene.owns(mention, force) and not scene.speaks_for(mention)
                if (theirs or scene.has(mention, force)) and not scene.stay_elsewhere(force, named, hosts):
                    return Hint("served", min(mention.start, force.start), max(mention.end, force.end))
    return None


def sent(scene: Scene, number: int, people: list[Cue], named: list[Mention], goals: list[Mention | Cue]) -> Hint | None:
    """Any country, court or parliament, sending, police or soldiers, and where to: the host country."""
    sending = scene.cues.of(number, "sending")
    others = [mention for mention in named if mention.tag[8:] not in scene.gazetteer.hosts]
    deciders: list[Cue] = scene.cues.of(number, "deciders")
    if not others:
        sending = sending if deciders else []
        goals = [goal for goal in goals if isinstance(goal, Cue) or goal.sense.part != "capital"]
    for verb in (*sending, *scene.cues.of(number, "away")):
        for force in people:
            for host in goals:
                behind = host.start > verb.end or host.start > force.end
                between = scene.document.text[min(verb.end, force.end) : host.start]
                if behind and not any(sign in between for sign in ";:") and len(between.split()) <= _LOOSELY:
                    return Hint("sent", min(verb.start, force.start), max(host.end, force.end))
    return None


def arrived(scene: Scene, number: int, people: list[Cue], hosts: list[Mention]) -> Hint | None:
    """Police or soldiers who arrive in the host country, whoever sent them: its own are there."""
    for verb in scene.cues.of(number, "arriving"):
        for force in people:
            for host in hosts:
                if host.sense.part == "capital" or scene.document.text[host.end : host.end + 1] in ("'", "’"):
                    continue  # "arrived in Cité Soleil", "in Haiti's Artibonite"
                near = len(scene.document.words(min(verb.end, force.end), max(verb.start, force.start)))
                ahead = len(scene.document.words(max(verb.end, force.end), host.start)) if host.start > verb.end else 99
                if near <= _CLOSELY and ahead <= _CLOSELY:
                    return Hint("arrived", min(verb.start, force.start), host.end)
    return None


def strength_of_people(scene: Scene, number: int) -> Hint | None:
    """About the number of people that the force is to have, with the people: "5 500 soldats et policiers"."""
    for size in scene.cues.of(number, "strength_about"):
        for force in scene.cues.of(number, "force"):
            if force.start - size.end >= 0 and len(scene.document.words(size.end, force.start)) <= 1:
                return Hint("strength_of_people", size.start, force.end)
    return None


def foreign(scene: Scene, number: int, people: list[Cue], named: list[Mention], hosts: list[Mention]) -> Hint | None:
    """People who are called foreign: "foreign police", "soldats étrangers"."""
    for foreign in scene.cues.of(number, "foreign"):
        for force in people:
            if any(word in scene.gazetteer.civilian for word in scene.document.words(force.start, force.end)):
                continue
            low, high = min(foreign.end, force.end), max(foreign.start, force.start)
            if len(scene.document.words(low, high)) <= 1 and not scene.stay_elsewhere(force, named, hosts):
                return Hint("foreign_people", min(foreign.start, force.start), max(foreign.end, force.end))
    return None


def loosely(
    scene: Scene, number: int, people: list[Cue], named: list[Mention], hosts: Sequence[Mention | Cue]
) -> Hint | None:
    """A sender or its leader, and people who are sent, return or fall, in one sentence."""
    deploys = scene.cues.of(number, "deploy")
    senders = [mention for mention in named if mention.tag[8:] in scene.gazetteer.senders]
    for mention in (*(senders if deploys else ()), *scene.leaders.get(number, ())):
        for force in people:
            low, high = min(mention.end, force.end), max(mention.start, force.start)
            reach = _LOOSELY if deploys and hosts else _CLOSELY
            if len(scene.document.words(low, high)) <= reach and not scene.stay_elsewhere(force, named, hosts):
                fallen = any(scene.cues.of(number, kind) for kind in ("kind:killed", "kind:injured"))
                leader = mention.sense.kind == "person"
                name = "leader_and_force" if leader else "fallen" if fallen else "sender_and_force"
                return Hint(name, min(mention.start, force.start), max(mention.end, force.end))
    return None


def of_the_host(scene: Scene, bodies: list[Cue], forces: list[Cue], named: list[Mention]) -> Hint | None:
    """ "The security mission in Haiti", "the Haiti mission", "kikosi cha Haiti"."""
    for body in bodies:
        if scene.document.words(max(0, body.start - 6), body.start)[-1:] in ([b"de"], [b"of"]):
            continue  # "chef de mission", "head of mission"
        for mention in named:
            if mention.tag[8:] not in scene.gazetteer.hosts or mention.sense.part == "demonym":
                continue
            words = scene.document.words(body.end, mention.start) if mention.start > body.end else []
            after = (
                bool(words)
                and len(words) <= _HERE
                and (words[-1] in scene.gazetteer.at or words[-1] in scene.gazetteer.owners)
            )
            before = 0 <= body.start - mention.end <= 1 or (
                0 <= body.start - mention.end <= 10 and len(scene.document.words(mention.end, body.start)) == 1
            )
            if (after or before) and not _is_another(scene, body):
                name = "force_here" if any(force.start == body.start for force in forces) else "operation_here"
                return Hint(name, min(body.start, mention.start), max(body.end, mention.end))
    return None


def itself(scene: Scene, bodies: list[Cue]) -> Hint | None:
    """ "The force", with its article and nothing that makes it another's."""
    for body in bodies:
        before = scene.document.words(max(0, body.start - 24), body.start)[-2:]  # "the struggling mission"
        after = scene.document.words(body.end, body.end + 14)[:1]
        if (
            any(word in scene.gazetteer.articles for word in before)
            or any(word in scene.gazetteer.articles_after for word in after)
        ) and not _is_another(scene, body):
            return Hint("force_itself", body.start, body.end)
    return None


def _is_another(scene: Scene, body: Cue) -> bool:
    """Whether the words beside a body make it one of the UN's, of a church, of doctors, of the police."""
    document = scene.document
    around = document.words(max(0, body.start - 40), body.start)[-_MODIFIES:]
    around += document.words(body.end, body.end + 40)[:_MODIFIES]
    around = [word for word in around if word != b"un" or scene.cues.language == "en"]  # elsewhere an article
    return any(word in scene.gazetteer.other_bodies for word in around)
