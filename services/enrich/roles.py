"""A country's part in the mission: subject, tense and lists of the sentences that name it; else what is known of it."""

from collections.abc import Iterable

from schemas.messages import Role
from services.enrich.cues import Cue, Cues
from services.enrich.document import Document
from services.enrich.gazetteer import Gazetteer
from services.enrich.mentions import Mention, Mentions

_STRONGEST: tuple[Role, ...] = ("lead", "withdrew", "contributor", "pledged")
_DUTY = ("force", "sending", "away", "backers", "deploy")
_PRIOR: dict[Role, Role] = {"lead": "contributor"}  # that a country leads has to be said
_NEAR = 6  # words, for a country that no mission is known to have
_TIED = 12  # words between a country and a cue, at most


def roles(
    document: Document, mentions: Mentions, cues: Cues, gazetteer: Gazetteer
) -> dict[str, tuple[Role, Cue | None]]:
    """Country code -> (role, the cue that decided it). Countries without a part in the mission are `mentioned`."""
    decided: dict[str, dict[Role, Cue | None]] = {}
    by_sentence: dict[int, list[Mention]] = {}
    for mention in mentions.countries:
        by_sentence.setdefault(document.sentence_at(mention.start), []).append(mention)
        decided.setdefault(mention.tag[8:], {})
    missions = {document.sentence_at(mention.start) for mention in mentions.missions}
    current = [mention for mention in mentions.missions if gazetteer.missions[mention.tag].standing == "current"]
    past = {document.sentence_at(m.start) for m in mentions.missions if gazetteer.missions[m.tag].standing == "past"}
    known = _known(decided, mentions, gazetteer)
    for number, named in by_sentence.items():
        senders = [mention for mention in named if mention.tag[8:] not in mentions.hosts]
        in_context = cues.of(number, "force") or number in missions or (number and cues.of(number - 1, "force"))
        is_past = number in past or (number - 1 in past and not current)
        if not senders or not in_context or is_past:
            continue
        groups = _lists(senders, document, gazetteer)
        for mention, role, cue in _of_sentence(number, groups, current, document, cues, gazetteer):
            decided[mention.tag[8:]].setdefault(role, cue)
        for group in groups:
            if all(decided[mention.tag[8:]] for mention in group):
                continue
            if any(
                _beside_force(mention, number, document, cues) or _serves(mention, document, gazetteer)
                for mention in group
            ):
                for code in (mention.tag[8:] for mention in group):
                    if not decided[code] and known.get(code) in ("lead", "contributor"):
                        decided[code][known[code]] = None
    bodies = {document.sentence_at(m.start) for m in mentions.entities if m.sense.kind == "organisation"}
    for number, named in by_sentence.items():
        undecided = [mention for mention in named if mention.tag[8:] in known and not decided[mention.tag[8:]]]
        if not undecided or number in past or not _on_duty(number, cues, number in bodies):
            continue
        for mention in undecided:
            code = mention.tag[8:]
            if not decided[code] and not _is_official(mention, document, gazetteer):
                decided[code][_PRIOR.get(known[code], known[code])] = None
    result: dict[str, tuple[Role, Cue | None]] = {}
    for code, found in decided.items():
        strongest = next((role for role in _STRONGEST if role in found), None)
        if code in mentions.hosts:
            result[code] = ("host", None)
        else:
            result[code] = (strongest, found[strongest]) if strongest else ("mentioned", None)
    return result


def _on_duty(number: int, cues: Cues, has_a_body: bool) -> bool:
    """Whether a sentence or one beside it speaks of a force or its duties: then what is known of a country holds.

    has_a_body: the sentence names an organisation, whose members the countries may be: it has to speak itself.
    """
    around = range(number, number + 1) if has_a_body else range(max(0, number - 1), number + 2)
    if cues.of(number, "unrelated") or (cues.of(number, "not") and cues.of(number, "role:withdrew")):
        return False
    return any(cues.of(at, tag) for at in around for tag in _DUTY)


def _is_official(mention: Mention, document: Document, gazetteer: Gazetteer) -> bool:
    """Whether the name is a state's or an official's: "the Jamaican government", "Kenya's prime minister"."""
    after = document.words(mention.end, min(len(document.text), mention.end + 40))
    return any(word in gazetteer.offices for word in (*after[:1], b" ".join(after[:2])))


