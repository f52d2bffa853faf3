"""Countries in six languages, and the names that only look like one."""

import pytest

from tests.unit.services.enrich.items import countries, tag


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Kenya's Kenya-led Haitian-American U.S. talks in the UK", {"KE", "HT", "US", "GB"}),
        ("en", "Nairobi said yes", {"KE"}),
        (
            "fr",
            "l'Haïti d’Haïti et des policiers kényans, le Tchad, la RDC, les États-Unis",
            {"HT", "KE", "TD", "CD", "US"},
        ),
        ("es", "EE.UU. y EE. UU. con los kenianos de Kenia, Haití y República Dominicana", {"US", "KE", "HT", "DO"}),
        ("pt", "o Quénia, o Quênia, os EUA, os haitianos e a Antígua e Barbuda", {"KE", "US", "HT", "AG"}),
        ("sw", "Wakenya na Marekani, Uingereza na Ufaransa nchini Haiti", {"KE", "US", "GB", "FR", "HT"}),
        ("ht", "Etazini, Kanada, Jamayik ak peyi Dayiti", {"US", "CA", "JM", "HT"}),
        ("en", "Dominica and the Dominican Republic", {"DM", "DO"}),
        ("en", "Niger, Nigeria, Guinea-Bissau and Equatorial Guinea", {"NE", "NG", "GW", "GQ"}),
        ("en", "Papua New Guinea and the Democratic Republic of the Congo", {"PG", "CD"}),
        ("en", "Georgia, Armenia and Azerbaijan", {"GE", "AM", "AZ"}),
        ("en", "Turkey joined; nobody ate turkey", {"TR"}),
    ],
)
def test_countries_are_found(language: str, text: str, expected: set[str]) -> None:
    assert countries(text, language) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Michael Jordan and Chad Smith met in Atlanta, Georgia",
        "a farm in New Jersey, a home in Benin City, a shop in Jamaica, Queens".replace(", Queens", " Queens"),
        "The Jamaica Observer and Radio Jamaica reported it, as did the Haitian Times",
        "a child in the Niger Delta, a fan of South Georgia",
        "he read it to us and asked us to wait",
        "Latin America and the Organization of American States",
        "the Kenyatta family",
        "he teaches at the University of Kenya",
    ],
)
def test_what_only_looks_like_a_country_is_none(text: str) -> None:
    assert countries(text) == set()


def test_the_place_where_a_report_was_written_is_no_country_in_it() -> None:
    assert countries("SANTO DOMINGO.- La ayuda para los refugiados llegó ayer según las autoridades.", "es") == set()
    assert countries("NAIROBI: Prices of maize rose again, the ministry said on Friday.") == set()


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        ("Kenya has deployed 400 police officers to Haiti, and Chad pledged 1,500 soldiers.",
         {"KE": "contributor", "TD": "pledged"}),
        ("The Kenya-led mission in Haiti has few officers.", {"KE": "lead"}),
        ("Apart from Kenya, countries that have pledged police for Haiti include Benin, Belize and Barbados.",
         {"BJ": "pledged", "BZ": "pledged", "BB": "pledged"}),
        ("Jamaica plans to deploy soldiers to Haiti under the MSS mission.", {"JM": "pledged"}),
        ("Belize has withdrawn its soldiers from the MSS mission in Haiti.", {"BZ": "withdrew"}),
        ("Kenya did not withdraw its officers from the Gang Suppression Force in Haiti.", {"KE": "mentioned"}),
        ("Jamaica stays in the Gang Suppression Force in Haiti.", {"JM": "contributor"}),
        ("The Jamaican government noted the Gang Suppression Force in Haiti.", {"JM": "mentioned"}),
        ("Belize took its two officers home from the MSS mission in Haiti.", {"BZ": "withdrew"}),
        ("China and Russia abstained on the Gang Suppression Force for Haiti.", {"CN": "mentioned", "RU": "mentioned"}),
    ],
)  # fmt: skip
def test_the_sentence_decides_a_country_s_role(text: str, roles: dict[str, str]) -> None:
    item = tag(text)
    found = {country.code: country.role for country in item.countries}
    assert found.get("HT", "host") == "host"
    assert {code: found[code] for code in roles} == roles


def test_in_an_item_that_is_not_relevant_every_country_is_mentioned() -> None:
    item = tag("Haiti and Kenya signed a trade agreement on coffee.")
    assert {country.role for country in item.countries} == {"mentioned"}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("pt", "Houve tiros no Complexo do Alemão e na Vila Cruzeiro.", set()),
        ("pt", "Policiais alemães visitaram o morro.", {"DE"}),
        ("es", "Ambos países comparten La Española.", set()),
        ("en", "Jamaica, in the east of Queens, has Haitian churches.", {"HT"}),
        ("fr", "La réunion a eu lieu à la Réunion, dans l'océan Indien.", {"RE"}),
        ("es", "Reunión de ministros por la paz en Granada.", set()),
        ("fr", "L'ancien sélectionneur du Congo et un diplomate bissau-guinéen ont parlé.", {"CD", "GW"}),
        ("fr", "Au Congo, Brazzaville attend.", {"CG"}),
        ("en", "Read more on kenyans.co.ke or write to info@haiti.org.", set()),
        ("es", "Mauricio y Guadalupe llegaron con Gregorio.", set()),
    ],
)
def test_names_that_are_something_else_are_told_by_their_context(language: str, text: str, expected: set[str]) -> None:
    assert countries(text, language) == expected
