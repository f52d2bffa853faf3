import pytest
from cryptography.fernet import Fernet

from services.vault import Undecryptable, Vault, unlocked

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_a_secret_comes_back_and_is_not_readable_at_rest() -> None:
    token = Vault(NEW).encrypt("whsec_abc")
    assert "abc" not in token
    assert Vault(NEW).decrypt(token) == "whsec_abc"


def test_after_a_new_key_is_put_first_old_secrets_still_open() -> None:
    token = Vault(OLD).encrypt("whsec_abc")
    assert Vault(f"{NEW}, {OLD}").decrypt(token) == "whsec_abc"


def test_new_secrets_are_under_the_first_key() -> None:
    assert Vault(NEW).decrypt(Vault(f"{NEW},{OLD}").encrypt("whsec_abc")) == "whsec_abc"


def test_without_its_key_a_secret_does_not_open_and_the_error_names_the_setting() -> None:
    with pytest.raises(Undecryptable, match="NEWS_ENCRYPTION_KEYS"):
        Vault(NEW).decrypt(Vault(OLD).encrypt("whsec_abc"))


@pytest.mark.parametrize("keys", ["", " , ", "short", f"{NEW},short"])
def test_without_proper_keys_the_process_refuses_to_start_and_says_how_to_make_one(keys: str) -> None:
    with pytest.raises(SystemExit, match=r"NEWS_ENCRYPTION_KEYS.*python -m services.index key --encryption") as refusal:
        unlocked(keys)
    assert "short" not in str(refusal.value)


def test_a_signature_holds_for_its_text_and_purpose_under_any_key_that_is_left() -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    signature = Vault(old).sign("links", "q=kenya")
    assert Vault(f"{new},{old}").is_signed("links", "q=kenya", signature)
    assert not Vault(new).is_signed("links", "q=kenya", signature)
    assert not Vault(old).is_signed("links", "q=kenya&relevant=true", signature)
    assert not Vault(old).is_signed("cookies", "q=kenya", signature)
    assert not Vault(old).is_signed("links", "q=kenya", "é" * 32)
