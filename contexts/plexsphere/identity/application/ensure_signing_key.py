"""Use case: see to it that events can be signed."""

from dataclasses import dataclass

from plexsphere.identity.domain.signing_key import SigningKey, signing_key_binding
from plexsphere.identity.ports.key_pairs import DrawsKeyPairs
from plexsphere.identity.ports.signing_keys import SigningKeys
from plexsphere.platform.kernel.clock import Clock
from plexsphere.platform.kernel.ids import MintsIds
from plexsphere.platform.kernel.sealing import Sealer
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class EnsureSigningKey:
    """Let the deployment have a current signing key: the one there is, or a new one."""

    unit_of_work: UnitOfWork
    signing_keys: SigningKeys
    draw_key_pair: DrawsKeyPairs
    sealer: Sealer
    mint_id: MintsIds
    clock: Clock

    async def __call__(self) -> None:
        if await self.signing_keys.current() is not None:
            return
        async with self.unit_of_work():
            # Two processes may boot at once; the store keeps the first key.
            await self.signing_keys.add_current(self._drawn())

    def _drawn(self) -> SigningKey:
        pair, key_id = self.draw_key_pair(), self.mint_id()
        sealed = self.sealer.seal(pair.seed, signing_key_binding(key_id))
        return SigningKey(key_id, pair.public_key, sealed, self.clock.now())
