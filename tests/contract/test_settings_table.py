"""The README documents every environment variable once, with its default."""

from pathlib import Path

from pydantic import SecretStr

from services import settings

README = Path(__file__).parents[2] / "README.md"


def rows() -> list[str]:
    """The table's rows as the settings give them."""
    return [
        f"| `NEWS_{name.upper()}` | {shown(field.get_default(call_default_factory=True))} | {field.description} |"
        for group in settings.ALL
        for name, field in group.model_fields.items()
    ]


def shown(default: object) -> str:
    value = default.get_secret_value() if isinstance(default, SecretStr) else default
    return f"`{value}`" if value not in (None, "", frozenset()) else ""


def test_the_table_of_settings_is_the_settings() -> None:
    documented = [line for line in README.read_text().splitlines() if line.startswith("| `NEWS_")]
    assert documented == rows(), "the README's table of settings should read:\n" + "\n".join(rows())
