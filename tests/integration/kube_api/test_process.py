"""The API server as a process of its own does the same, and is told and asked beside its API."""

from pathlib import Path

import pytest

from tests.kube_api.hostility import Deed
from tests.support.cluster import A_DIGEST
from tests.support.cluster_process import cluster_process

pytestmark = [pytest.mark.kube, pytest.mark.e2e]


async def test_a_process_applies_tells_its_log_and_fails_as_planned(tmp_path: Path) -> None:
    async with cluster_process(tmp_path) as other:
        customer = other.cluster.customer
        await other.forget_requests()
        await other.plan(Deed.REFUSE, "PATCH", code=503)
        body = other.cluster.hook_body(name="hook", imageDigest=A_DIGEST)
        replies = [await customer.apply("us", body) for _ in range(2)]
        log = await other.log()

    assert [reply.status for reply in replies] == [503, 201]
    assert [(each.method, each.outcome, each.has_written) for each in log.requests] == [
        ("PATCH", 0, False),
        ("PATCH", 201, True),
    ]
    assert b'"imageDigest"' in log.mutating("us")[0].body
    assert other.process.returncode == 0
