"""Use case: tell a wrong wrap key before it does harm."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.identity.domain.errors import WrapKeyMismatch
from plexsphere.identity.ports.sealed_checks import SealedChecks
from plexsphere.platform.kernel.sealing import Binding, SealBroken, Sealer
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork

PURPOSE: Final = "node-secret-keys"
BINDING: Final = Binding("seal-check", UUID(int=0), UUID(int=0))
KNOWN: Final = b"the wrap key of this deployment"


@dataclass(frozen=True, slots=True)
class EnsureSealCheck:
    """
    Return only if the wrap key is the deployment's: the one of its first boot (design D11).

    Raises:
        WrapKeyMismatch: what the first boot sealed does not open.
    """

    unit_of_work: UnitOfWork
    sealed_checks: SealedChecks
    sealer: Sealer

    async def __call__(self) -> None:
        async with self.unit_of_work():
            sealed = await self.sealed_checks.settle(PURPOSE, self.sealer.seal(Secret(KNOWN), BINDING))
        try:
            self.sealer.open(sealed, BINDING)
        except SealBroken as error:
            raise WrapKeyMismatch from error
