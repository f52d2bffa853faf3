"""What the opening of an item has taken together: feeds often bring a title and a sentence, and neither says it all."""

from services.enrich.cues import Cue
from services.enrich.mentions import Mention
from services.enrich.scene import Scene
from services.enrich.ties import Hint

_OPENING = 450  # characters from the title's beginning
_STRONG = ("sending", "away", "arriving", "backers", "role:withdrew", "role:pledged")


def opening(scene: Scene) -> list[Hint]:
    """The host country as a place, a sender or its leader, police or soldiers that are not the host's, and a duty."""
    sentences = _sentences(scene)
    hosts = [mention for number in sentences for mention in scene.hosts_of(number) if _is_place(scene, mention)]
    if not hosts and not any(scene.cues.of(number, "region") for number in sentences):
        return []
    senders = [mention for number in sentences for mention in _senders(scene, number)]
    people = [force for number in sentences for force in _people(scene, number)]
    if not senders or not people:
        return []
    strong = any(scene.cues.of(number, tag) for number in sentences for tag in _STRONG)
    if not strong and not any(scene.cues.of(number, "deploy") for number in sentences):
        return []
    found = [Hint("opening_sent" if strong else "opening", people[0].start, people[0].end)]
    lead = next((mention for mention in senders if mention.tag[8:] in scene.leads), None)
    if lead and not strong:
        found.append(Hint("opening_lead", lead.start, lead.end))
    return found


def _sentences(scene: Scene) -> list[int]:
    """The sentences of the opening; none where one of them is about something else that has soldiers in it."""
    document = scene.document
    numbers = [number for number, span in enumerate(document.sentences) if span.start < _OPENING]
    if any(scene.cues.of(number, "unrelated") for number in numbers):
        return []
    spans = [document.sentences[number] for number in numbers]
    return [
        number
        for number, span in zip(numbers, spans, strict=True)
        if not scene.gazetteer.past_years.search(document.text, span.start, span.end)
    ]


def _is_place(scene: Scene, mention: Mention) -> bool:
    return mention.sense.part != "demonym" or scene.is_here(mention)


def _senders(scene: Scene, number: int) -> list[Mention]:
    named = [mention for mention in scene.named.get(number, []) if mention.tag[8:] in scene.gazetteer.senders]
    return [*named, *scene.leaders.get(number, [])]


def _people(scene: Scene, number: int) -> list[Cue]:
    """Police or soldiers, and those of a sender by their own name: "JDF"."""
    cues, named = scene.cues, scene.named.get(number, [])
    theirs = [Cue(mention.start, mention.end, "force") for mention in scene.theirs.get(number, [])]
    return theirs + scene.people(number, cues.of(number, "force"), cues.of(number, "bodies"), named)
