"""Use case: tell a wrong wrap key before it does harm."""

from dataclasses import dataclass
from typing import Final

from plexsphere.managed_push.domain.errors import WrapKeyMismatch
from plexsphere.managed_push.ports.sealed_check import NOBODY, SealedCheck
from plexsphere.managed_push.ports.sealer import Sealer
from plexsphere.platform.kernel.sealing import SealBroken
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

KNOWN: Final = Secret(b"the wrap key of managed push")


@dataclass(frozen=True, slots=True)
class EnsureSealCheck:
    """
    Return only if a key of the ring is the one that this database's credentials are sealed under.

    Raises:
        WrapKeyMismatch: what the first process sealed opens under none of them.
    """

    unit_of_work: UnitOfWork
    sealed_check: SealedCheck
    sealer: Sealer

    async def __call__(self) -> None:
        async with self.unit_of_work():
            sealed = await self.sealed_check.settle(self.sealer.seal(NOBODY, KNOWN))
        try:
            self.sealer.open(NOBODY, sealed)
        except SealBroken as error:
            raise WrapKeyMismatch from error