def _of_sentence(
    number: int,
    groups: list[list[Mention]],
    missions: list[Mention],
    document: Document,
    cues: Cues,
    gazetteer: Gazetteer,
) -> list[tuple[Mention, Role, Cue]]:
    """What each country of a sentence does: the cue after its list, else the one before that no other has taken.

    Of countries that no mission is known to have, more is asked: a list, a force beside the name, a near verb.
    """
    found: list[tuple[Mention, Role, Cue]] = []
    leads = {cue: group for cue in cues.of(number, "led_by") for group in groups if _touches(cue, group)}
    signs = [cue for cue in cues.starting("role:").get(number, ()) if not cues.negated(number, cue)]
    signs = [cue for cue in _longest(signs) if not any(lead.start <= cue.start < lead.end for lead in leads)]
    taken: set[Cue] = set()
    waiting: list[tuple[list[Mention], int]] = []
    for place, group in enumerate(groups):
        lead = next((cue for cue, led in leads.items() if led is group), None)
        if lead:
            found += [(mention, "lead", lead) for mention in group]
            continue
        start, end = group[0].start, group[-1].end
        if any(0 <= start - cue.end <= 5 for cue in cues.of(number, "excluding")):
            continue
        stop = groups[place + 1][0].start if place + 1 < len(groups) else document.sentences[number].end
        ahead = [cue for cue in signs if end <= cue.start < stop and len(document.words(end, cue.start)) <= _TIED]
        if ahead:  # the first verb has the tense: "pledged to send", "plans to deploy"
            taken.update(ahead)
            found += [(mention, _role(ahead[0]), ahead[0]) for mention in group]
        else:
            waiting.append((group, groups[place - 1][-1].end if place else document.sentences[number].start))
    for group, since in waiting:
        behind = [cue for cue in signs if cue not in taken and since <= cue.start and cue.end <= group[0].start]
        if behind:
            found += [(mention, _role(behind[-1]), behind[-1]) for mention in group]
    listed = {id(mention) for group in groups if len(group) > 1 for mention in group}
    return [
        (mention, role, cue)
        for mention, role, cue in found
        if mention.tag[8:] in gazetteer.senders
        or (id(mention) in listed and role != "lead")
        or (_beside_force(mention, number, document, cues) and role != "lead")
        or (role == "pledged" and _words_between(mention, cue, document) <= _NEAR)
        or (role == "lead" and any(number == document.sentence_at(m.start) for m in missions))
    ]


def _serves(mention: Mention, document: Document, gazetteer: Gazetteer) -> bool:
    """Whether a nationality is that of the mission's people rather than of an official: no title beside it."""
    if mention.sense.part != "demonym":
        return False
    after = document.words(mention.end, min(len(document.text), mention.end + 40))
    before = document.words(max(0, mention.start - 40), mention.start)
    beside = (*after[:1], b" ".join(after[:2]), *before[-1:], b" ".join(before[-2:]))
    return not any(word in gazetteer.offices for word in beside)


def _touches(cue: Cue, group: list[Mention]) -> bool:
    """Whether a cue stands right after the countries ("Kenya-led") or right before them ("led by Kenya")."""
    return 0 <= cue.start - group[-1].end <= 1 or 0 <= group[0].start - cue.end <= 5


def _words_between(mention: Mention, cue: Cue, document: Document) -> int:
    return len(document.words(min(mention.end, cue.end), max(mention.start, cue.start)))


def _longest(signs: list[Cue]) -> list[Cue]:
    """Of cues that overlap the longest: "be deployed" is a promise, "deployed" is not."""
    kept: list[Cue] = []
    for cue in sorted(signs, key=lambda cue: (cue.start, -cue.end)):
        if not kept or cue.start >= kept[-1].end:
            kept.append(cue)
    return kept


def _role(cue: Cue) -> Role:
    role: Role = cue.tag[5:]  # type: ignore[assignment]
    return role


def _lists(senders: list[Mention], document: Document, gazetteer: Gazetteer) -> list[list[Mention]]:
    """Countries that stand in one list: only commas, articles and conjunctions between them."""
    joining = gazetteer.joining
    groups: list[list[Mention]] = []
    for mention in senders:
        if groups:
            last = groups[-1][-1]
            if mention.start < last.end or all(word in joining for word in document.words(last.end, mention.start)):
                groups[-1].append(mention)
                continue
        groups.append([mention])
    return groups


def _known(codes: Iterable[str], mentions: Mentions, gazetteer: Gazetteer) -> dict[str, Role]:
    """Country code -> its role in the first mission that the item names, else in a current one, that knows it."""
    named = dict.fromkeys(
        [mention.tag for mention in mentions.missions] + [mission.id for mission in gazetteer.current]
    )
    roles_of = gazetteer.known_roles
    return {
        code: next(roles_of[mission, code] for mission in named if (mission, code) in roles_of)
        for code in codes
        if any((mission, code) in roles_of for mission in named)
    }


def _beside_force(mention: Mention, number: int, document: Document, cues: Cues) -> bool:
    """Whether a force noun is tied to the country: "Kenyan police officers", "the officers from Jamaica"."""
    return any(
        len(document.words(min(mention.end, force.end), max(mention.start, force.start))) <= 3
        for force in cues.of(number, "force")
    )
