"""People, bodies, places and gangs: known ones and those found by rule."""

import pytest

from tests.unit.services.enrich.items import entities, tag


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("Godfrey Otunge spoke. Otunge thanked Kenya.", {"person/godfrey-otunge"}),
        (
            "Rameau Normil and Alix Didier Fils-Aime met in Haiti.",
            {"person/normil-rameau", "person/alix-didier-fils-aime"},
        ),
        ("President Ruto met Haitian officials.", {"person/william-ruto"}),
        ("A street vendor called Henry sells fruit in Haiti.", set()),
        ('Jimmy "Barbecue" Chérizier leads a gang in Haiti.', {"person/jimmy-cherizier"}),
        ("Inspector John Kamau Mwangi arrived. Mary Wanjiku, a nurse, waved.", {"John Kamau Mwangi", "Mary Wanjiku"}),
        ('"It is over," said Peter Njoroge, a teacher.', {"Peter Njoroge"}),
        ("The road to Avenue John Brown was closed, said the mayor.", set()),
    ],
)
def test_people_are_found(text: str, people: set[str]) -> None:
    assert entities(tag(text), "person") == people


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "« Nous attendons », a déclaré Marie Lubin, directrice d'école."),
        ("es", "«Esperamos», dijo Marie Lubin a la prensa."),
        ("pt", "«Esperamos», disse Marie Lubin à imprensa."),
        ("sw", '"Tunasubiri," alisema Marie Lubin jana.'),
        ("ht", "«N ap tann», Marie Lubin te di laprès."),
    ],
)
def test_people_who_speak_are_found_in_every_language(language: str, text: str) -> None:
    assert entities(tag(text, language=language), "person") == {"Marie Lubin"}


@pytest.mark.parametrize(
    ("language", "text", "people"),
    [
        ("en", "Minister of Justice and Public Security Ann Lubin resigned.", {"Ann Lubin"}),
        ("es", "Habló el ministro de Justicia y Seguridad Pública, Faustin Bernard.", {"Faustin Bernard"}),
        ("en", "Obed Desir, the mayor of Kenscoff, called for help.", {"Obed Desir"}),
        ("en", "Rosalba Dorvil, 45, sells plantain.", {"Rosalba Dorvil"}),
        ("fr", "Selon Wideline Cadet, la rue est vide.", {"Wideline Cadet"}),
        ("fr", "L'historien Pierre Buteau publie un livre.", {"Pierre Buteau"}),
        ("pt", "A diretora do programa para África do instituto, Murielle Mutiga, alertou.", {"Murielle Mutiga"}),
        (
            "es",
            "El ministro Carlos Fernández Onofre llegó. «No», afirmó Fernández Onofre.",
            {"Carlos Fernández Onofre"},
        ),
        ("sw", "Msemaji wa idara ya polisi Obadia Nyaga alisema hivyo.", {"Obadia Nyaga"}),
        ("ht", "Direktris Marie Lourdes Estimé di lekòl la fèmen.", {"Marie Lourdes Estimé"}),
        ("ht", "Man Yvèt vann diri.", set()),
        ("en", "(Reporting by Ruth Achieng; editing by Paul Grant)", set()),
        ("en", "Crowds fill a square. (Luis Ortega/AFP via Getty Images)", set()),
        ("en", "She flew from Jomo Kenyatta International Airport to Hospital Bernard Mevs.", set()),
        ("en", "Kenya Sends Police As Leaders Meet In Port Royal", set()),
        ("en", "The KQ Chief Operating Officer said the Pan American Health Organization had paid.", set()),
    ],
)
def test_people_are_told_by_what_stands_beside_their_names(language: str, text: str, people: set[str]) -> None:
    assert entities(tag(text, language=language), "person") == people


def test_a_surname_alone_belongs_to_the_full_name_before_it() -> None:
    item = tag("Colonel Alfonso Saravia spoke in Haiti. “The troops are ready,” Saravia said. The MSS agreed.")
    (person,) = [entity for entity in item.entities if entity.type == "person"]
    assert (person.name, person.mentions) == ("Alfonso Saravia", 2)
    assert item.quotes[0].speaker == "Alfonso Saravia"


