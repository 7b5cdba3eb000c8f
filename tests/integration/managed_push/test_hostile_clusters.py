"""Clusters that do their worst: nothing of it gets further than "unreachable"."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any, Final

import psutil
import pytest

from plexsphere.managed_push.adapters.https_cluster import MOST_OCTETS, HttpsCluster
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.managed_push.domain.errors import (
    ClusterUnreachable,
    OutcomeUnsure,
    StaleCapture,
    WriteRefused,
)
from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.certificates import TlsFlaw
from tests.kube_api.hostility import Deed
from tests.kube_api.server import RunningApi, running_api
from tests.support.cluster_access import LOOPBACK_TOO, access_by, https_cluster
from tests.support.managed_push import a_request

BY_DEFAULT: Final = EgressPolicy()
BODY: Final = a_request(namespace="default").rendered()
UNREADABLE: Final = (
    Deed.TRUNCATE,
    Deed.RESET,
    Deed.HUGE_BODY,
    Deed.ENDLESS_BODY,
    Deed.GZIP_BOMB,
    Deed.DEEP_JSON,
    Deed.BAD_UTF8,
    Deed.BAD_JSON,
    Deed.HTML,
    Deed.LIST,
    Deed.NOTHING,
    Deed.WRONG_KIND,
    Deed.NUL_ANNOTATION,
    Deed.HUGE_NUMBER,
    Deed.PLAIN_NOT_FOUND,
    Deed.REFUSE,
)


@dataclass
class Trap:
    """A listener that nobody may come to."""

    port: int
    hits: list[bytes] = field(default_factory=list)

    async def note(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.hits.append(await reader.read(4096))
        writer.close()


@asynccontextmanager
async def a_trap(host: str = "127.0.0.1") -> AsyncIterator[Trap]:
    trap = Trap(0)
    server = await asyncio.start_server(trap.note, host, 0)
    trap.port = server.sockets[0].getsockname()[1]
    async with server:
        yield trap


@asynccontextmanager
async def an_api(**how: Any) -> AsyncIterator[RunningApi]:
    async with running_api(**how) as running:
        yield running


async def read(access: ClusterAccess, cluster: HttpsCluster | None = None) -> Any:
    """Ask for the object once."""
    async with (cluster or https_cluster()).session(access) as session:
        return await session.get_hook("default", "backup")


async def write(access: ClusterAccess, cluster: HttpsCluster | None = None) -> Any:
    """Apply the object once."""
    async with (cluster or https_cluster()).session(access) as session:
        return await session.apply_hook(BODY)


@pytest.mark.parametrize("deed", UNREADABLE)
async def test_what_cannot_be_understood_is_no_object_and_no_absence(deed: Deed) -> None:
    """H21, H22."""
    async with an_api() as running:
        access = access_by(running.kubeconfig())
        await write(access)
        running.api.hostility.plan(deed, "GET", times=2)

        with pytest.raises(ClusterUnreachable) as caught:
            await read(access)

    assert not isinstance(caught.value, OutcomeUnsure)


@pytest.mark.parametrize("deed", [each for each in UNREADABLE if each is not Deed.PLAIN_NOT_FOUND])
async def test_a_write_that_is_answered_with_nonsense_may_have_landed(deed: Deed) -> None:
    async with an_api() as running:
        running.api.hostility.plan(deed, "PATCH", times=2, after_writing=True)

        with pytest.raises(OutcomeUnsure):
            await write(access_by(running.kubeconfig()))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 413, 415, 422, 429])
async def test_a_write_that_is_refused_did_not_land(code: int) -> None:
    async with an_api() as running:
        running.api.hostility.plan(Deed.REFUSE, "PATCH", code=code)

        with pytest.raises(WriteRefused):
            await write(access_by(running.kubeconfig()))


async def test_a_clash_of_versions_is_told_apart_from_a_conflict() -> None:
    async with an_api() as running:
        running.api.hostility.plan(Deed.VERSION_CLASH, "PATCH")

        with pytest.raises(StaleCapture):
            await write(access_by(running.kubeconfig()))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("verb", ["GET", "PATCH"])
async def test_nobody_is_followed_anywhere(verb: str, code: int) -> None:
    """C14."""
    async with an_api() as running, a_trap() as trap:
        location = f"http://127.0.0.1:{trap.port}/stolen"
        running.api.hostility.plan(Deed.REDIRECT, verb, code=code, location=location)

        with pytest.raises(ClusterUnreachable):
            await (read if verb == "GET" else write)(access_by(running.kubeconfig()))

        assert trap.hits == []
        assert len(running.api.log.requests) == 1


async def test_of_what_never_ends_little_is_read() -> None:
    """H21."""
    process = psutil.Process()
    async with an_api() as running:
        access = access_by(running.kubeconfig())
        running.api.hostility.plan(Deed.ENDLESS_BODY, "GET", times=20)
        before = process.memory_info().rss

        for _ in range(10):
            with pytest.raises(ClusterUnreachable):
                await read(access)

    assert process.memory_info().rss - before < 16 * MOST_OCTETS


async def test_nothing_is_asked_for_in_a_compressed_form() -> None:
    """H21."""
    async with an_api() as running:
        await read(access_by(running.kubeconfig()))

        assert running.api.log.requests[0].headers["Accept-Encoding"] == "identity"


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated:DeprecationWarning")
@pytest.mark.parametrize("flaw", list(TlsFlaw))
async def test_a_server_that_cannot_prove_its_name_hears_nothing(flaw: TlsFlaw) -> None:
    """C15."""
    async with an_api(flaw=flaw) as running:
        with pytest.raises(ClusterUnreachable) as caught:
            await write(access_by(running.kubeconfig()))

        assert not isinstance(caught.value, OutcomeUnsure)
        assert running.api.log.requests == []


async def test_without_an_authority_of_its_own_a_cluster_needs_one_that_the_system_knows() -> None:
    """C15."""
    async with an_api() as running:
        with pytest.raises(ClusterUnreachable):
            await write(access_by(running.kubeconfig(authority="")))

        assert running.api.log.requests == []


async def test_a_cluster_may_be_reached_under_another_name_than_it_proves() -> None:
    async with an_api(flaw=TlsFlaw.WRONG_NAME) as running:
        kubeconfig = running.kubeconfig(tls_server_name="elsewhere.test")

        assert (await write(access_by(kubeconfig))).is_created


async def test_a_client_certificate_opens_what_asks_for_one() -> None:
    async with an_api(needs_client=True) as running:
        assert (await write(access_by(running.kubeconfig_by_certificate()))).is_created

        with pytest.raises(ClusterUnreachable):
            await read(access_by(running.kubeconfig()))


async def test_proxies_and_netrc_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """C17."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login canary password canary\n")
    async with an_api() as running, a_trap() as trap:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
        monkeypatch.setenv("NETRC", str(netrc))

        assert (await write(access_by(running.kubeconfig()))).is_created

        assert trap.hits == []
        [asked] = running.api.log.requests
        assert asked.headers["Authorization"].startswith("Bearer ")


