"""A wrong setting is refused by its name."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services import settings


@pytest.mark.parametrize("group", [settings.Kafka, settings.Engine])
def test_a_ca_file_that_is_not_there_is_named(
    group: type[settings.Kafka] | type[settings.Engine], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    field = f"{group.__name__.lower().replace('engine', 'elasticsearch')}_ca_file"
    monkeypatch.setenv(f"NEWS_{field.upper()}", str(tmp_path / "missing.pem"))
    with pytest.raises(ValidationError, match=rf"{field}\s+Path does not point to a file"):
        group()
    (tmp_path / "missing.pem").touch()
    assert getattr(group(), field) == tmp_path / "missing.pem"
