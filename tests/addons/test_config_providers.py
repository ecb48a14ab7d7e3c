from pathlib import Path

import pytest
from pydantic import ValidationError

from addons.config_providers import Disabled, Timeouts, Tls
from tests.tls import Authority


def test_a_disabled_provider_says_why() -> None:
    disabled = Disabled(type="openai", reason="KEY is not set")
    assert (disabled.disabled, disabled.speaks) == ("KEY is not set", "")


def test_a_certificate_of_its_own(tmp_path: Path) -> None:
    file = Authority("private", tmp_path).file
    assert Tls(ca_file=file).ca_file == file
    with pytest.raises(ValidationError, match="without client_cert"):
        Tls(client_key=file)
    file.write_text("")
    with pytest.raises(ValidationError, match="can't be used: no certificate or crl found"):
        Tls(ca_file=file)


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Timeouts().idle = 3
