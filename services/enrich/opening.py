"""What the opening of an item has taken together: feeds often bring a title and a sentence, and neither says it all."""

from services.enrich.cues import Cue
from services.enrich.mentions import Mention
from services.enrich.scene import Scene, is_a_place_here
from services.enrich.ties import Hint, itself

_OPENING = 450  # characters from the title's beginning
_SECURITY = ("force", "bodies", "foes", "backers", "sending", "role:withdrew", "role:pledged")
_STRONG = ("sending", "away", "arriving", "backers", "role:withdrew", "role:pledged")


def opening(scene: Scene) -> list[Hint]:
    """The reasons that the opening gives, where it has the host country as a place; at most two."""
    sentences = _sentences(scene)
    if not sentences:
        return []
    senders = [mention for number in sentences for mention in _senders(scene, number)]
    people = [force for number in sentences for force in _people(scene, number)]
    history = any(scene.is_past(number) for number in (0, 1))  # "peacekeepers accused": of 2007
    duties = [tag for tag in _STRONG if not history or tag != "backers"]
    strong = any(scene.cues.of(number, tag) for number in sentences for tag in duties)
    duty = strong or (not history and any(scene.cues.of(number, "deploy") for number in sentences))
    lead = next((mention for mention in senders if mention.tag[8:] in scene.leads), None)
    named = [mention for number in sentences for mention in scene.hosts_of(number)]
    if not _is_here(scene, sentences, named) and not (named and lead and people and strong):
        return []
    found = []
    if senders and people and duty:
        found.append(Hint("opening_sent" if strong else "opening", people[0].start, people[0].end))
        if lead and not strong:
            found.append(Hint("opening_lead", lead.start, lead.end))
    elif lead and named and any(scene.cues.of(number, tag) for number in sentences for tag in _SECURITY):
        found.append(Hint("lead_and_host", lead.start, lead.end))
    elif people and (serving := _serving(scene, sentences)):
        found.append(serving)
    elif (body := _itself(scene, sentences)) and any(scene.cues.of(number, "backers") for number in sentences):
        found.append(body)
    return found


def _sentences(scene: Scene) -> list[int]:
    """The sentences of the opening; none where one of them is about something else that has soldiers in it."""
    document = scene.document
    numbers = [number for number, span in enumerate(document.sentences) if span.start < _OPENING]
    if any(scene.cues.of(number, "unrelated") for number in numbers):
        return []
    return [number for number in numbers if not scene.is_past(number)]


def _is_here(scene: Scene, sentences: list[int], hosts: list[Mention]) -> bool:
    """Whether the host country is a place in it, or is meant: by its region, or by a language that is spoken there."""
    if any(scene.is_here(mention) or _is_subject(scene, mention) for mention in hosts):
        return True
    if any(scene.cues.of(number, "region") for number in sentences):
        return True
    named = [mention for number in sentences for mention in scene.named.get(number, [])]
    return scene.cues.language in scene.gazetteer.home_languages and not any(
        mention.sense.part != "demonym"
        and is_a_place_here(mention, scene.document, scene.cues.language, scene.gazetteer)
        for mention in named
    )


def _is_subject(scene: Scene, mention: Mention) -> bool:
    """Whether the title has the host country: "Haiti: ...", "Kenya's Haiti exit", but not "Haiti's footballers"."""
    owner = scene.document.text[mention.end : mention.end + 1] in ("'", "’")
    return scene.document.in_title(mention.start) and mention.sense.part != "demonym" and not owner


def _senders(scene: Scene, number: int) -> list[Mention]:
    named = [mention for mention in scene.named.get(number, []) if mention.tag[8:] in scene.gazetteer.senders]
    return [*named, *scene.leaders.get(number, [])]


def _people(scene: Scene, number: int) -> list[Cue]:
    cues, named = scene.cues, scene.named.get(number, [])
    people = scene.people(number, cues.of(number, "force"), cues.of(number, "bodies"), named)
    here = scene.hosts_of(number)
    return scene.their_own(number) + [force for force in people if not scene.stay_elsewhere(force, named, here)]


def _serving(scene: Scene, sentences: list[int]) -> Hint | None:
    """ "Serving in Haiti", in a sentence that need not say who."""
    for number in sentences:
        for cue in scene.cues.of(number, "serving"):
            for host in scene.hosts_of(number):
                if 0 <= host.start - cue.end <= 1:
                    return Hint("serving", cue.start, host.end)
    return None


def _itself(scene: Scene, sentences: list[int]) -> Hint | None:
    """ "The mission", "the force", where the title has the host country."""
    home = scene.cues.language in scene.gazetteer.home_languages
    if not home and not any(host.sense.part == "name" for host in scene.hosts_of(0)):
        return None
    for number in sentences:
        forces = {force.start for force in scene.cues.of(number, "force")}
        bodies = [body for body in scene.cues.of(number, "bodies") if body.start in forces]
        if body := itself(scene, bodies):
            return body._replace(name="opening_itself")
    return None
