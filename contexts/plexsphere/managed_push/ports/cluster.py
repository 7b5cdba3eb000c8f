"""A customer's cluster."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from plexsphere.managed_push.domain.cluster_access import ClusterAccess
from plexsphere.managed_push.domain.cluster_object import ClusterObject


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply made: the object as it is now, and whether it was not there before."""

    object: ClusterObject
    is_created: bool


class ClusterSession(Protocol):
    """One conversation with a cluster, about PlexdHooks; every wait in it is bounded."""

    async def get_hook(self, namespace: str, name: str, /) -> ClusterObject | None:
        """
        Return the object; None only if the cluster itself says that there is none.

        Raises:
            ClusterUnreachable: anything else.
        """
        ...

    async def apply_hook(self, body: Mapping[str, Any], /, *, dry_run: bool = False) -> Applied:
        """
        Apply the body under our field manager, without ever taking a field from another one.

        Raises:
            ClusterConflict: another manager owns a field that the body would change.
            StaleCapture: the object is not of the version, or not the one, that the body names.
            WriteRefused: the cluster will have none of it; nothing was written.
            OutcomeUnsure: the body was sent, and nobody heard what became of it.
            ClusterUnreachable: nothing was sent.
        """
        ...

    async def delete_hook(self, namespace: str, name: str, uid: str, /) -> None:
        """
        Delete that very object; one that is gone already is fine.

        Raises:
            StaleCapture: there is one of the name with another uid.
            WriteRefused, OutcomeUnsure, ClusterUnreachable: as for an apply.
        """
        ...


class Cluster(Protocol):
    """Reaches clusters."""

    def session(self, access: ClusterAccess, /) -> AbstractAsyncContextManager[ClusterSession]:
        """Return a conversation that ends, with everything it opened, when its block does."""
        ...