class Rebinding:
    """A name that means something else each time it is asked for."""

    def __init__(self, *answers: str) -> None:
        self._answers: Final = [ip_address(answer) for answer in answers]
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[IPv4Address | IPv6Address]:
        self.asked += 1
        return [self._answers[min(self.asked, len(self._answers)) - 1]]


def strictly(look_up: Rebinding, policy: EgressPolicy = BY_DEFAULT) -> HttpsCluster:
    """Return an adapter with the default rules, and its own idea of names."""

    async def egress() -> EgressPolicy:
        return policy

    return HttpsCluster(egress, look_up)


def named(port: int) -> ClusterAccess:
    """Return a cluster of a name, and of this port."""
    return ClusterAccess(
        f"https://kube-api.test:{port}", "kube-api.test", port, "", "", "", Secret("canary"), None
    )


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "0.0.0.0", "169.254.169.254", "::ffff:127.0.0.1", "64:ff9b::7f00:1"]
)
async def test_a_name_that_leads_where_nobody_may_go_leads_nowhere(address: str) -> None:
    """C13."""
    async with a_trap() as trap:
        with pytest.raises(ClusterUnreachable):
            await write(named(trap.port), strictly(Rebinding(address)))

        assert trap.hits == []


async def test_the_address_that_was_vetted_is_the_one_that_is_dialled() -> None:
    """C13."""
    async with a_trap() as trap:
        look_up = Rebinding("198.51.100.1", "127.0.0.1")
        cluster = strictly(look_up)
        dialled: list[Any] = []
        with pytest.raises(ClusterUnreachable), _dials_noted(dialled):
            async with asyncio.timeout(30):
                await write(named(trap.port), cluster)

        assert trap.hits == []
        assert look_up.asked == 1
        assert {address for address, _ in dialled} == {"198.51.100.1"}


