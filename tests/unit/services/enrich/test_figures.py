"""Numbers of people and money, in the forms of six languages."""

import pytest

from tests.unit.services.enrich.items import tag

HAITI = {
    "en": "The Multinational Security Support mission is in Haiti.",
    "fr": "La Mission multinationale d'appui à la sécurité est en Haïti.",
    "es": "La Misión Multinacional de Apoyo a la Seguridad está en Haití.",
    "pt": "A Missão Multinacional de Apoio à Segurança está no Haiti.",
    "sw": "Ujumbe wa Kimataifa wa Usaidizi wa Usalama uko Haiti.",
    "ht": "Misyon Miltinasyonal Sipò Sekirite a ann Ayiti.",
}


@pytest.mark.parametrize(
    ("language", "sentence", "expected"),
    [
        ("en", "Kenya sent two hundred officers.", ("deployed", 200, "personnel", "KE", False)),
        ("en", "More than 1,000 Kenyan police officers arrived.", ("arrived", 1000, "personnel", "KE", True)),
        ("en", "Chad pledged 1,500 soldiers.", ("pledged", 1500, "personnel", "TD", False)),
        ("en", "The Council authorised a 2,500-member force.", ("authorised", 2500, "personnel", None, False)),
        ("en", "Jamaica has sent twenty-four soldiers.", ("deployed", 24, "personnel", "JM", False)),
        ("en", "The United States gave about $40.7 million.", ("funding", 40_700_000, "USD", "US", True)),
        ("en", "At least 115 people were killed.", ("killed", 115, "people", "HT", True)),
        ("fr", "Quelque 5 550 policiers sont prévus.", ("authorised", 5550, "personnel", None, True)),
        ("fr", "Le Kenya enverra un millier de policiers.", ("pledged", 1000, "personnel", "KE", True)),
        ("fr", "Le Canada a versé 1,5 milliard de dollars.", ("funding", 1_500_000_000, "USD", "CA", False)),
        ("es", "Kenia prometió enviar mil policías.", ("pledged", 1000, "personnel", "KE", False)),
        ("es", "Llegaron 75 militares de Guatemala.", ("arrived", 75, "personnel", "GT", False)),
        ("pt", "Pelo menos 5.601 pessoas foram mortas.", ("killed", 5601, "people", "HT", True)),
        ("sw", "Maafisa 217 wa Kenya wamewasili.", ("arrived", 217, "personnel", "KE", False)),
        ("ht", "Tchad pwomèt 1,500 solda.", ("pledged", 1500, "personnel", "TD", False)),
    ],
)
def test_a_figure_is_read(language: str, sentence: str, expected: tuple[str, float, str, str | None, bool]) -> None:
    item = tag(f"{HAITI[language]} {sentence}", language=language)
    assert [(f.kind, f.value, f.unit, f.country, f.approximate) for f in item.figures] == [expected]


@pytest.mark.parametrize(
    "sentence",
    [
        "Resolution 2699 was adopted on 2 October 2023.",
        "The 33-year-old officer called +254 700 123456.",
        "On June 25 officers rested.",
        "In 2024 soldiers were paid.",
        "Boeing 737 planes carried 12 vehicles 300 km.",
        "The Council has 15 members.",
    ],
)
def test_dates_resolutions_ages_and_telephones_are_no_figures(sentence: str) -> None:
    assert tag(f"{HAITI['en']} {sentence}").figures == []
