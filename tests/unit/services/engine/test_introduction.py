from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from services import settings
from services.engine.introduction import authorization


def configured(**values: Any) -> settings.Engine:
    return settings.Engine().model_copy(update=values)


def test_an_api_key_comes_before_user_and_password() -> None:
    given = configured(
        elasticsearch_api_key=SecretStr("a2V5"),
        elasticsearch_username="elastic",
        elasticsearch_password=SecretStr("secret"),
    )
    assert authorization(given) == {"authorization": "ApiKey a2V5"}


@pytest.mark.parametrize("password", ["secret", "päss:wörd"])
def test_user_and_password_are_basic_authentication_as_others_write_it(password: str) -> None:
    given = configured(elasticsearch_username="elastic", elasticsearch_password=SecretStr(password))
    [request] = httpx.BasicAuth("elastic", password).auth_flow(httpx.Request("GET", "http://engine.example"))
    assert authorization(given) == {"authorization": request.headers["Authorization"]}


def test_without_credentials_nothing_is_sent() -> None:
    assert authorization(configured()) == {}