@contextmanager
def _dials_noted(dialled: list[Any]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    connect = loop.sock_connect

    async def noted(sock: socket.socket, address: Any) -> None:
        dialled.append(address)
        # Nobody is at home there, and the test need not wait to hear it.
        raise ConnectionRefusedError

    loop.sock_connect = noted  # type: ignore[method-assign]  # the loop is not ours to derive from
    try:
        yield
    finally:
        loop.sock_connect = connect  # type: ignore[method-assign]  # as it was


async def test_the_right_name_is_verified_at_the_vetted_address() -> None:
    """C13."""
    async with an_api() as running:
        access = access_by(running.kubeconfig(server=f"https://kube-api.test:{running.port}"))
        cluster = strictly(Rebinding("127.0.0.1"), LOOPBACK_TOO)

        assert (await write(access, cluster)).is_created

        elsewhere = replace(access, host="kubernetes.example")
        with pytest.raises(ClusterUnreachable):
            await write(elsewhere, cluster)


async def test_an_address_in_the_kubeconfig_is_judged_when_it_is_dialled_too() -> None:
    """C12."""
    async with an_api() as running:
        access = access_by(running.kubeconfig())

        with pytest.raises(ClusterUnreachable):
            await write(access, strictly(Rebinding()))

        assert running.api.log.requests == []


async def test_a_client_key_is_in_no_file_while_it_is_used() -> None:
    """C18."""
    async with an_api(needs_client=True) as running:
        access = access_by(running.kubeconfig_by_certificate())
        before = _files()
        running.api.hostility.plan(Deed.HANG, "GET")

        asking = asyncio.create_task(read(access))
        await asyncio.sleep(0.3)
        meanwhile = _files()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    assert access.client_certificate is not None
    assert _holding(access.client_certificate.key.reveal(), meanwhile | _files() | before) == []


def _files() -> set[Path]:
    places = [Path("/tmp"), Path("/dev/shm"), Path.cwd()]
    recent = time.time() - 120
    return {
        Path(entry.path)
        for place in places
        if place.is_dir()
        for entry in os.scandir(place)
        if entry.is_file() and entry.stat().st_mtime > recent
    }


def _holding(key: str, files: set[Path]) -> list[Path]:
    line = key.splitlines()[1].encode()
    return [file for file in files if file.exists() and line in file.read_bytes()]


async def test_an_encrypted_key_asks_nobody_for_a_passphrase() -> None:
    async with an_api() as running:
        access = access_by(running.kubeconfig_by_certificate())
        pair = access.client_certificate
        assert pair is not None
        locked = replace(pair, key=Secret(_locked(pair.key.reveal())))

        async with asyncio.timeout(10):
            with pytest.raises(ClusterUnreachable):
                await read(replace(access, client_certificate=locked))


def _locked(pem: str) -> str:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem.encode(), None)
    locked = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"canary"),
    )
    return locked.decode()
