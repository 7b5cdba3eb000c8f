"""The opt-in record: fail-closed at every step."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

import pytest

from plexsphere.managed_push.domain.errors import Disabled, NotConfigured
from plexsphere.managed_push.domain.target import Target, require_configured, require_pushable
from tests.support.api import DOMAIN

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)
ENABLED: Final = Target(DOMAIN, b"sealed", "0f" * 32, "https://cluster.example", True, NOW, NOW)


def test_a_domain_that_opted_in_may_push() -> None:
    assert require_pushable(ENABLED, DOMAIN) is ENABLED


@pytest.mark.parametrize("target", [None, replace(ENABLED, kubeconfig_ciphertext=b"")])
def test_without_a_credential_nothing_is_configured_whatever_the_flag_says(target: Target | None) -> None:
    for require in (require_configured, require_pushable):
        with pytest.raises(NotConfigured):
            require(target, DOMAIN)


def test_a_disabled_target_refuses_pushes_and_nothing_else() -> None:
    disabled = replace(ENABLED, enabled=False)

    assert require_configured(disabled, DOMAIN) is disabled
    with pytest.raises(Disabled):
        require_pushable(disabled, DOMAIN)


def test_a_target_shows_nobody_its_sealed_bytes() -> None:
    assert "sealed" not in repr(ENABLED)
