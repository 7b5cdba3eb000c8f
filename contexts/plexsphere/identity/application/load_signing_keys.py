"""Use case: take out the keys that events are signed with."""

from dataclasses import dataclass

from plexsphere.identity.domain.errors import SigningKeyMissing, WrapKeyMismatch
from plexsphere.identity.domain.signing_key import OpenedSigningKeys, SigningKey, SigningKeyRing
from plexsphere.identity.ports.signing_keys import SigningKeys
from plexsphere.platform.kernel.sealing import SealBroken, Sealer
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class LoadSigningKeys:
    """
    Return the key ring and the private seed of its current key.

    Raises:
        SigningKeyMissing: the deployment has no current key.
        WrapKeyMismatch: the seed was sealed under another wrap key, or altered.
    """

    signing_keys: SigningKeys
    sealer: Sealer

    async def __call__(self) -> OpenedSigningKeys:
        current = await self.signing_keys.current()
        if current is None:
            raise SigningKeyMissing
        previous = await self.signing_keys.previous()
        return OpenedSigningKeys(_ring(current, previous), self._seed(current))

    def _seed(self, key: SigningKey) -> Secret[bytes]:
        try:
            return self.sealer.open(key.seed_sealed, key.binding)
        except SealBroken as error:
            raise WrapKeyMismatch from error


def _ring(current: SigningKey, previous: SigningKey | None) -> SigningKeyRing:
    if previous is None:
        return SigningKeyRing(current.public_key)
    return SigningKeyRing(current.public_key, previous.public_key, previous.transition_expires)
