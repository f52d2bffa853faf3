"""What people type becomes a tree, or an error that says where the mistake is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.index.query_language import MAX_DEPTH, MAX_LENGTH, Misread, Node, Phrase, Word, parse, walk


def shape(node: Node | None) -> str:
    """The tree as one line, so that a test can show it."""
    from services.index.query_language import All, Either, Field, Not

    match node:
        case None:
            return "nothing"
        case Word(text=text, prefix=prefix):
            return text + ("…" if prefix else "")
        case Phrase(text=text):
            return f"<{text}>"
        case Field(name=name, value=value):
            return f"{name}={shape(value)}"
        case Not(part=part):
            return f"not {shape(part)}"
        case All(parts=parts):
            return f"[{' & '.join(map(shape, parts))}]"
        case Either(parts=parts):
            return f"[{' | '.join(map(shape, parts))}]"
    raise AssertionError(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "nothing"),
        ("  - + ", "nothing"),
        ("kenya police", "[kenya & police]"),
        ("kenya AND police && haiti", "[kenya & police & haiti]"),
        ("a OR b c", "[a | [b & c]]"),
        ("a | b || c", "[a | b | c]"),
        ("(a OR b) c", "[[a | b] & c]"),
        ("-a NOT b c", "[not a & not b & c]"),
        ("+kenya + police - haiti", "[kenya & police & haiti]"),
        ('"force de répression" x', "[<force de répression> & x]"),
        ("“force de répression” «gang»", "[<force de répression> & <gang>]"),
        (r"\"quoted\" a\:b", '["quoted" & a:b]'),
        ("polic* Port-au-Prince l'ONU U.S.", "[polic… & Port-au-Prince & l'ONU & U.S.]"),
        ("country:KE Lang:(fr OR ht)", "[country=KE & lang=[fr | ht]]"),
        ('person:"Bwa Kale"', "person=<Bwa Kale>"),
        ("figure:(pledged country:JM >=100)", "figure=[pledged & country=JM & >=100]"),
        ("12:30 ORANGE NOTES ANDES", "[12:30 & ORANGE & NOTES & ANDES]"),
        ("kenya & !!! … police", "[kenya & police]"),
        ("-(gang police) kenya", "[not [gang & police] & kenya]"),
    ],
)
def test_what_is_typed_is_read(text: str, expected: str) -> None:
    assert shape(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "words", "position"),
    [
        ('police "force de', "the quotation mark is not closed", 8),
        ("kenya (police", "the parenthesis is not closed", 7),
        ('(")" a', "the parenthesis is not closed", 1),
        ("kenya) police", "closes nothing", 6),
        ("kenya ()", "empty", 8),
        ("OR kenya", "cannot stand here", 1),
        ("kenya AND OR police", "cannot stand here", 11),
        ("kenya OR", "breaks off", 8),
        ("*police", "at the end of a word only", 1),
        ("po*ice", "at the end of a word only", 3),
        ("x a*", "at least 2 letters", 3),
        ("(" * (MAX_DEPTH + 1) + "a", "within each other", MAX_DEPTH + 1),
        ("a" * (MAX_LENGTH + 1), "1001 characters", MAX_LENGTH + 1),
        ("a " * 61, "61 words", 1),
        ('country:"!"', "nothing stands behind country:", 1),
    ],
)
def test_a_mistake_is_named_with_its_position(text: str, words: str, position: int) -> None:
    with pytest.raises(Misread, match=words) as raised:
        parse(text)
    assert raised.value.position == position
    assert raised.value.reason == "query"
    assert f"position {position}" in str(raised.value)


@given(st.text(alphabet=st.sampled_from('ab"()-+|*: \\\nORANDNOTé&!>'), max_size=40) | st.text(max_size=80))
def test_any_text_is_a_query_or_a_mistake_with_a_position_within_it(text: str) -> None:
    positions = []
    try:
        node = parse(text)
    except Misread as mistake:
        positions.append(mistake.position)
    else:
        parts = [part for part in walk(node) if isinstance(part, Word | Phrase)] if node else []
        assert all(any(map(str.isalnum, part.text)) for part in parts)
        positions += [part.at for part in parts]
    assert all(1 <= position <= max(1, len(text)) for position in positions)
