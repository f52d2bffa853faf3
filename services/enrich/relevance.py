"""How much an item is about the mission: features found in it, their weights from the gazetteer, and the evidence."""

import math
from typing import NamedTuple

from services.enrich.cues import Cue, Cues
from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mention, Mentions
from services.enrich.oblique import Oblique
from services.enrich.scene import Scene, is_a_place_here

_CERTAIN = frozenset(("force_led_by", "served", "nationals"))  # are never an earlier mission's
_LEAD = 600  # characters of the text that say what it is about
_OFTEN = 3
_TOPIC_WORDS = 5
_BESIDE = 8  # words from a sender to its force
_MODIFIES = 2  # from "foreign" or "multinational" to it
_NEAR = 45  # characters from "Kenya-led" to the force


class Feature(NamedTuple):
    """A reason: the weight's name in relevance.yaml, and where the text gives it; (0, 0) for what is missing."""

    name: str
    start: int
    end: int


def can_matter(mentions: Mentions) -> bool:
    """Whether the costly steps are worth it: the host country is named, or a mission for certain."""
    return bool(mentions.hosts) or any(not mention.sense.ambiguous for mention in mentions.missions)


def features(document: Document, mentions: Mentions, cues: Cues, gazetteer: Gazetteer) -> list[Feature]:
    """The reasons for and against, each at most once."""
    lead = document.body + _LEAD
    current = [m for m in mentions.missions if gazetteer.missions[m.tag].standing == "current"]
    past = [m for m in mentions.missions if gazetteer.missions[m.tag].standing == "past"]
    found = _by_place("mission", current, document, lead)
    if len(current) >= _OFTEN:
        found.append(Feature("mission_often", current[_OFTEN - 1].start, current[_OFTEN - 1].end))
    if mentions.hosts:
        found += _key_people(document, mentions, gazetteer, lead)
        described = _described(document, mentions, cues, gazetteer)
        found += _by_place("described", described, document, lead)
        if len(described) >= _OFTEN:
            found.append(Feature("described_often", described[_OFTEN - 1].start, described[_OFTEN - 1].end))
        found += _force_led_by(document, mentions, cues, gazetteer)
        if not current and not described:
            found += _foreign_force(document, mentions, cues, gazetteer)
            found += [Feature(*hint) for hint in Oblique(Scene(document, mentions, cues, gazetteer)).hints()]
    elif found:
        found.append(Feature("no_host", 0, 0))
    if mentions.namesakes and not current:
        found.append(Feature("namesake", mentions.namesakes[0].start, mentions.namesakes[0].end))
    if past and not current and not _also_the_present(found, past, document, gazetteer):
        found.append(Feature("earlier_mission", past[0].start, past[0].end))
    if found and not current and cues.of(0, "unrelated"):
        found.append(Feature("unrelated_title", cues.of(0, "unrelated")[0].start, cues.of(0, "unrelated")[0].end))
    names = {feature.name for feature in found}
    if cues.count("other_topics") >= _TOPIC_WORDS and not names & {"mission_title", "mission_lead", "described_title"}:
        found.append(Feature("other_topic", 0, 0))
    return found


def _also_the_present(found: list[Feature], past: list[Mention], document: Document, gazetteer: Gazetteer) -> bool:
    """Whether something tells of the present mission in a sentence that does not speak of an earlier one."""
    spoken = {document.sentence_at(mention.start) for mention in past}
    for feature in found:
        number = document.sentence_at(feature.start)
        span = document.sentences[number]
        certain = feature.name in _CERTAIN or feature.name.startswith("described_")
        if certain and number not in spoken and not gazetteer.past_years.search(document.text, span.start, span.end):
            return True
    return False


def score(found: list[Feature], gazetteer: Gazetteer) -> float:
    """The relevance, 0 to 1, two digits."""
    relevance = gazetteer.files.relevance
    total = relevance.bias + sum(relevance.weights[feature.name] for feature in found)
    return round(1 / (1 + math.exp(-total)), 2)


def _by_place(name: str, spans: list[Mention] | list[Feature], document: Document, lead: int) -> list[Feature]:
    """The first span as `name_title`, `name_lead` or `name_body`; a title beside a lead is more certain than either."""
    if not spans:
        return []
    first = spans[0]
    place = "title" if document.in_title(first.start) else "lead" if first.start < lead else "body"
    return [Feature(f"{name}_{place}", first.start, first.end)]


def _key_people(document: Document, mentions: Mentions, gazetteer: Gazetteer, lead: int) -> list[Feature]:
    found: dict[str, Feature] = {}
    for mention in mentions.entities:
        if gazetteer.entries[mention.tag].of_mission and mention.sense.kind != "mission":
            name = "key_person" if mention.sense.kind == "person" else "key_body"
            where = f"{name}_lead" if mention.start < lead else name
            found.setdefault(name, Feature(where, mention.start, mention.end))
    return list(found.values())


