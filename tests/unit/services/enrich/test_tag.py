"""What the pure function promises, whatever the item."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import codec
from schemas.messages import EnrichedItem, RawItem
from tests.unit.services.enrich.items import entities, raw_item, tag, tagger

SEED = Path(__file__).parents[5] / "shared" / "seed-article.txt"
WORDS = st.sampled_from(
    [
        "Kenya", "Kenya's", "Haïti", "Haïti", "d'Haïti", "MSS", "200 officers",
        "Multinational Security Support Mission",
        "arrived", "pledged", "said", "Godfrey Otunge", "Otunge", "Commander", "“We thank all people of good will”,",
        "Port-au-Prince", "Pòtoprens", "Chad", "Jordan", "1,5 millions de dollars",
        "US$ 40 million", ".", "\n", "é", "🇭🇹",
        "\u00ad", "\u202f", "5 550 policiers", "não", "los", "ki", "ya",
    ]
)  # fmt: skip


def check_evidence(item: EnrichedItem) -> None:
    for evidence in item.evidence:
        assert getattr(item, evidence.field)[evidence.start : evidence.end] == evidence.surface, evidence
        assert evidence.surface
    tags = {evidence.tag for evidence in item.evidence}
    assert {f"country:{country.code}" for country in item.countries} <= tags
    assert {entity.id for entity in item.entities if entity.id} <= tags
    assert {f"figure:{place}" for place in range(len(item.figures))} <= tags
    assert {f"quote:{place}" for place in range(len(item.quotes))} <= tags


@settings(deadline=None, max_examples=150)
@given(
    st.lists(WORDS, max_size=40),
    st.lists(WORDS, max_size=8),
    st.sampled_from(["en", "fr", "es", "pt", "sw", "ht", None]),
)
def test_evidence_is_exact_whatever_accents_and_signs_the_text_has(
    words: list[str], title: list[str], language: str | None
) -> None:
    item = tagger().tag(raw_item(" ".join(words), " ".join(title), "".join(words[:3]), language))
    check_evidence(item)
    assert codec.decode(codec.encode(item), EnrichedItem) == item


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=300), st.text(max_size=60))
def test_any_text_is_tagged_without_an_error(text: str, title: str) -> None:
    check_evidence(tagger().tag(raw_item(text, title)))


def test_the_item_itself_stays_as_it_was() -> None:
    raw = raw_item("Kenya sent police to Haiti.", "Kenya", language="en")
    tagged = tagger().tag(raw)
    assert {name: getattr(tagged, name) for name in RawItem.__struct_fields__} == {
        name: getattr(raw, name) for name in RawItem.__struct_fields__
    }


def test_composed_and_decomposed_text_give_the_same_tags() -> None:
    text = "Des policiers kényans sont arrivés à Pétion-Ville, en Haïti, a déclaré Alix Didier Fils-Aimé."
    composed, decomposed = tag(text, language="fr"), tag(unicodedata.normalize("NFD", text), language="fr")
    assert composed.countries == decomposed.countries
    assert composed.entities == decomposed.entities
    check_evidence(decomposed)


@pytest.mark.skipif(not SEED.exists(), reason="the seed article is not beside this checkout")
def test_the_seed_article_gets_the_tags_that_were_asked_for() -> None:
    item = tag(SEED.read_text())
    assert item.relevant
    assert item.missions == ["mission/mss"]
    roles = {country.code: country.role for country in item.countries}
    assert roles.pop("HT") == "host"
    assert roles.pop("KE") in ("contributor", "lead")
    assert roles == dict.fromkeys(("JM", "BJ", "BS", "BZ", "BB", "AG", "BD", "DZ", "CA", "FR"), "pledged")
    assert entities(item, "person") == {"person/normil-rameau", "person/godfrey-otunge"}
    assert entities(item, "organisation") == {
        "organisation/united-nations",
        "organisation/un-security-council",
        "organisation/haitian-national-police",
        "organisation/caribbean-community",
    }
    assert entities(item, "place") == {"place/port-au-prince", "place/gressier"}
    assert [(f.kind, f.value, f.country) for f in item.figures] == [("arrived", 200.0, "KE")]
    check_evidence(item)


@pytest.mark.parametrize(
    "text",
    [
        "Managed security services (MSS) are in demand. A provider in Kenya hired 200. The mission is support.",
        "The Ministry of State Security (MSS) in Beijing accused foreign forces of a mission to steal data.",
        "Police in Nairobi deployed 2,000 officers for protests. Kenya's Inspector General Douglas Kanja said so.",
        "The Global Sumud Flotilla, GSF, was stopped off Gaza; a doctor who had worked in Haiti was on board.",
        "Haiti beat Nicaragua and will go to the World Cup. Gangs hold Port-au-Prince.",
        "Soldiers of MINUSTAH, the mission led by Brazil, brought cholera to Haiti in 2010.",
    ],
)
def test_namesakes_and_neighbours_of_the_mission_are_not_relevant(text: str) -> None:
    assert not tag(text).relevant


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "en",
            "Bahamian marines held 120 Haitian migrants whose sloop landed on Ragged Island; they go back to Haiti.",
        ),
        ("en", "Jamaican police took 37 Haitians who arrived by boat in Portland to a shelter. Soldiers helped."),
        ("en", "Haitian police have sent officers to the international airport after gangs fired on a plane."),
        ("en", "When an earthquake struck in 2010, Jamaica sent 150 soldiers to Haiti within two days."),
        ("en", "American troops landed in Haiti in 1915. Foreign soldiers ran its customs houses for nineteen years."),
        ("en", "A Kenyan police officer won the marathon for Haiti in Boston and will send half the prize to Jacmel."),
        (
            "es",
            "El Foro de São Paulo (FSP) terminó con una declaración. Delegados de Haití pidieron una misión solidaria.",
        ),
        (
            "es",
            "La selección de Haití viajó a Kingston a jugar contra Jamaica; la policía jamaicana escoltó el autobús.",
        ),
        ("fr", "La police béninoise a arrêté trente escrocs à Cotonou ; deux visaient des Haïtiens de Montréal."),
        ("fr", "Le Fonds mondial pour l'assainissement (GSF) finance des latrines au Kenya et en Haïti."),
        (
            "pt",
            "O general que comandou tropas brasileiras no Haiti lança um livro. A Minustah deixou 26 militares mortos.",
        ),
        ("sw", "Polisi wa Kenya walitumia mabomu ya machozi Nairobi. Ruto alisema serikali haitavumilia magenge."),
        ("ht", "Bandi touye 20 moun nan Pòtoprens. Yon ekip entènasyonal medsen pran swen blese yo."),
    ],
)
def test_other_news_of_haiti_and_of_the_senders_is_not_relevant(language: str, text: str) -> None:
    assert not tag(text, language=language).relevant


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Sailors came home after six weeks off Haiti, while foreign police took on the gangs ashore."),
        ("en", "Chad's first 800 gendarmes are due in Haiti by June."),
        ("fr", "La force internationale peine à Port-au-Prince, où les gangs avancent."),
        ("es", "Unos 170 policías partieron de Nairobi para relevar a sus compañeros en Puerto Príncipe."),
        ("pt", "O medo de repetir erros: a missão liderada pelo Quênia chega ao Haiti depois da Minustah."),
        ("sw", "Waziri aaga kundi la nne la polisi wa Kenya kuelekea Haiti."),
        ("sw", "Bunge linaombwa pesa kwa polisi wa Kenya wanaopambana na magenge nchini Haiti."),
        ("ht", "Paran yo di yo pa wè solda Kenya ki nan misyon MMAS la."),
    ],
)
def test_a_deployment_that_is_only_described_is_relevant(language: str, text: str) -> None:
    assert tag(text, language=language).relevant


def test_a_mission_in_passing_scores_lower_than_one_that_the_item_is_about() -> None:
    about = tag("The mission landed in Haiti.", "Kenya-led Multinational Security Support mission grows")
    filler = "Schools in Haiti are closed and food is dear in every market of the country this season. " * 10
    passing = tag(f"{filler} The Multinational Security Support mission has few people.", "Haiti's schools stay closed")
    assert 0 < passing.relevance < about.relevance


def test_the_threshold_can_be_set() -> None:
    from services.enrich.gazetteer import load
    from services.enrich.tag import Tagger

    raw = raw_item("The Multinational Security Support mission is in Haiti.", language="en")
    assert tagger().tag(raw).relevant
    assert not Tagger(load(), threshold=1.0).tag(raw).relevant


def test_a_summary_that_is_the_beginning_of_the_text_is_counted_once() -> None:
    text = "Jamaica sent 24 officers to the Multinational Security Support mission in Haiti.\n"
    alone, repeated = tag(text), tag(text, summary=text.strip())
    assert repeated.countries == alone.countries
    assert repeated.figures == alone.figures
    assert {evidence.field for evidence in repeated.evidence} == {"text"}
