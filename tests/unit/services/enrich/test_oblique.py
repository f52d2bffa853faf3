"""Relevance of items that do not name the mission: each rule with an item that it must leave alone."""

import pytest

from services.enrich import relevance
from services.enrich.tag import Tagger
from tests.unit.services.enrich.items import raw_item, tag, tagger

ABOUT = [
    ("served", "en", "Since Kenyan officers set up a post in Kenscoff, in the hills of Haiti, traffic has thinned."),
    ("served", "en", "Kenya has asked the UN for money for vehicles that its police lost to gangs in Haiti."),
    ("sent", "en", "A judge in Nairobi stopped the government from posting police to Haiti."),
    ("sent", "es", "El Congreso de Honduras debatirá si manda soldados a Haití, dijo el ministro."),
    ("sent", "pt", "O Brasil não mandará tropas ao Haiti, disse o ministro."),
    ("sent", "ht", "Yon tribinal Nairobi bloke depa polisye pou Ayiti."),
    ("foreign_people", "es", "La base para los policías extranjeros en Puerto Príncipe ya tiene camas. Haití espera."),
    ("force_here", "es", "El fondo fiduciario que paga a la fuerza en Haití está casi vacío, dijo la ONU."),
    ("force_here", "sw", "Kamanda mpya wa kikosi cha Haiti ametaka raia waheshimiwe."),
    ("force_itself", "en", "The commander of the force wants helicopters. Gangs still hold much of Haiti's capital."),
    ("nationals", "fr", "Que reste-t-il du jour où les Kényans ont atterri à Port-au-Prince ? Les gangs avancent."),
    ("fallen", "en", "The wife of a constable shot dead in Haiti in March says Nairobi has told her nothing."),
    ("leader_and_force", "en", "President William Ruto received the police officers back from Haiti."),
    (
        "served_beside",
        "en",
        "Two hundred Gambian soldiers were told to pack. They are bound for Haiti, where gangs rule.",
    ),
]
NOT_ABOUT = [
    ("en", "Kenyan police fired tear gas at protesters in Nairobi. Haiti's footballers trained nearby."),
    ("en", "Jamaican police said the rifles had been smuggled from Haiti in exchange for ganja."),
    ("en", "US Marines were flown to Haiti to strengthen the guard of the embassy in Port-au-Prince."),
    ("en", "Haiti's government has sent 200 police officers to Solino in Port-au-Prince, where gangs took a base."),
    ("en", "A Kansas church's mission in Haiti is closed after gangs seized its clinic; its doctors were flown out."),
    ("en", "The Security Council heard the head of the UN political mission in Haiti. Gangs killed twenty people."),
    ("en", "Kenya has sent 900 soldiers to Congo, to a force that had asked Haiti's neighbours for advice."),
    ("en", "In September 1994, 20,000 US troops landed in Haiti. Veterans from Jamaica met on Sunday."),
    ("en", "The Bahamas has doubled patrols by its defence force to keep boats from Haiti out."),
    ("en", "Police union: three officers were killed in an ambush by gangs in Haiti on Sunday."),
    ("fr", "MSF évacue une partie de son personnel international d'Haïti, a dit le chef de mission à Port-au-Prince."),
    ("es", "La policía keniana mató a ocho manifestantes en Nairobi, según la ONU, que también habló de Haití."),
    ("es", "El Ejército dominicano envió 300 soldados a la frontera con Haití."),
    ("pt", "Os militares brasileiros que serviram no Haiti de 2004 a 2017 se reuniram em Brasília."),
    ("sw", "Polisi wa Kenya wamemkamata raia wa Haiti kwa kuingiza dawa za kulevya Nairobi."),
    ("ht", "Lapolis touye dis bandi nan Kanaran, Pòtoprens."),
]


def reasons(text: str, language: str, by: Tagger) -> set[str]:
    item = by.tag(raw_item(text, "", language=language))
    return {e.tag.removeprefix("relevance:") for e in item.evidence if e.tag.startswith("relevance:")}


@pytest.mark.parametrize(("reason", "language", "text"), ABOUT)
def test_an_item_about_the_force_needs_no_name_of_it(reason: str, language: str, text: str) -> None:
    assert tag(text, language=language).relevant
    assert reasons(text, language, tagger()) & {reason, "described_lead", "force_backed"}


@pytest.mark.parametrize(("language", "text"), NOT_ABOUT)
def test_police_soldiers_and_missions_of_others_are_not_the_force(language: str, text: str) -> None:
    assert not tag(text, language=language).relevant


