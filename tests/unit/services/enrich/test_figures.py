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
        ("en", "One of 742 Kenyans is a cook.", ("deployed", 742, "personnel", "KE", False)),
        ("en", "Colombo clears a 450-strong unit.", ("pledged", 450, "personnel", "LK", False)),
        ("en", "Jamaica keeps its promise of 200 made in March.", ("pledged", 200, "personnel", "JM", False)),
        ("en", "The ceiling: 5,550.", ("authorised", 5550, "personnel", None, False)),
        ("fr", "Trois cent quatre-vingts gendarmes tchadiens ont atterri.", ("arrived", 380, "personnel", "TD", False)),
        ("es", "Hay allá ciento cincuenta efectivos guatemaltecos.", ("deployed", 150, "personnel", "GT", False)),
        ("pt", "Prometidos no papel: 7.500.", ("pledged", 7500, "personnel", None, False)),
        ("sw", "Kenya iliahidi kutuma maafisa elfu moja.", ("pledged", 1000, "personnel", "KE", False)),
        ("ht", "Chad pwomèt 800 sòlda.", ("pledged", 800, "personnel", "TD", False)),
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


# (language, sentences, the figures that they state)
SAID: tuple[tuple[str, str, list[tuple[str, float, str | None]]], ...] = (
    ("en", "The 2nd contingent joined the mission.", []),
    ("en", "The force fell from 991 officers to 870.", [("deployed", 991, None), ("total", 870, None)]),
    ("en", "The newcomers join two dozen Jamaicans.", [("deployed", 24, "JM")]),
    ("en", "Kenya sent 217 officers, lifting Kenya's presence to 610.",
     [("deployed", 217, "KE"), ("deployed", 610, "KE")]),
    ("en", "Chad could send 1,500 soldiers and Sri Lanka a company of 120.",
     [("pledged", 1500, "TD"), ("pledged", 120, "LK")]),
    ("en", "The mission has 989 officers, of whom 735 are Kenyans and 24 are women.",
     [("total", 989, None), ("deployed", 735, "KE")]),
    ("en", "Of those who remain, 588 are Kenyans.", [("deployed", 588, "KE")]),
    ("en", "A handful of countries promised 2,900 troops, but Kenya has deployed 400.",
     [("pledged", 2900, None), ("deployed", 400, "KE")]),
    ("en", "MINUSTAH had 12,000 soldiers.", []),
    ("en", "The force fights gangs that have 12,000 members.", []),
    ("es", "De los 2.500 agentes previstos, solo 430 patrullan.",
     [("authorised", 2500, None), ("deployed", 430, None)]),
    ("es", "Llegaron 217 policías kenianos, lo que eleva a 600 los agentes de ese país.",
     [("arrived", 217, "KE"), ("deployed", 600, "KE")]),
    ("fr", "Le Tchad fournira deux mille hommes.", [("pledged", 2000, "TD")]),
    ("pt", "O Benim fala em dois mil e seiscentos soldados.", [("pledged", 2600, "BJ")]),
    ("pt", "Chegou na terça-feira (25) a Porto Príncipe.", []),
    ("sw", "Guatemala imetuma askari 150 na El Salvador wanajeshi 78.",
     [("deployed", 150, "GT"), ("deployed", 78, "SV")]),
    ("fr", "Le 3e contingent est là ; le vol est prévu à 14H30.", []),
    ("en", "A group of 75 soldiers from Guatemala landed aboard a US military plane.", [("arrived", 75, "GT")]),
    ("en", "Some 70 Salvadoran soldiers arrived on a United States aircraft.", [("arrived", 70, "SV")]),
    ("fr", "Seuls 410 des 2 500 policiers prévus sont là.", [("deployed", 410, None), ("authorised", 2500, None)]),
    ("fr", "410 policiers sur 2 500 sont arrivés.", [("arrived", 410, None), ("authorised", 2500, None)]),
    ("en", "Kenya has sent 400 of the 1,000 officers that it promised.",
     [("deployed", 400, "KE"), ("pledged", 1000, "KE")]),
    ("en", "The flight brings the number of Kenyan officers to 600.", [("deployed", 600, "KE")]),
    ("en", "That brings the total strength of its personnel to 1,040.", [("total", 1040, None)]),
    ("pt", "O presidente disse que o total chegaria, chegando a 2.500 homens.", [("authorised", 2500, None)]),
    ("es", "Los miembros suman 700 kenianos, 150 guatemaltecos y 8 salvadoreños.",
     [("deployed", 700, "KE"), ("deployed", 150, "GT"), ("deployed", 8, "SV")]),
    ("es", "Un millón 41 mil personas fueron desplazadas.", [("displaced", 1_041_000, "HT")]),
    ("fr", "Le Kenya projette d'envoyer un total de mille policiers.", [("pledged", 1000, "KE")]),
    ("fr", "Le ministre a annoncé que le contingent de 217 policiers kényans était arrivé.", [("arrived", 217, "KE")]),
    ("pt", "A força, com 5.550 funcionários, é maior.", [("authorised", 5550, None)]),
    ("en", "Two officers were killed. At least two Kenyan officers were killed in the ambush.", [("killed", 2, "KE")]),
    ("pt", "A chegada dos policiais quenianos agradou.", []),
    ("pt", "O Canadá deu US$ 85 milhões e os EUA, US$ 15 milhões.", [("funding", 85e6, "CA"), ("funding", 15e6, "US")]),
    ("pt", "Entre as promessas há US$ 85 milhões do Canadá e US$ 15 milhões dos EUA.",
     [("funding", 85e6, "CA"), ("funding", 15e6, "US")]),
    ("en", "Two hundred and thirty Kenyan officers stepped off a jet.", [("arrived", 230, "KE")]),
    ("en", "The treasury of Kenya paid Sh2.1 billion.", [("funding", 2.1e9, "KE")]),
    ("fr", "Le Canada a versé 5,7 millions de dollars canadiens.", [("funding", 5.7e6, "CA")]),
    ("fr", "Le Bénin prépare l'envoi des 2 000 militaires que le président a promis.", [("pledged", 2000, "BJ")]),
    ("es", "La misión, que lidera Kenia con unos 400 agentes, sigue.", [("deployed", 400, "KE")]),
    ("fr", "Le Sénégal (350 hommes) et le Burundi (250) ont promis des troupes.",
     [("pledged", 350, "SN"), ("pledged", 250, "BI")]),
    ("en", "Kenya sent 400 officers. The ceiling is 2,500.", [("deployed", 400, "KE"), ("authorised", 2500, None)]),
    ("sw", "Chad kutuma maafisa 800 Haiti huku Kenya ikipunguza polisi wake.", [("pledged", 800, "TD")]),
    ("en", "A flight with 230 Kenyan police arrived on Monday, bringing the total force to 980 personnel.",
     [("arrived", 230, "KE"), ("total", 980, None)]),
    ("en", "The mission is to expand to as many as 5,550 personnel.", [("authorised", 5550, None)]),
    ("es", "El ataque causó la muerte de dos periodistas y un policía.", []),
    ("pt", "Os EUA deram 160 milhões de dólares (875 milhões de reais).",
     [("funding", 160e6, "US"), ("funding", 875e6, None)]),
    ("en", "Gunmen killed 5 people and wounded 12.", [("killed", 5, "HT")]),
    ("sw", "Watu 2,439 waliuawa na 902 walijeruhiwa.", [("killed", 2439, "HT"), ("injured", 902, "HT")]),
    ("en", "Partners pledged 2,900 soldiers for the mission led by Kenya.", [("pledged", 2900, None)]),
)  # fmt: skip


@pytest.mark.parametrize(("language", "sentences", "expected"), SAID)
def test_what_a_figure_counts_and_whose_it_is(
    language: str, sentences: str, expected: list[tuple[str, float, str | None]]
) -> None:
    item = tag(f"{HAITI[language]} {sentences}", language=language)
    assert [(f.kind, f.value, f.country) for f in item.figures] == expected


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
