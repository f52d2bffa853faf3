"""An import: look at what is there, decide, write, note what was written."""

from collections.abc import Sequence

from deploy.kibana import changes
from deploy.kibana.errors import Refused
from deploy.kibana.saved import Object
from deploy.kibana.server import Kibana


def import_objects(kibana: Kibana, ours: Sequence[Object], space: str) -> list[changes.Step]:
    """Import our objects and return what was done with each. Raises Refused, Unreachable.

    What is new is imported without leave to overwrite; only what was just seen to be as we left it is overwritten.
    Killed before the notes are written, the next import takes what this one wrote for changed by somebody.
    """
    record = changes.record({}, space)
    found = kibana.export([*ours, *map(changes.beside, ours), record])
    notes = changes.recorded(found.get(record["id"]))
    steps = changes.steps(ours, found, notes)
    failures: list[str] = []
    for overwrite in (False, True):
        sent = [step.written for step in steps if step.written and (step.verdict == "updated") is overwrite]
        if not sent:
            continue
        written = kibana.write(sent, overwrite=overwrite)
        failures += written.failures
        taken = [one for one in sent if one["id"] in written.taken]
        notes = changes.noted(notes, taken, kibana.export(taken))
        failures += kibana.write([changes.record(notes, space)], overwrite=True).failures
    if failures:
        told = "\n".join(f"  {failure}" for failure in failures)
        raise Refused(f"{kibana.url} did not take every object:\n{told}")
    return steps
