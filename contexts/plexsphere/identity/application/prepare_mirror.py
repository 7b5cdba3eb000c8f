"""Use case: have the mirror fit to be asked."""

from dataclasses import dataclass

from plexsphere.identity.application.reconcile_authorizer import Differences, ReconcileAuthorizer
from plexsphere.identity.ports.authz_mirror import AuthzMirror
from plexsphere.identity.ports.authz_outbox import AuthzOutbox


@dataclass(frozen=True, slots=True)
class PrepareMirror:
    """
    Give the engine the schema, and every tuple unless it is in step; to be called at start.

    Returns what had to be repaired, or None when nothing had to be compared.

    Raises:
        AuthzUnavailable: the engine is away or refuses the schema.
        StoreUnavailable: the store is away.
    """

    outbox: AuthzOutbox
    mirror: AuthzMirror
    reconcile: ReconcileAuthorizer

    async def __call__(self) -> Differences | None:
        await self.mirror.prepare()
        standing = await self.outbox.standing()
        if standing.in_step and (await self.mirror.fence()).mark:
            return None
        return await self.reconcile(repair=True)
