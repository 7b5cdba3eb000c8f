"""The managed-push surface, answered by the managed-push context."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from plexsphere.api.callers import Permitted
from plexsphere.api.problem import Problem
from plexsphere.api.v1.managed_push import problems
from plexsphere.api.v1.managed_push.wiring import HookWish, RecordView, TargetView
from plexsphere.composition.bridges.granted import granted
from plexsphere.composition.bridges.translation import Translation
from plexsphere.composition.cluster_places import ClusterPlaces
from plexsphere.managed_push.application.attach_target import AttachTarget
from plexsphere.managed_push.application.detach_target import DetachTarget
from plexsphere.managed_push.application.get_push import GetPush
from plexsphere.managed_push.application.get_target import GetTarget
from plexsphere.managed_push.application.hook_draft import HookDraft
from plexsphere.managed_push.application.push_hook import PushHook
from plexsphere.managed_push.application.rehearse_push import RehearsePush
from plexsphere.managed_push.application.roll_back_push import RollBackPush
from plexsphere.managed_push.domain import errors
from plexsphere.managed_push.domain.intent import Author
from plexsphere.managed_push.domain.record import Record
from plexsphere.managed_push.domain.target import Target
from plexsphere.platform.kernel.audit import AuditEntry
from plexsphere.platform.kernel.correlation import CORRELATION_ID
from plexsphere.platform.kernel.ids import DomainId, PushId
from plexsphere.platform.kernel.secret import Secret

# Two words change on the way: a broken spec and a broken kubeconfig have names of their own on the wire.
PROBLEM_OF: Final[Mapping[type[errors.ManagedPushError], Problem]] = {
    errors.NotConfigured: problems.MANAGED_PUSH_NOT_CONFIGURED,
    errors.Disabled: problems.MANAGED_PUSH_DISABLED,
    errors.DomainNotFound: problems.DOMAIN_NOT_FOUND,
    errors.PushNotFound: problems.PUSH_NOT_FOUND,
    errors.AlreadyRolledBack: problems.PUSH_ALREADY_ROLLED_BACK,
    errors.SpecInvalid: problems.PLEXD_HOOK_INVALID,
    errors.KubeconfigInvalid: problems.KUBECONFIG_INVALID,
    errors.ClusterConflict: problems.MANAGED_PUSH_CONFLICT,
    errors.ClusterUnreachable: problems.CLUSTER_UNREACHABLE,
    errors.StaleCapture: problems.CLUSTER_UNREACHABLE,
    errors.WriteRefused: problems.CLUSTER_UNREACHABLE,
    errors.OutcomeUnsure: problems.CLUSTER_UNREACHABLE,
}
ARM_IN_WORDS: Final[Mapping[errors.Arm, str]] = {
    errors.Arm.UNPARSEABLE_DOCUMENT: "it cannot be read as a kubeconfig",
    errors.Arm.CURRENT_CONTEXT_NOT_SET: "current-context is not set",
    errors.Arm.CURRENT_CONTEXT_DOES_NOT_RESOLVE: "current-context, its cluster or its user is not in the document",
    errors.Arm.INSECURE_SKIP_TLS_VERIFY: "the cluster sets insecure-skip-tls-verify",
    errors.Arm.NON_HTTPS_SERVER: "the cluster's server is not an https URL with a host",
    errors.Arm.CERTIFICATE_AUTHORITY_FILE: "certificate-authority names a file; give certificate-authority-data",
    errors.Arm.PROXY_URL: "the cluster sets a proxy-url",
    errors.Arm.EXEC_PLUGIN: "the user sets exec",
    errors.Arm.AUTH_PROVIDER: "the user sets auth-provider",
    errors.Arm.TOKEN_FILE: "the user sets tokenFile; give token",
    errors.Arm.CLIENT_CERTIFICATE_FILE: "client-certificate names a file; give client-certificate-data",
    errors.Arm.CLIENT_KEY_FILE: "client-key names a file; give client-key-data",
    errors.Arm.NO_USABLE_CONFIG: "no client can be built from it: a credential, a key or the server is not usable here",
}
FAULT_IN_WORDS: Final[Mapping[errors.SpecFault, str]] = {
    errors.SpecFault.NAMESPACE: "namespace is not a label of RFC 1123",
    errors.SpecFault.NAME: "name is not a subdomain of RFC 1123",
    errors.SpecFault.IMAGE_DIGEST: "image_digest is not sha256: and 64 lower-case hexadecimal digits",
    errors.SpecFault.PARAMETERS: "a parameter has no name, or holds what no cluster stores",
    errors.SpecFault.TIMEOUT_SECONDS: "timeout_seconds is not between 0 and 86400",
}


class Reads(Protocol):
    """Where a granted read is written down, without the read waiting for it."""

    def note(self, entry: AuditEntry, /) -> None:
        """Keep the entry for later."""
        ...


def _detail(error: errors.ManagedPushError) -> str:
    match error:
        case errors.KubeconfigInvalid():
            return f"Rule {error.arm.value}: {ARM_IN_WORDS[error.arm]}."
        case errors.SpecInvalid():
            return f"Its {FAULT_IN_WORDS[error.fault]}."
        case _:
            return ""


TRANSLATED: Final = Translation(PROBLEM_OF, _detail)


@dataclass(frozen=True, slots=True)
class ManagedPushBridge:
    """Answers the surface's port `ManagedPush`. Mutations write their own audit rows, reads are noted here."""

    attach_target: AttachTarget
    get_target_of: GetTarget
    detach_target: DetachTarget
    push_hook: PushHook
    rehearse_push: RehearsePush
    get_record: GetPush
    roll_back_push: RollBackPush
    reads: Reads
    places: ClusterPlaces

    async def get_target(self, permitted: Permitted, domain_id: UUID, /) -> TargetView:
        with TRANSLATED:
            target = await self.get_target_of(DomainId(domain_id))
        self.reads.note(granted(permitted, target.domain_id, permitted.object))
        return _target(target)

    async def attach(
        self, permitted: Permitted, domain_id: UUID, kubeconfig: Secret[bytes], /, *, enabled: bool
    ) -> TargetView:
        with TRANSLATED:
            return _target(
                await self.attach_target(DomainId(domain_id), kubeconfig, _author(permitted), enabled=enabled)
            )

    async def detach(self, permitted: Permitted, domain_id: UUID, /) -> None:
        with TRANSLATED, self.places(domain_id):
            await self.detach_target(DomainId(domain_id), _author(permitted))

    async def push(
        self, permitted: Permitted, domain_id: UUID, wish: HookWish, /, *, dry_run: bool
    ) -> RecordView:
        pushing = self.rehearse_push if dry_run else self.push_hook
        with TRANSLATED, self.places(domain_id):
            return _record(await pushing(DomainId(domain_id), _draft(wish), _author(permitted)))

    async def get_push(self, permitted: Permitted, domain_id: UUID, push_id: UUID, /) -> RecordView:
        with TRANSLATED:
            record = await self.get_record(DomainId(domain_id), PushId(push_id))
        self.reads.note(granted(permitted, record.domain_id, permitted.object, push=str(record.id)))
        return _record(record)

    async def roll_back(self, permitted: Permitted, domain_id: UUID, push_id: UUID, /) -> RecordView:
        with TRANSLATED, self.places(domain_id):
            return _record(
                await self.roll_back_push(DomainId(domain_id), PushId(push_id), _author(permitted))
            )


def _author(permitted: Permitted) -> Author:
    return Author(str(permitted.caller.subject), CORRELATION_ID.get())


def _draft(wish: HookWish) -> HookDraft:
    return HookDraft(
        namespace=wish.namespace,
        name=wish.name,
        image_digest=wish.image_digest,
        parameters=wish.parameters,
        timeout_seconds=wish.timeout_seconds,
        sandbox=wish.sandbox,
    )


def _target(target: Target) -> TargetView:
    return TargetView(
        enabled=target.enabled,
        api_server_url=target.api_server_url,
        kubeconfig_sha256=target.kubeconfig_sha256,
        created_at=target.created_at,
        updated_at=target.updated_at,
    )


def _record(record: Record) -> RecordView:
    return RecordView(
        id=record.id,
        domain_id=record.domain_id,
        hook_name=record.request.spec.name,
        namespace=record.request.namespace,
        status=record.status.value,
        had_prior_state=record.had_prior_state,
        pushed_at=record.pushed_at,
        rolled_back_at=record.rolled_back_at,
    )