SHORT = [  # title, summary: neither says it all
    (
        "opening_sent",
        "en",
        "Chad to deploy 800 as Kenya scales down in Haiti",
        "Gendarmes will go first, N'Djamena said.",
    ),
    (
        "opening_sent",
        "en",
        "Brass band meets team from Port-au-Prince",
        "The officers landed at dawn, PS Raymond Omollo said.",
    ),
    ("served", "en", "Questions over the JDF in Haiti", "Parliament was told nothing, an opposition member said."),
    ("lead_and_host", "en", "Kenya ready for a smooth handover in Haiti", "Mudavadi spoke to diplomats."),
    ("serving", "en", "Officers tell of ambushes", "They are back from Haiti and glad of it."),
    ("arrived", "es", "En abril llegan los primeros soldados a Haití", "Lo dijo el canciller dominicano."),
    ("called", "fr", "Haïti : le texte passe", "Le Conseil prolonge d'un an la force antigang."),
    ("strength_of_people", "fr", "Haïti : quinze pays ont promis", "Ils enverraient 5 500 soldats, selon Washington."),
    ("lead_and_host", "pt", "Quênia começa a tirar seus policiais do Haiti", ""),
    ("opening_sent", "ht", "Kenya ap voye yon ekip polis vin goumen ak gang", "Se fanm sèlman ki ladan l."),
    ("opening_itself", "en", "Haiti: the UN wants guarantees", "The mission must answer four complaints about troops."),
    ("key_person_lead", "fr", "Le commandant Otunge promet de traquer les gangs", ""),
]
NOT_SHORT = [
    (
        "en",
        "Bahamas marines intercept sloop with 84 Haitians",
        "The Defence Force vessel will be sent to Haiti this week.",
    ),
    ("en", "Erik Prince firm to send 200 people to Haiti", "Personnel from El Salvador will be deployed with drones."),
    (
        "en",
        "Sri Lankan peacekeepers accused of abuse in Haiti",
        "The files name soldiers who served from 2004 to 2007.",
    ),
    ("en", "Mega-prison studied by Haiti's justice minister", "He visited El Salvador and met police commanders."),
    ("en", "Belize police look for two Haitians", "The pair came to work in Belize City."),
    ("es", "Soldados haitianos terminan su curso en México", "Volverán a Puerto Príncipe, donde llegan el jueves."),
    ("fr", "La police jamaïcaine saisit des armes destinées à Haïti", "Deux hommes ont été arrêtés à Kingston."),
    ("ht", "Prezidan Kenya a rive Chin", "Li pral siyen akò komès."),
    ("ht", "Lapolis touye twa bandi Kafou", "Ajan PNH yo te rive nan zòn nan bonè maten."),
]


@pytest.mark.parametrize(("reason", "language", "title", "summary"), SHORT)
def test_a_title_and_a_sentence_are_taken_together(reason: str, language: str, title: str, summary: str) -> None:
    item = tag(title=title, summary=summary, language=language)
    assert item.relevant
    assert f"relevance:{reason}" in {evidence.tag for evidence in item.evidence}


@pytest.mark.parametrize(("language", "title", "summary"), NOT_SHORT)
def test_a_title_and_a_sentence_about_others_are_not_the_force(language: str, title: str, summary: str) -> None:
    assert not tag(title=title, summary=summary, language=language).relevant


def test_two_short_names_of_a_hosts_missions_need_no_host_country() -> None:
    assert tag(title="La MMAS n'est plus, place à la FRG", summary="Le mandat a expiré.", language="fr").relevant
    assert not tag(title="La FRG publie ses comptes", summary="Le bilan est bon.", language="fr").relevant


def test_an_earlier_mission_by_the_way_does_not_hide_the_present_one() -> None:
    recalls = "Many Haitians recall MINUSTAH, whose soldiers brought cholera."
    assert tag(f"Police from Kenya now patrol parts of Haiti's capital. {recalls}").relevant
    assert not tag(f"Sri Lankan soldiers of MINUSTAH abused minors in Haiti in 2007. {recalls}").relevant


def test_a_whole_item_can_say_what_no_sentence_does() -> None:
    parts = "The corporal went to Haiti in January. ", "He was on patrol near Mirebalais when a truck burned. "
    home = "Three families in Kenya have had a coffin from there; his wife waits at home in Bomet."
    assert tag("".join(parts) + home, title="A medal, and no body from Haiti").relevant
    assert not tag("".join(parts) + home.replace("Kenya", "Ohio"), title="A medal, and no body from Haiti").relevant


def test_sport_outweighs_what_only_hints_at_the_force() -> None:
    gazetteer = tagger().gazetteer
    hints = [relevance.Feature(name, 0, 0) for name in ("served_apart", "together", "together_lead")]
    threshold = gazetteer.files.relevance.threshold
    assert relevance.score(hints, gazetteer) > threshold
    assert relevance.score([*hints, relevance.Feature("other_topic", 0, 0)], gazetteer) < threshold
