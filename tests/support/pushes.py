"""Managed push with every use case over stores in memory, and a cluster that tests and other managers write to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer
from plexsphere.managed_push.application.apply_request import ApplyRequest
from plexsphere.managed_push.application.attach_target import AttachTarget
from plexsphere.managed_push.application.detach_target import DetachTarget
from plexsphere.managed_push.application.get_push import GetPush
from plexsphere.managed_push.application.hook_draft import HookDraft
from plexsphere.managed_push.application.object_turn import ObjectTurn
from plexsphere.managed_push.application.open_credential import OpenCredential
from plexsphere.managed_push.application.push_hook import PushHook
from plexsphere.managed_push.application.record_push import RecordPush
from plexsphere.managed_push.application.record_rollback import RecordRollback
from plexsphere.managed_push.application.rehearse_push import RehearsePush
from plexsphere.managed_push.application.restore_prior_state import RestorePriorState
from plexsphere.managed_push.application.roll_back_push import RollBackPush
from plexsphere.managed_push.application.settle_domain import SettleDomain
from plexsphere.managed_push.application.settle_write import SettleWrite
from plexsphere.managed_push.application.sweep_intents import SweepIntents
from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid
from plexsphere.managed_push.domain.record import Record
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from tests.kube_api.field_sets import Json
from tests.kube_api.object_store import Wish
from tests.kube_api.stored_objects import Key
from tests.support.identity import CountingIds
from tests.support.managed_push import (
    AUTHOR,
    DIGEST,
    DOMAIN,
    RING,
    PushStore,
    memory_managed_push,
)
from tests.support.memory_cluster import NAMESPACE, MemoryCluster

NAME: Final = "backup"
KEY: Final = Key(NAMESPACE, NAME)
KUBECONFIG: Final = Secret(b"https://cluster.example:6443")


class TextReader:
    """Takes a document for the server's address; what begins otherwise is no kubeconfig."""

    def read(self, document: Secret[bytes], /) -> ClusterAccess:
        text = document.reveal().decode()
        if not text.startswith("https://"):
            raise KubeconfigInvalid(Arm.UNPARSEABLE_DOCUMENT)
        return ClusterAccess(text, "cluster.example", 6443, "", "", "", Secret("token"), None)


@dataclass
class HeardTrail:
    """Keeps what was recorded within units of work that were left cleanly."""

    store: PushStore
    entries: list[AuditEntry] = field(default_factory=list)

    def record(self, entry: AuditEntry) -> None:
        if not self.store.is_open:
            raise RuntimeError("no unit of work is open")
        self.entries.append(entry)

    def relations(self) -> list[str]:
        """Return what was done, in order."""
        return [entry.relation for entry in self.entries]


class PushScene:
    """Everything of managed push, over one store and one cluster."""

    def __init__(self, cluster: MemoryCluster | None = None) -> None:
        self.cluster = cluster or MemoryCluster()
        self.store = PushStore()
        self.trail = HeardTrail(self.store)
        self.kit = kit = memory_managed_push(self.store)
        self.clock = clock = self.store.clock
        uow, sealer, reader = kit.unit_of_work, AesGcmSealer(RING), TextReader()
        opened = OpenCredential(sealer, reader)
        records, journal = kit.records, kit.journal
        record_push = RecordPush(uow, records, journal, self.trail, clock)
        record_rollback = RecordRollback(uow, records, journal, self.trail, clock)
        self.settle = SettleWrite(
            kit.targets, records, journal, opened, self.cluster, record_push, record_rollback
        )
        turn, restore, mint = ObjectTurn(journal, self.settle), RestorePriorState(), CountingIds()
        self.get_push = GetPush(records)
        self.attach_target = AttachTarget(uow, kit.targets, sealer, reader, self.trail, clock)
        self.push_hook = PushHook(
            kit.targets, opened, self.cluster, turn, ApplyRequest(journal), record_push, restore, clock, mint
        )
        self.rehearse_push = RehearsePush(uow, kit.targets, opened, self.cluster, self.trail, clock, mint)
        self.roll_back_push = RollBackPush(
            self.get_push, kit.targets, records, opened, self.cluster, turn, restore, record_rollback
        )
        self.settle_domain = SettleDomain(journal, self.settle)
        self.detach_target = DetachTarget(uow, kit.targets, self.settle_domain, self.trail)
        self.sweep = SweepIntents(journal, self.settle)

    async def attached(self, *, enabled: bool = True) -> "PushScene":
        """Attach the cluster to the Domain."""
        await self.attach_target(DOMAIN, KUBECONFIG, AUTHOR, enabled=enabled)
        return self

    async def push(self, domain_id: DomainId = DOMAIN, **changed: Any) -> Record:
        """Push a hook, changed in these fields."""
        self.clock.advance(1)
        return await self.push_hook(domain_id, replace(DRAFT, **changed), AUTHOR)

    async def roll_back(self, record: Record) -> Record:
        """Roll a push back."""
        return await self.roll_back_push(record.domain_id, record.id, AUTHOR)

    def there(self) -> Json | None:
        """Return the object as it is in the cluster, None where there is none."""
        found = self.cluster.store.objects.get(KEY)
        return None if found is None else self.cluster.store.get(KEY)

    def applied_by(self, manager: str, *, force: bool = False, **body: Any) -> None:
        """Let another manager apply a body of these parts."""
        self.cluster.store.apply(KEY, _body(body), Wish(manager, force=force))

    def patched_by(self, manager: str, patch: Json) -> None:
        """Let somebody patch the object past all ownership, as `kubectl edit` does."""
        self.cluster.store.merge_patch(KEY, patch, Wish(manager))

    def open_intents(self) -> Sequence[object]:
        """Return what the journal holds."""
        return list(self.store.state.intents.values())


DRAFT: Final = HookDraft(NAMESPACE, NAME, DIGEST, {"mode": "full"}, 30, True)


async def pushing(**given: Any) -> PushScene:
    """Return a scene whose Domain may push."""
    return await PushScene(**given).attached()


def _body(parts: dict[str, Any]) -> Json:
    metadata = {"name": NAME, "namespace": NAMESPACE, **parts.pop("metadata", {})}
    return {"apiVersion": "hooks.plexd.io/v1alpha1", "kind": "PlexdHook", "metadata": metadata, **parts}
