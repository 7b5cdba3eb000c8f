"""Whatever somebody attaches as a kubeconfig, it is attached or refused, and nothing runs, opens or dials (C16)."""

import base64
import json
from collections import Counter
from typing import Final

import httpx
import pytest

from plexsphere.composition.bridges.managed_push import ManagedPushBridge
from plexsphere.composition.cluster_places import ClusterPlaces
from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer
from plexsphere.managed_push.adapters.yaml_kubeconfig_reader import YamlKubeconfigReader
from plexsphere.managed_push.application.attach_target import AttachTarget
from plexsphere.managed_push.application.get_target import GetTarget
from plexsphere.managed_push.domain.egress import EgressPolicy
from plexsphere.platform.kernel.audit import AuditEntry
from tests.support.api import AS_ALICE, Surface, surface
from tests.support.audited import audited
from tests.support.kubeconfig_documents import a_certificate, an_authority, kubeconfig, mutated_kubeconfigs
from tests.support.managed_push import DOMAIN, RING
from tests.support.pushes import PushScene

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number")

MUTATIONS: Final = 10_000
# As many as the gate has time for.
SHARE: Final = 3_000
SEED: Final = 20_261_122
PATH: Final = f"/v1/domains/{DOMAIN}/managed-push"


class NoReads:
    """Nobody reads here."""

    def note(self, entry: AuditEntry, /) -> None:
        raise AssertionError(entry.relation)


def attaching() -> Surface:
    """The surface with the real reader of kubeconfigs behind it, and stores in memory."""
    scene = PushScene()
    kit, reader = scene.kit, YamlKubeconfigReader(EgressPolicy)
    attach = AttachTarget(kit.unit_of_work, kit.targets, AesGcmSealer(RING), reader, scene.trail, scene.clock)
    bridge = ManagedPushBridge(
        attach,
        GetTarget(kit.targets),
        scene.detach_target,
        scene.push_hook,
        scene.rehearse_push,
        scene.get_push,
        scene.roll_back_push,
        NoReads(),
        ClusterPlaces(),
    )
    return surface(managed_push=bridge)


async def attached(client: httpx.AsyncClient, document: bytes) -> httpx.Response:
    body = {"kubeconfig_b64": base64.b64encode(document).decode(), "enabled": True}
    return await client.put(PATH, content=json.dumps(body), headers={"Content-Type": "application/json"})


async def what_comes_of(count: int) -> tuple[Counter[tuple[int, str]], list[str]]:
    """How many mutations were answered in which way, and what the process did to the world meanwhile."""
    answered: Counter[tuple[int, str]] = Counter()
    transport = httpx.ASGITransport(attaching().app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://plexsphere", headers=AS_ALICE
    ) as client:
        # What is loaded at the first demand is loaded now.
        for document in (kubeconfig(authority=an_authority(), client_certificate=a_certificate()), b"{"):
            await attached(client, document)
        with audited() as seen:
            for document in mutated_kubeconfigs(count, SEED):
                answer = await attached(client, document)
                answered[answer.status_code, answer.json().get("code", "")] += 1
    return answered, seen


def require_harmless(answered: Counter[tuple[int, str]], seen: list[str], count: int) -> None:
    assert seen == []
    assert answered.keys() == {(200, ""), (422, "kubeconfig_invalid")}
    assert answered.total() == count


async def test_three_thousand_mutations_are_attached_or_refused_and_touch_nothing() -> None:
    """C16"""
    answered, seen = await what_comes_of(SHARE)

    require_harmless(answered, seen, SHARE)


@pytest.mark.soak
async def test_ten_thousand_mutations_are_attached_or_refused_and_touch_nothing() -> None:
    """C16"""
    answered, seen = await what_comes_of(MUTATIONS)

    require_harmless(answered, seen, MUTATIONS)