def _described(document: Document, mentions: Mentions, cues: Cues, gazetteer: Gazetteer) -> list[Feature]:
    """Sentences that have the host country, a sender or "foreign", a force and a deployment; one a sentence."""
    if not cues.count("force") or not cues.count("deploy"):
        return []
    if not cues.count("foreign") and not any(mention.tag[8:] in gazetteer.senders for mention in mentions.countries):
        return []
    found = []
    countries: dict[int, list[Mention]] = {}
    for mention in mentions.countries:
        countries.setdefault(document.sentence_at(mention.start), []).append(mention)
    for number, named in sorted(countries.items()):
        hosts = [mention for mention in named if mention.tag[8:] in gazetteer.hosts]
        if not hosts:
            continue
        forces, deploys = cues.of(number, "force"), cues.of(number, "deploy")
        if not forces or not deploys or cues.of(number, "unrelated"):
            continue
        if not any(
            _is_a_place(mention, [*forces, *cues.of(number, "foes")]) and not _only_left(mention, document, gazetteer)
            for mention in hosts
        ):
            continue
        senders = [mention for mention in named if mention.tag[8:] in gazetteer.senders]
        if _elsewhere(named, hosts, document, cues, gazetteer):
            continue
        sender = _beside(senders, forces, document, _BESIDE)
        sender = sender or _foreign(number, cues, document, gazetteer)
        if sender:
            found.append(Feature("described", sender[0], sender[1]))
    return found


def _elsewhere(
    named: list[Mention], hosts: list[Mention], document: Document, cues: Cues, gazetteer: Gazetteer
) -> bool:
    """Whether the sentence sends people to another country, and has the host country by the way only."""
    others = [
        mention
        for mention in named
        if mention.sense.part != "demonym" and mention.tag[8:] not in gazetteer.hosts | gazetteer.senders
    ]
    return any(is_a_place_here(mention, document, cues.language, gazetteer) for mention in others) and not any(
        is_a_place_here(host, document, cues.language, gazetteer) for host in hosts
    )


def _only_left(mention: Mention, document: Document, gazetteer: Gazetteer) -> bool:
    """Whether others come from the host country: "boats from Haiti", but not "back from Haiti"."""
    before = document.words(max(0, mention.start - 20), mention.start)[-2:]
    return before[-1:] == [b"from"] and b" ".join(before) not in gazetteer.at


def _is_a_place(mention: Mention, nouns: list[Cue]) -> bool:
    """Whether the host's name is more than its people: "Haiti", "Haitian police", but not "37 Haitians"."""
    return mention.sense.part != "demonym" or any(
        0 <= noun.start - mention.end <= 1 or 0 <= mention.start - noun.end <= 1 for noun in nouns
    )


def _foreign(number: int, cues: Cues, document: Document, gazetteer: Gazetteer) -> tuple[int, int] | None:
    """A force that its sentence calls foreign: "foreign police", "multinational security force"."""
    for foreign in cues.of(number, "foreign"):
        for force in cues.of(number, "force"):
            if any(word in gazetteer.civilian for word in document.words(force.start, force.end)):
                continue  # "personnel international"
            ahead = force.start >= foreign.end and len(document.words(foreign.end, force.start)) <= _MODIFIES
            if ahead or 0 <= foreign.start - force.end <= 1:
                return min(foreign.start, force.start), max(foreign.end, force.end)
    return None


def _foreign_force(document: Document, mentions: Mentions, cues: Cues, gazetteer: Gazetteer) -> list[Feature]:
    """A foreign force, where its sentence or one beside it has the host country and those it is to fight."""
    if not cues.count("force") or not cues.count("foreign"):
        return []
    hosts = {document.sentence_at(m.start) for m in mentions.countries if m.tag[8:] in gazetteer.hosts}
    about = any(document.in_title(m.start) for m in mentions.countries if m.tag[8:] in gazetteer.hosts)
    for number in cues.by_sentence("foreign"):
        force = _foreign(number, cues, document, gazetteer)
        around = range(max(0, number - 1), min(len(document.sentences), number + 2))
        if (
            force
            and (cues.of(number, "foes") if about and not hosts & set(around) else hosts & set(around))
            and any(cues.of(near, "foes") for near in around)
            and not cues.of(number, "unrelated")
        ):
            return [Feature("foreign_force", *force)]
    return []


def _beside(
    names: list[Mention] | list[Cue], forces: list[Cue], document: Document, reach: int
) -> tuple[int, int] | None:
    """From the first name to a force noun that stands within `reach` words of it."""
    for name in names:
        for force in forces:
            between = document.words(min(name.end, force.end), max(name.start, force.start))
            if len(between) <= reach:
                return min(name.start, force.start), max(name.end, force.end)
    return None


def _force_led_by(document: Document, mentions: Mentions, cues: Cues, gazetteer: Gazetteer) -> list[Feature]:
    """A force "led by" one of the mission's own leads: "Kenya-led force", "la force dirigée par le Kenya"."""
    if not cues.count("led_by"):
        return []
    leads = {code for mission in gazetteer.current for code in mission.roles.get("lead", ())}
    for mention in mentions.countries:
        if mention.tag[8:] not in leads:
            continue
        number = document.sentence_at(mention.start)
        for cue in cues.of(number, "led_by"):
            beside = 0 <= cue.start - mention.end <= 1 or 0 <= mention.start - cue.end <= 5
            for force in cues.of(number, "force") if beside else ():
                if abs(force.start - cue.start) <= _NEAR:
                    return [
                        Feature(
                            "force_led_by",
                            min(mention.start, cue.start, force.start),
                            max(mention.end, cue.end, force.end),
                        )
                    ]
    return []
