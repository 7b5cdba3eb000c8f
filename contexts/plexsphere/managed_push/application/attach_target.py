"""Use case: attach a customer cluster's kubeconfig to a Domain."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256

from plexsphere.managed_push.application.audited import audited
from plexsphere.managed_push.domain.intent import Author
from plexsphere.managed_push.domain.target import Target
from plexsphere.managed_push.ports.kubeconfig_reader import KubeconfigReader
from plexsphere.managed_push.ports.sealer import Sealer
from plexsphere.managed_push.ports.targets import Targets
from plexsphere.platform.kernel.audit import AuditTrail
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import DomainId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class AttachTarget:
    """
    Keep the kubeconfig, sealed, as the Domain's one credential; the cluster is not asked.

    Raises:
        KubeconfigInvalid: it fails under one of the thirteen arms.
        DomainNotFound: there is no such Domain.
    """

    unit_of_work: UnitOfWork
    targets: Targets
    sealer: Sealer
    reader: KubeconfigReader
    trail: AuditTrail
    clock: Clock

    async def __call__(
        self, domain_id: DomainId, kubeconfig: Secret[bytes], author: Author, *, enabled: bool
    ) -> Target:
        # The worst document takes 11 ms, and everybody else would wait for it.
        access = await asyncio.to_thread(self.reader.read, kubeconfig)
        now = self.clock.now()
        target = Target(
            domain_id=domain_id,
            kubeconfig_ciphertext=self.sealer.seal(domain_id, kubeconfig),
            kubeconfig_sha256=sha256(kubeconfig.reveal()).hexdigest(),
            api_server_url=access.server,
            enabled=enabled,
            created_at=now,
            updated_at=now,
        )
        async with self.unit_of_work():
            kept = await self.targets.put(target)
            self.trail.record(audited(domain_id, author, "managed_push.attach", enabled=int(enabled)))
        return kept
