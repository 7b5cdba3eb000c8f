"""From a target to the way into its cluster."""

import asyncio
from dataclasses import dataclass

from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.errors import ClusterUnreachable, KubeconfigInvalid
from plexsphere.managed_push.domain.target import Target
from plexsphere.managed_push.ports.kubeconfig_reader import KubeconfigReader
from plexsphere.managed_push.ports.sealer import Sealer


@dataclass(frozen=True, slots=True)
class OpenCredential:
    """
    Return how the target's cluster is reached; the plaintext is gone when this returns.

    Raises:
        SealBroken: the sealed bytes are not this Domain's, or of another key.
        ClusterUnreachable: the rules have changed since it was attached, and forbid it now.
    """

    sealer: Sealer
    reader: KubeconfigReader

    async def __call__(self, target: Target) -> ClusterAccess:
        kubeconfig = self.sealer.open(target.domain_id, target.kubeconfig_ciphertext)
        try:
            return await asyncio.to_thread(self.reader.read, kubeconfig)
        except KubeconfigInvalid as error:
            raise ClusterUnreachable from error
