"""A hostile server does what is planned, as often as it is planned, and is a good one again afterwards."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import pytest

from tests.kube_api.hostility import DEPTH, Deed, Hostility
from tests.kube_api.server import KubeApi
from tests.support.cluster import A_DIGEST, Cluster, a_cluster_of_ours

pytestmark = pytest.mark.kube

PIECE: Final = 65_536
LIMIT: Final = 1_048_576
APPLY: Final = "application/apply-patch+yaml"
BREAKS: Final = (aiohttp.ClientError, ConnectionError)


@pytest.fixture
async def ours() -> AsyncIterator[Cluster]:
    """A cluster that is ours, whatever the environment names."""
    async with a_cluster_of_ours() as lent:
        yield lent


def api_of(cluster: Cluster) -> KubeApi:
    assert cluster.api is not None
    return cluster.api.api


def hostility(cluster: Cluster) -> Hostility:
    return api_of(cluster).hostility


@dataclass(frozen=True)
class Seen:
    """The beginning of an answer."""

    status: int
    headers: Mapping[str, str]
    octets: bytes


async def seen(cluster: Cluster, method: str = "GET") -> Seen:
    """Ask for the hook or apply it, and read no more of the answer than a mebibyte."""
    access = cluster.customer.access
    url = f"{access.server}/apis/hooks.plexd.io/v1alpha1/namespaces/{cluster.namespace}/plexdhooks/hook"
    asked: dict[str, Any] = {"allow_redirects": False, "timeout": aiohttp.ClientTimeout(total=10)}
    if method == "PATCH":
        body = json.dumps(cluster.hook_body(name="hook", imageDigest=A_DIGEST))
        asked |= {"data": body, "params": {"fieldManager": "us"}, "headers": {"Content-Type": APPLY}}
    async with access.session.request(method, url, **asked) as answer:
        found = b""
        while len(found) < LIMIT and (piece := await answer.content.read(PIECE)):
            found += piece
        return Seen(answer.status, answer.headers, found)


async def is_written(cluster: Cluster) -> bool:
    """Whether the hook is there, as the store has it."""
    return any(key.namespace == cluster.namespace for key in api_of(cluster).store.objects)


@pytest.mark.parametrize("after_writing", [False, True])
async def test_a_request_that_hangs_may_have_taken_effect(ours: Cluster, after_writing: bool) -> None:
    hostility(ours).plan(Deed.HANG, "PATCH", after_writing=after_writing)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(seen(ours, "PATCH"), 0.2)

    assert await is_written(ours) is after_writing
    assert (await seen(ours, "PATCH")).status == (200 if after_writing else 201)


@pytest.mark.parametrize("deed", [Deed.RESET, Deed.TRUNCATE])
@pytest.mark.parametrize("after_writing", [False, True])
async def test_a_connection_that_breaks_may_have_written(
    ours: Cluster, deed: Deed, after_writing: bool
) -> None:
    hostility(ours).plan(deed, "PATCH", after_writing=after_writing)
    with pytest.raises(BREAKS):
        await seen(ours, "PATCH")

    assert await is_written(ours) is after_writing
    assert len(api_of(ours).log.mutating("us")) == 1


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
async def test_a_redirect_leads_where_it_is_told(ours: Cluster, code: int) -> None:
    hostility(ours).plan(Deed.REDIRECT, code=code, location="http://127.0.0.1:1/elsewhere")
    found = await seen(ours)

    assert (found.status, found.headers["Location"]) == (code, "http://127.0.0.1:1/elsewhere")


@pytest.mark.parametrize("deed", [Deed.HUGE_BODY, Deed.ENDLESS_BODY, Deed.GZIP_BOMB])
async def test_an_answer_may_be_longer_than_anybody_should_read(ours: Cluster, deed: Deed) -> None:
    hostility(ours).plan(deed)
    found = await seen(ours)

    assert len(found.octets) >= LIMIT
    assert int(found.headers.get("Content-Length", LIMIT)) >= LIMIT or deed is Deed.GZIP_BOMB


async def test_a_bomb_is_small_on_the_wire(ours: Cluster) -> None:
    hostility(ours).plan(Deed.GZIP_BOMB)
    found = await seen(ours)

    assert found.headers["Content-Encoding"] == "gzip"
    assert int(found.headers["Content-Length"]) < 100_000


@pytest.mark.parametrize(
    ("deed", "begin"),
    [
        (Deed.DEEP_JSON, b"[" * DEPTH),
        (Deed.BAD_UTF8, b'{"kind": "\xff'),
        (Deed.BAD_JSON, b'{"kind": "Plexd'),
        (Deed.HTML, b"<html>"),
        (Deed.LIST, b"[]"),
        (Deed.NOTHING, b""),
        (Deed.BAD_CHARSET, b"{}"),
    ],
)
async def test_an_answer_of_success_may_be_no_object(ours: Cluster, deed: Deed, begin: bytes) -> None:
    hostility(ours).plan(deed)
    found = await seen(ours)

    assert found.status == 200
    assert found.octets.startswith(begin)


@pytest.mark.parametrize("code", [403, 429, 500, 503])
async def test_a_status_of_any_code_is_answered(ours: Cluster, code: int) -> None:
    hostility(ours).plan(Deed.REFUSE, code=code)
    found = await seen(ours)

    assert (found.status, json.loads(found.octets)["code"]) == (code, code)


async def test_an_answer_may_repeat_a_credential_and_an_object(ours: Cluster) -> None:
    await seen(ours, "PATCH")
    hostility(ours).plan(Deed.ECHO, code=403)
    found = await seen(ours)

    assert ours.api is not None
    shown = f"Bearer {ours.api.account.token}"
    assert (found.status, found.headers["Www-Authenticate"]) == (403, shown)
    assert json.loads(found.octets)["message"].startswith(f"{shown} may not")
    assert A_DIGEST.encode() in found.octets


async def test_a_plain_404_is_no_status(ours: Cluster) -> None:
    hostility(ours).plan(Deed.PLAIN_NOT_FOUND)
    found = await seen(ours)

    assert (found.status, found.octets) == (404, b"404 page not found\n")
    assert found.headers["Content-Type"].startswith("text/plain")


async def test_versions_clash_as_often_as_planned(ours: Cluster) -> None:
    hostility(ours).plan(Deed.VERSION_CLASH, "PATCH", times=2)
    found = [await seen(ours, "PATCH") for _ in range(3)]

    assert [each.status for each in found] == [409, 409, 201]
    assert "details" not in json.loads(found[0].octets)


async def test_an_object_may_be_altered_on_its_way(ours: Cluster) -> None:
    await seen(ours, "PATCH")
    for deed in (Deed.WRONG_KIND, Deed.NUL_ANNOTATION, Deed.HUGE_NUMBER):
        hostility(ours).plan(deed)
    other, with_nul, with_number = [(await seen(ours)).octets for _ in range(3)]

    assert json.loads(other)["kind"] == "ConfigMap"
    assert json.loads(with_nul)["metadata"]["annotations"] == {"note": "a\0b"}
    assert b"1" + b"0" * 5_000 in with_number
    assert json.loads((await seen(ours)).octets)["kind"] == "PlexdHook"


async def test_a_fault_spares_as_many_requests_as_it_is_told_and_other_verbs(ours: Cluster) -> None:
    hostility(ours).plan(Deed.REFUSE, "GET", spared=1, code=503)
    found = [(await seen(ours, method)).status for method in ("PATCH", "GET", "GET", "GET")]

    assert found == [201, 200, 503, 200]


async def test_an_answer_may_come_by_the_octet(ours: Cluster) -> None:
    hostility(ours).plan(Deed.TRICKLE)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(seen(ours), 0.2)
