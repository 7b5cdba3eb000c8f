"""What PLEXSPHERE_FAILPOINTS may say, and what it never goes with."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plexsphere.composition.failpoints.places import ALL
from plexsphere.composition.failpoints.plan import EXAMPLE, Deed, Failure, plan_of
from plexsphere.composition.failpoints.rehearsal import require_rehearsal
from plexsphere.composition.settings import Address, Settings, SettingsError, SpiceDb, Tls
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import settings_for

LOCAL = Secret("host=/tmp/sockets dbname=plexsphere user=plexsphere")
PRODUCTION: dict[str, tuple[dict[str, Any], str]] = {
    "every address": ({"listen": Address("0.0.0.0", 8080)}, "PLEXSPHERE_LISTEN"),
    "an address of the network": ({"listen": Address("10.0.0.7", 8080)}, "PLEXSPHERE_LISTEN"),
    "a name": ({"listen": Address("plexsphere.example", 8080)}, "PLEXSPHERE_LISTEN"),
    "a certificate": ({"tls": Tls(Path("chain.pem"), Path("key.pem"))}, "PLEXSPHERE_TLS_CERT_FILE"),
    "a proxy before it": ({"trusted_proxies": (ip_network("10.0.0.0/8"),)}, "PLEXSPHERE_TRUSTED_PROXIES"),
    "a database elsewhere": ({"dsn": Secret("postgresql://plexsphere@db/plexsphere")}, "PLEXSPHERE_DSN"),
    "one host of several elsewhere": ({"dsn": Secret("host=127.0.0.1,db user=plexsphere")}, "PLEXSPHERE_DSN"),
    "a database whose host is not said": ({"dsn": Secret("dbname=plexsphere")}, "PLEXSPHERE_DSN"),
    "a local name of an address elsewhere": (
        {"dsn": Secret("host=localhost hostaddr=10.0.0.7")},
        "PLEXSPHERE_DSN",
    ),
    "a SpiceDB elsewhere": (
        {"spicedb": SpiceDb("grpc://spicedb:50051", Secret("token"))},
        "PLEXSPHERE_SPICEDB_ENDPOINT",
    ),
    "a SpiceDB with TLS": (
        {"spicedb": SpiceDb("grpcs://127.0.0.1:50051", Secret("token"))},
        "PLEXSPHERE_SPICEDB_ENDPOINT",
    ),
}


def settings(**changes: Any) -> Settings:
    return settings_for(changes.pop("dsn", LOCAL), 8080, failpoints="request.after-commit=kill", **changes)


def test_the_example_is_read_as_it_is_meant() -> None:
    assert plan_of(EXAMPLE) == {
        "request.after-commit": Failure("request.after-commit", Deed.KILL, nth=3),
        "follower.rows-read": Failure("follower.rows-read", Deed.PAUSE, seconds=2.0),
        "events.stored": Failure("events.stored", Deed.ERROR, percent=5),
    }


@pytest.mark.parametrize("place", ALL)
def test_every_place_can_be_named(place: str) -> None:
    assert plan_of(f"{place}=kill") == {place: Failure(place, Deed.KILL)}


@pytest.mark.parametrize(
    "text",
    [
        "nowhere=kill",
        "request.after-commit",
        "request.after-commit=explode",
        "request.after-commit=pause",
        "request.after-commit=kill@0",
        "request.after-commit=kill%100",
        "request.after-commit=kill@1%5",
        "request.after-commit=kill;",
        "request.after-commit=kill;request.after-commit=error",
    ],
)
def test_what_cannot_be_meant_is_refused_and_the_variable_named(text: str) -> None:
    with pytest.raises(SettingsError, match="PLEXSPHERE_FAILPOINTS"):
        plan_of(text)


@given(st.text())
def test_any_text_is_a_plan_or_refused(text: str) -> None:
    try:
        plan = plan_of(text)
    except SettingsError:
        return
    assert set(plan) <= set(ALL)


@pytest.mark.parametrize("setting", PRODUCTION)
def test_failpoints_go_with_no_setting_of_production(setting: str) -> None:
    """Hardening 5.4: production mode refuses to boot when the flag is present."""
    changes, variable = PRODUCTION[setting]

    with pytest.raises(SettingsError, match=variable) as refused:
        require_rehearsal(settings(**changes), {})

    assert "PLEXSPHERE_FAILPOINTS" in str(refused.value)


def test_a_public_url_is_productions() -> None:
    with pytest.raises(SettingsError, match="PLEXSPHERE_PUBLIC_URL"):
        require_rehearsal(settings(), {"PLEXSPHERE_PUBLIC_URL": "https://plexsphere.example"})


@pytest.mark.parametrize(
    "dsn", ["host=/tmp/sockets", "host=127.0.0.1", "postgresql://me@[::1]:5432/plexsphere"]
)
def test_a_rehearsal_on_this_machine_is_let_through(dsn: str) -> None:
    local = SpiceDb("grpc://127.0.0.1:50051", Secret("token"))

    require_rehearsal(settings(dsn=Secret(dsn), spicedb=local), {})
