"""Who is let in, by token or certificate, and what they may do."""

from typing import Any

import pytest
import yaml

from tests.kube_api.server import RunningApi, running_api
from tests.support.cluster import A_DIGEST
from tests.support.kubeconfigs import Reply, access_of

PATH = "/apis/hooks.plexd.io/v1alpha1/namespaces/default/plexdhooks/hook"
BODY: dict[str, Any] = {
    "apiVersion": "hooks.plexd.io/v1alpha1",
    "kind": "PlexdHook",
    "metadata": {"name": "hook"},
    "spec": {"name": "hook", "imageDigest": A_DIGEST},
}


async def called(kubeconfig: bytes, method: str = "GET") -> Reply:
    """Call as whom a kubeconfig says."""
    query = {"fieldManager": "us"} if method == "PATCH" else {}
    body, sort = (BODY, "application/apply-patch+yaml") if method == "PATCH" else (None, "application/json")
    async with access_of(yaml.safe_load(kubeconfig)) as access:
        return await access.call(method, PATH, body=body, query=query, sort=sort)


async def test_a_token_and_a_certificate_are_let_in() -> None:
    async with running_api() as running:
        found = [await called(each) for each in (running.kubeconfig(), running.kubeconfig_by_certificate())]

    assert [reply.body["reason"] for reply in found] == ["NotFound", "NotFound"]


async def unknown(running: RunningApi) -> list[bytes]:
    strangers = running.api.accounts.strangers.for_client("admin")
    return [running.kubeconfig(token="nobodys"), running.kubeconfig(token="", credential=strangers)]


async def test_an_unknown_token_and_a_certificate_of_strangers_are_unauthorized() -> None:
    async with running_api() as running:
        found = [await called(each) for each in await unknown(running)]

    assert [(reply.status, reply.body["reason"]) for reply in found] == [(401, "Unauthorized")] * 2


async def test_who_shows_nothing_is_forbidden_before_anything_is_looked_up() -> None:
    async with running_api() as running:
        reply = await called(running.kubeconfig(token=""))

    assert (reply.status, reply.body["reason"]) == (403, "Forbidden")
    assert "system:anonymous" in reply.body["message"]


@pytest.mark.parametrize(
    ("verbs", "method", "missing"),
    [
        ({"patch", "create"}, "GET", "get"),
        ({"get", "create"}, "PATCH", "patch"),
        ({"get", "patch"}, "PATCH", "create"),
        ({"get", "patch", "create"}, "DELETE", "delete"),
    ],
)
async def test_each_verb_must_be_granted_and_an_apply_that_creates_needs_two(
    verbs: set[str], method: str, missing: str
) -> None:
    async with running_api() as running:
        some = running.api.accounts.admit("some", frozenset(verbs))
        reply = await called(running.kubeconfig(some), method)

        assert (reply.status, reply.body["reason"]) == (403, "Forbidden")
        assert f'User "some" cannot {missing} resource "plexdhooks"' in reply.body["message"]
        assert running.api.store.objects == {}
        assert not running.api.log.written()


async def test_the_log_tells_who_wrote_what_and_what_came_of_it() -> None:
    async with running_api() as running:
        await called(running.kubeconfig())
        await called(running.kubeconfig(), "PATCH")
        await called(running.kubeconfig(), "PATCH")
        log = running.api.log

    assert [(each.method, each.outcome) for each in log.requests] == [
        ("GET", 404),
        ("PATCH", 201),
        ("PATCH", 200),
    ]
    assert len(log.mutating("us")) == 2
    assert log.mutating("gitops") == []
    assert [each.outcome for each in log.written()] == [201]
