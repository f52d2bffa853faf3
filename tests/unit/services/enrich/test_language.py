import pytest

from tests.unit.services.enrich.items import tag


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The officers were at the airport when it was attacked, and they have not been seen since."),
        ("fr", "Les policiers sont arrivés dans la capitale avec des véhicules, selon les autorités."),
        ("es", "Los policías llegaron a la capital con los vehículos que les dio el gobierno, según las autoridades."),
        ("pt", "Os policiais chegaram à capital com os veículos que não foram usados, segundo as autoridades."),
        ("sw", "Maafisa wa polisi waliwasili katika mji mkuu wa nchi hiyo kwa ndege ya Marekani."),
        ("ht", "Polisye yo rive nan kapital la ak machin yo, se sa gouvènman an te di yo."),
        ("it", "I poliziotti sono arrivati nella capitale con i veicoli che il governo aveva promesso loro."),
    ],
)
@pytest.mark.parametrize("claimed", [None, "fr"])
def test_the_text_tells_its_language_whatever_the_feed_says(language: str, text: str, claimed: str | None) -> None:
    assert tag(text, language=claimed).language == language


def test_where_the_text_is_too_short_the_feed_is_believed() -> None:
    assert tag("Haiti police chief", language="en").language == "en"
    assert tag("Ayiti: PNH", language="ht").language == "ht"
