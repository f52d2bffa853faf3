"""Which objects somebody changed, and where ours goes then."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deploy.kibana import changes
from deploy.kibana.changes import Note, digest
from deploy.kibana.saved import Object, saved

OURS = saved("dashboard", "coverage", {"title": "Coverage", "panelsJSON": "[]"}, [])


def stored(one: Object, at: str = "2026-01-01T00:00:00.000Z", **attributes: Any) -> Object:
    """The object as Kibana has it: with its own key, as migrations leave one, and when it was written."""
    return one | {"updated_at": at, "attributes": one["attributes"] | {"migrated": True} | attributes}


def note(there: Object, sent: Object = OURS) -> Note:
    return Note(digest(sent), digest(there), there["updated_at"])


def test_what_is_not_there_is_installed() -> None:
    [step] = changes.steps([OURS], {}, {})
    assert (step.verdict, step.written) == ("new", OURS)


def test_what_nobody_changed_and_we_did_not_is_left() -> None:
    there = stored(OURS)
    [step] = changes.steps([OURS], {"coverage": there}, {"coverage": note(there)})
    assert (step.verdict, step.written) == ("unchanged", None)


def test_what_nobody_changed_is_replaced_by_a_newer_ours() -> None:
    there = stored(OURS)
    newer = OURS | {"attributes": OURS["attributes"] | {"title": "Coverage, better"}}
    [step] = changes.steps([newer], {"coverage": there}, {"coverage": note(there)})
    assert (step.verdict, step.written) == ("updated", newer)


def test_what_somebody_changed_stays_and_ours_is_put_beside_it_once() -> None:
    before = stored(OURS)
    there = stored(OURS, at="2026-02-01T00:00:00.000Z", title="Mine")
    [step] = changes.steps([OURS], {"coverage": there}, {"coverage": note(before)})
    assert step.verdict == "kept"
    assert step.written is not None
    assert step.written["id"] != "coverage"
    assert step.written["attributes"]["title"] == "Coverage (as shipped)"
    found = {"coverage": there, step.written["id"]: stored(step.written)}
    [again] = changes.steps([OURS], found, {"coverage": note(before)})
    assert (again.verdict, again.written) == ("kept before", None)


def test_without_a_note_an_object_counts_as_changed() -> None:
    [step] = changes.steps([OURS], {"coverage": stored(OURS)}, {})
    assert step.verdict == "kept"


def test_an_upgrade_of_kibana_is_no_change_of_a_person() -> None:
    there = stored(OURS)
    upgraded = stored(OURS, migratedAgain=True)
    assert not changes.changed(upgraded, note(there))


def test_saving_without_changing_is_no_change() -> None:
    there = stored(OURS)
    assert not changes.changed(there | {"updated_at": "2026-02-01T00:00:00.000Z"}, note(there))


def test_how_often_discover_showed_a_field_is_no_change_but_its_name_is() -> None:
    def view(**attrs: Any) -> Object:
        return saved("index-pattern", "items", {"name": "Items", "fieldAttrs": json.dumps(attrs)}, [])

    assert digest(view(title={"customLabel": "Title"})) == digest(view(title={"customLabel": "Title", "count": 3}))
    assert digest(view()) == digest(view(url={"count": 1}))
    assert digest(view(title={"customLabel": "Title"})) != digest(view(title={"customLabel": "Headline"}))


def test_a_data_view_beside_another_is_told_apart_by_its_name_and_reads_the_same_index() -> None:
    ours = saved("index-pattern", "items", {"title": "news", "name": "News items"}, [])
    assert changes.beside(ours)["attributes"] == {"title": "news", "name": "News items (as shipped)"}


def test_notes_are_read_back_from_their_tag() -> None:
    there = stored(OURS)
    notes = changes.noted({}, [OURS], {"coverage": there})
    assert changes.recorded(changes.record(notes, "haiti")) == notes == {"coverage": note(there)}


@given(st.text())
def test_a_tag_that_somebody_wrote_in_is_no_notes_and_no_crash(description: str) -> None:
    tag = changes.record({}, "")
    notes = changes.recorded(tag | {"attributes": {"description": description}})
    assert all(isinstance(one, Note) for one in notes.values())
