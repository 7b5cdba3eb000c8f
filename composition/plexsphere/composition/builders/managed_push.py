"""Managed push, where the deployment has a wrap key for it."""

from dataclasses import dataclass

from plexsphere.composition.bridges.domains import Settle
from plexsphere.composition.bridges.managed_push import ManagedPushBridge, Reads
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.composition.cluster_places import ClusterPlaces
from plexsphere.composition.egress import build_egress
from plexsphere.composition.settings import ManagedPushSettings, Settings
from plexsphere.managed_push.adapters.aes_gcm_sealer import AesGcmSealer, KeyRing
from plexsphere.managed_push.adapters.postgres.journal import PostgresJournal
from plexsphere.managed_push.adapters.postgres.records import PostgresRecords
from plexsphere.managed_push.adapters.postgres.sealed_pushes import SealedPushes
from plexsphere.managed_push.adapters.postgres.targets import PostgresTargets
from plexsphere.managed_push.application.apply_request import ApplyRequest
from plexsphere.managed_push.application.attach_target import AttachTarget
from plexsphere.managed_push.application.detach_target import DetachTarget
from plexsphere.managed_push.application.get_push import GetPush
from plexsphere.managed_push.application.get_target import GetTarget
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
from plexsphere.managed_push.ports.cluster import Cluster
from plexsphere.managed_push.ports.kubeconfig_reader import KubeconfigReader
from plexsphere.platform.audit.trail import PostgresAuditTrail
from plexsphere.platform.db.database import Database
from plexsphere.platform.ids import mint_id
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId


@dataclass(frozen=True, slots=True)
class ManagedPush:
    """Use cases of managed push."""

    attach_target: AttachTarget
    get_target: GetTarget
    detach_target: DetachTarget
    push_hook: PushHook
    rehearse_push: RehearsePush
    get_push: GetPush
    roll_back_push: RollBackPush
    settle_domain: SettleDomain
    sweep_intents: SweepIntents


@dataclass(frozen=True, slots=True)
class Reached:
    """The ways into clusters: what a kubeconfig comes to, and who dials."""

    sealer: AesGcmSealer
    reader: KubeconfigReader
    cluster: Cluster

    @property
    def open_credential(self) -> OpenCredential:
        """Return what opens a target's credential."""
        return OpenCredential(self.sealer, self.reader)


class Store:
    """Everything that one database keeps of managed push, and what settles it."""

    def __init__(self, database: Database, ring: KeyRing, reached: Reached, clock: Clock) -> None:
        self.database, self.trail = database, PostgresAuditTrail(database)
        self.targets = PostgresTargets(database)
        self.records = PostgresRecords(database, SealedPushes.of_trail(ring))
        self.journal = PostgresJournal(database, SealedPushes.of_journal(ring))
        self.record_push = RecordPush(database, self.records, self.journal, self.trail, clock)
        self.record_rollback = RecordRollback(database, self.records, self.journal, self.trail, clock)
        self.settle_write = SettleWrite(
            self.targets,
            self.records,
            self.journal,
            reached.open_credential,
            reached.cluster,
            self.record_push,
            self.record_rollback,
        )


def build_managed_push(settings: Settings, platform: PlatformParts) -> ManagedPush | None:
    """Return managed push, or None where it is off: then nothing that speaks to clusters is even loaded."""
    if settings.managed_push is None:
        return None
    ring = KeyRing(settings.managed_push.ring.current, settings.managed_push.ring.previous)
    reached = _reached(settings, settings.managed_push, ring, platform.clock)
    store = Store(platform.database, ring, reached, platform.clock)
    # A crowd of requests keeps no sweep waiting.
    swept = Store(platform.backstage, ring, reached, platform.clock)
    return _use_cases(store, reached, platform.clock, SweepIntents(swept.journal, swept.settle_write))


def bridged(push: ManagedPush | None, reads: Reads) -> ManagedPushBridge | None:
    """Return what answers the surface, or None where managed push is off."""
    if push is None:
        return None
    return ManagedPushBridge(
        push.attach_target,
        push.get_target,
        push.detach_target,
        push.push_hook,
        push.rehearse_push,
        push.get_push,
        push.roll_back_push,
        reads,
        ClusterPlaces(),
    )


def settling(push: ManagedPush | None) -> Settle:
    """Return what brings a Domain's open writes to an end; where managed push is off there are none to end."""
    return _nothing if push is None else push.settle_domain


async def _nothing(_: DomainId) -> None:
    """Leave the Domain as it is."""


def _reached(settings: Settings, managed_push: ManagedPushSettings, ring: KeyRing, clock: Clock) -> Reached:
    # What reads YAML and speaks HTTP costs memory and start-up time that only those pay who push.
    from plexsphere.managed_push.adapters.https_cluster import HttpsCluster
    from plexsphere.managed_push.adapters.yaml_kubeconfig_reader import YamlKubeconfigReader

    egress = build_egress(settings, managed_push, clock)
    return Reached(
        AesGcmSealer(ring), YamlKubeconfigReader(egress.as_written), HttpsCluster(egress.as_resolved)
    )


def _use_cases(store: Store, reached: Reached, clock: Clock, sweep: SweepIntents) -> ManagedPush:
    database, opened = store.database, reached.open_credential
    turn, restore = ObjectTurn(store.journal, store.settle_write), RestorePriorState()
    get_push, settle_domain = GetPush(store.records), SettleDomain(store.journal, store.settle_write)
    return ManagedPush(
        attach_target=AttachTarget(
            database, store.targets, reached.sealer, reached.reader, store.trail, clock
        ),
        get_target=GetTarget(store.targets),
        detach_target=DetachTarget(database, store.targets, settle_domain, store.trail),
        push_hook=PushHook(
            store.targets,
            opened,
            reached.cluster,
            turn,
            ApplyRequest(store.journal),
            store.record_push,
            restore,
            clock,
            mint_id,
        ),
        rehearse_push=RehearsePush(
            database, store.targets, opened, reached.cluster, store.trail, clock, mint_id
        ),
        get_push=get_push,
        roll_back_push=RollBackPush(
            get_push,
            store.targets,
            store.records,
            opened,
            reached.cluster,
            turn,
            restore,
            store.record_rollback,
        ),
        settle_domain=settle_domain,
        sweep_intents=sweep,
    )
