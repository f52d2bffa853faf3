"""The gazetteer that ships is sound, and errors say where."""

import shutil
from pathlib import Path

import pytest

from services.enrich import inspect_gazetteer
from services.enrich.gazetteer import case_of, load
from services.enrich.gazetteer_files import HERE, GazetteerError, read


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "gazetteer"
    shutil.copytree(HERE, folder)
    return folder


def edit(path: Path, old: str, new: str) -> int:
    """Replace the first `old` and return its line."""
    text = path.read_text()
    place = text.index(old)
    path.write_text(text.replace(old, new, 1))
    return text.count("\n", 0, place) + 1


def test_the_gazetteer_that_ships_is_sound_and_its_serial_is_of_its_content() -> None:
    assert "sound" in inspect_gazetteer.check(HERE)


def test_a_change_without_a_new_serial_is_an_error_until_it_is_raised(copy: Path) -> None:
    serial = read(copy).version.serial
    with (copy / "persons.yaml").open("a") as persons:
        persons.write("- {id: person/new-minister, name: New Minister, sources: [seed]}\n")
    with pytest.raises(
        GazetteerError, match=r"version\.yaml: the content is .* run `python -m services\.enrich gazetteer bump`"
    ):
        inspect_gazetteer.check(copy)
    inspect_gazetteer.bump(copy)
    assert f"version {serial + 1}-" in inspect_gazetteer.check(copy)
    assert "nothing changed" in inspect_gazetteer.bump(copy)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("persons.yaml", "surnames: [Ombaka]", "surname: [Ombaka]", "unknown field `surname`"),
        ("persons.yaml", "id: person/jack-ombaka", "id: Jack Ombaka", "regex"),
        ("missions.yaml", "host: HT", "host: Haiti", "regex"),
        ("gangs.yaml", "sources: [gi-viv, haitiwire-viv]", "sources: [rumour]", "names the source 'rumour'"),
        ("gangs.yaml", "id: gang/g9", "id: gang/viv-ansanm", "is there twice"),
        ("gangs.yaml", "id: gang/g9", "id: place/g9", "wrong file"),
        ("relevance.yaml", "threshold: 0.32", "threshold: 5", "<= 1"),
    ],
)
def test_an_error_names_file_and_line(copy: Path, name: str, old: str, new: str, message: str) -> None:
    line = edit(copy / name, old, new)
    with pytest.raises(GazetteerError) as caught:
        read(copy)
    words = str(caught.value)
    assert message in words
    assert f"{copy / name}:" in words
    if name in ("missions.yaml", "persons.yaml", "relevance.yaml"):  # others name the line of the entry
        assert f"{copy / name}:{line}:" in words


def test_broken_yaml_and_missing_files_are_named(copy: Path) -> None:
    (copy / "roles.yaml").write_text("lead: [")
    with pytest.raises(GazetteerError, match=r"roles\.yaml:2: not YAML"):
        read(copy)
    (copy / "roles.yaml").unlink()
    assert read(copy).roles == read(HERE).roles  # what belongs to the languages need not be copied
    (copy / "missions.yaml").unlink()
    with pytest.raises(GazetteerError, match=r"missions\.yaml: No such file"):
        read(copy)


def test_norway_and_no_are_words(copy: Path) -> None:
    assert "Norway" in read(copy).country_names["NO"]["en"]


@pytest.mark.parametrize(
    ("written", "case"),
    [
        ("Gang Suppression Force", "any"), ("resolution 2793", "any"), ("kenyan*", "any"), ("Jordan", "capital"),
        ("Port Salut", "capital"), ("MSS", "same"), ("EE.UU.", "same"),
    ],
)  # fmt: skip
def test_how_a_name_is_written_says_which_capitals_it_needs(written: str, case: str) -> None:
    assert case_of(written) == case


def test_another_mission_is_another_folder(copy: Path) -> None:
    """Nothing about Haiti is in code: with other data the same text is about another mission."""
    (copy / "missions.yaml").write_text(
        "- id: mission/atmis\n  name: African Union Transition Mission in Somalia\n  names: {any: [ATMIS]}\n"
        "  host: SO\n  of_mission: true\n  roles: {contributor: [UG, BI]}\n  sources: [seed]\n"
    )
    shadows = (copy / "shadows.yaml").read_text()
    (copy / "shadows.yaml").write_text("namesakes: []\n" + shadows[shadows.index("\n# Phrases") :])
    from services.enrich.tag import Tagger
    from tests.unit.services.enrich.items import raw_item

    item = Tagger(load(copy)).tag(raw_item("Uganda has deployed 2,000 soldiers to Somalia under ATMIS.", language="en"))
    assert item.relevant
    assert item.missions == ["mission/atmis"]
    assert {country.code: country.role for country in item.countries} == {"UG": "contributor", "SO": "host"}
    assert not Tagger(load(copy)).tag(raw_item("Kenya sent police to Haiti under the MSS.", language="en")).relevant


EUFOR = HERE.parent / "examples" / "eufor-althea"


def test_the_example_of_another_mission_is_sound() -> None:
    assert [mission.id for mission in load(EUFOR).current] == ["mission/eufor-althea"]
    assert load(EUFOR).hosts == {"BA"}


@pytest.mark.parametrize(
    ("language", "text", "relevant", "roles"),
    [
        (
            "en",
            "Romania sent 190 more soldiers to Bosnia and Herzegovina for EUFOR. Major General Laszlo Sticz, the"
            " commander, welcomed them at Camp Butmir. Turkey has 240 troops there.",
            True,
            {"RO": "contributor", "BA": "host", "TR": "contributor"},
        ),
        (
            "fr",
            "La Hongrie enverra 150 militaires en Bosnie-Herzégovine pour l'opération Althéa.",
            True,
            {"HU": "pledged", "BA": "host"},
        ),
        ("es", "España envió 60 soldados a Bosnia y Herzegovina, a la misión EUFOR Althea.", True, None),
        ("en", "EUFOR Tchad ended in 2009; a veteran of it opened a café in Sarajevo.", False, None),
        ("en", "Althea Gibson won Wimbledon twice; a court in Sarajevo bears no name.", False, None),
        ("en", "The Multinational Security Support mission in Haiti got 144 Kenyan officers.", False, None),
    ],
)
def test_another_mission_is_tagged_with_the_same_code(
    language: str, text: str, relevant: bool, roles: dict[str, str] | None
) -> None:
    from services.enrich.tag import Tagger
    from tests.unit.services.enrich.items import raw_item

    item = Tagger(load(EUFOR)).tag(raw_item(text, language=language))
    assert item.relevant is relevant
    assert roles is None or {country.code: country.role for country in item.countries} == roles
    assert ("mission/eufor-althea" in item.missions) is relevant


def test_the_code_names_no_mission_and_no_country_of_one() -> None:
    """What is said of Haiti and Kenya is data: in the code they stand in comments and examples only."""
    import ast

    for path in HERE.parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
        documents = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, kinds)}
        words = [
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in documents
        ]
        found = [
            word for word in words if any(name in word for name in ("Hait", "Haït", "Kenya", "MSS", "GSF", "Port-au"))
        ]
        assert not [word for word in found if path.name != "__main__.py"], path


def test_explain_says_what_fired_and_what_did_not() -> None:
    lines = "\n".join(inspect_gazetteer.explain(load(), "The MSS warned Chad Smith of spies from Kenya.", "en"))
    assert "'Kenya' gives country:KE" in lines
    assert "'MSS' is not mission/mss: ambiguous, and the item does not name the host country" in lines
    assert "'Chad' is not country:TD: it looks like part of a person's name" in lines
