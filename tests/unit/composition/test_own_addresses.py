"""Where our own datastores listen (C12)."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Any, Final

import pytest

from plexsphere.composition.egress import Egress, build_egress
from plexsphere.composition.own_addresses import KEPT_SECONDS, OwnAddresses, own_hosts
from plexsphere.composition.settings import ManagedPushSettings, PushKeyRing, SpiceDb
from plexsphere.managed_push.domain.errors import ClusterUnreachable
from plexsphere.platform.kernel.secret import Secret
from tests.support.control_plane import settings_for
from tests.support.identity import FakeClock

KEY: Final = Secret(bytes(32))


@pytest.mark.parametrize(
    ("dsn", "environ", "hosts"),
    [
        ("postgresql://p@db.example/p", {}, ("db.example",)),
        ("postgresql://p@db.example:6432/p?hostaddr=10.9.0.4", {}, ("10.9.0.4",)),
        ("host=one,two port=1,2", {}, ("one", "two")),
        ("host=one,two hostaddr=10.9.0.4,", {}, ("10.9.0.4", "two")),
        ("host=one hostaddr=10.9.0.4,10.9.0.5", {}, ("10.9.0.4", "10.9.0.5")),
        ("postgresql://p@[2001:db8::7]/p", {}, ("2001:db8::7",)),
        ("host=/run/postgresql,@abstract", {}, ()),
        ("dbname=p", {}, ()),
        ("dbname=p", {"PGHOST": "db.example"}, ("db.example",)),
        ("dbname=p host=one", {"PGHOSTADDR": "10.9.0.6"}, ("10.9.0.6",)),
    ],
)
def test_the_database_is_found_where_its_library_looks_for_it(
    dsn: str, environ: dict[str, str], hosts: tuple[str, ...]
) -> None:
    assert own_hosts(Secret(dsn), None, environ) == hosts


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [("grpcs://spicedb:50051", "spicedb"), ("grpc://[::1]:50051", "::1"), ("https://10.9.0.8:1", "10.9.0.8")],
)
def test_so_is_spicedb(endpoint: str, host: str) -> None:
    assert own_hosts(Secret("dbname=p"), SpiceDb(endpoint, Secret("token")), {}) == (host,)


class Names:
    """A resolver that is asked in place of the system's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **known: list[str]) -> None:
        self.known = known
        self.asked: list[str] = []
        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", self._getaddrinfo)

    async def _getaddrinfo(self, host: str, port: Any, **_: Any) -> list[Any]:
        self.asked.append(host)
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, 6, "", (address, 0)) for address in self.known[host]]


def addresses(*texts: str) -> frozenset[Any]:
    return frozenset(map(ip_address, texts))


async def test_names_are_asked_for_at_a_dial_and_again_after_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(monkeypatch, db=["10.9.0.4", "10.9.0.5"])
    clock = FakeClock()
    own = OwnAddresses(("db", "10.9.0.9"), clock)
    written = own.written()
    at_first = await own.resolved()
    names.known["db"] = ["10.9.0.6"]
    clock.advance(KEPT_SECONDS - 1)
    within_the_minute = await own.resolved()
    clock.advance(1)
    after_it = await own.resolved()

    assert written == addresses("10.9.0.9")
    assert at_first == within_the_minute == addresses("10.9.0.4", "10.9.0.5", "10.9.0.9")
    assert after_it == addresses("10.9.0.6", "10.9.0.9")
    assert names.asked == ["db", "db"]


async def test_a_name_of_ours_that_leads_nowhere_stops_the_dial(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch)

    with pytest.raises(OSError, match="unknown"):
        await OwnAddresses(("db",), FakeClock()).resolved()
    with pytest.raises(ClusterUnreachable):
        await egress().as_resolved()


def egress(**changes: Any) -> Egress:
    push = ManagedPushSettings(PushKeyRing(KEY), **changes)
    dsn = Secret("postgresql://p@db.example/p?hostaddr=10.9.0.4")
    settings = settings_for(dsn, 0, spicedb=SpiceDb("grpc://spicedb:1", Secret("token")), managed_push=push)
    return build_egress(settings, push, FakeClock())


async def test_the_policy_refuses_our_own_addresses_as_they_are_written_and_as_they_are_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """C12: what is attached is judged without asking a name server, what is dialled with one."""
    names = Names(monkeypatch, spicedb=["10.9.0.7"])
    policy = egress()
    written = policy.as_written()
    asked_at_attach = list(names.asked)
    resolved = await policy.as_resolved()

    assert asked_at_attach == []
    for judged, found in ((written, True), (resolved, False)):
        assert not judged.permits(ip_address("10.9.0.4"))
        assert judged.permits(ip_address("10.9.0.7")) is found
        assert judged.permits(ip_address("10.9.0.5"))