def test_a_surname_inside_another_name_is_not_the_known_person() -> None:
    text = "President Ruto met lawyer Mary Ruto in Haiti. Historian Pierre Buteau wrote about the historian Pierre."
    assert "Pierre Buteau" in entities(tag(text), "person")
    assert "person/ericq-pierre" not in entities(tag("Historian Pierre Buteau wrote of Haiti."), "person")


def test_who_wrote_the_item_is_not_in_it() -> None:
    text = "By Jane Muthoni\nPrices rose, said Jane Muthoni. (Photo: Paul Otieno)\nReporting by Ann Lee"
    assert entities(tag(text, authors=("Jane Muthoni",)), "person") == set()


def test_short_names_count_only_beside_the_host_country() -> None:
    assert entities(tag("The G9 met; the PNH and Viv Ansanm fought in Haiti."), "gang") == {
        "gang/g9",
        "gang/viv-ansanm",
    }
    assert entities(tag("The G9 group of economies met in Rome."), "gang") == set()


def test_the_longest_name_is_the_one_that_is_meant() -> None:
    item = tag("The United Nations Security Council met.")
    assert entities(item, "organisation") == {"organisation/un-security-council"}


def test_a_quote_has_its_speaker() -> None:
    item = tag(
        "Commander Godfrey Otunge visited Port-au-Prince. “We count on the support of all,” he said of the MSS mission."
    )
    assert [(quote.text, quote.speaker_id) for quote in item.quotes] == [
        ("We count on the support of all,", "person/godfrey-otunge")
    ]


@pytest.mark.parametrize(
    ("language", "text", "speaker"),
    [
        ("en", "“We have a choir, no night off,” Sergeant Purity Chelangat laughed aloud.", "Purity Chelangat"),
        (
            "en",
            "Counsel Kennedy Osiemo, said the treaty “is a photograph with two pens, and no more”.",
            "Kennedy Osiemo",
        ),
        ("fr", "« Le reste, ce sera le fusil et rien d'autre », soupire Marie Dubois.", "Marie Dubois"),
        ("fr", "Pour la députée Chantal Ahyi, « on nous demande de signer un chèque ».", "Chantal Ahyi"),
        ("pt", "A porta-voz Yolande Makolo avisa: 'ninguém faz a guerra dos outros de graça'.", "Yolande Makolo"),
        ("en", "Major Ann Lee shook her head. “Not one of them has come back yet.”", "Ann Lee"),
        ("en", "Major Ann Lee left. The road was empty for an hour. “Not one of them has come back yet.”", None),
    ],
)
def test_a_speaker_needs_no_verb_that_we_know(language: str, text: str, speaker: str | None) -> None:
    setting = {"en": "The MSS mission in Haiti.", "fr": "La MMAS en Haïti.", "pt": "A força multinacional no Haiti."}
    item = tag(f"{text}\n", title=setting[language], language=language)
    assert [quote.speaker for quote in item.quotes] == [speaker]


def test_a_surname_after_another_given_name_is_another_person() -> None:
    item = tag("El presidente Bernardo Arévalo calló. El coronel Ulises Arévalo irá a Haití.", language="es")
    assert "Ulises Arévalo" in {entity.name for entity in item.entities}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("In Haiti, Deputy Assistant Secretary Paula Renkin said a waiver had kept fuel flowing.", "Paula Renkin"),
        ("Member for St Ann South Western Denise Palmer-Hibbert asked about Haiti.", "Denise Palmer-Hibbert"),
        ("In Haiti, José de Ángel Mejía said nothing.", "José de Ángel Mejía"),
    ],
)
def test_a_name_begins_behind_an_office_and_not_inside_itself(text: str, name: str) -> None:
    assert entities(tag(text), "person") == {name}


def test_names_of_one_person_alone_count_without_the_host_country() -> None:
    assert entities(tag("Bukele pide otra prórroga", language="es"), "person") == {"person/nayib-bukele"}
    assert entities(tag("Melania Trump opened a school."), "person") == {"Melania Trump"}
