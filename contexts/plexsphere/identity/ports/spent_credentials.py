"""What identity keeps of credentials that prove nothing any more."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from plexsphere.platform.kernel.ids import DomainId, NodeId


class SpentCredentials(Protocol):
    """Forgets; the store's own time decides how long ago something was, and rows that others hold are passed over."""

    async def forget_nodes(self, nodes: Sequence[tuple[DomainId, NodeId]]) -> None:
        """Forget identities that ended, and with each the bootstrap token that its node used."""
        ...

    async def forget_bootstrap_tokens(self, kept: timedelta, most: int) -> int:
        """Forget up to `most` unused tokens that expired or were revoked longer ago; return how many these were."""
        ...

    async def forget_api_tokens(self, kept: timedelta, most: int) -> int:
        """Forget up to `most` API tokens that expired or were revoked longer ago; return how many these were."""
        ...
