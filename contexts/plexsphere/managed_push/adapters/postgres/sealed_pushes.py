"""What of a push is sealed at rest: what was there before it, and its parameters (decision 0039)."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from plexsphere.managed_push.adapters.aes_gcm_sealer import KeyRing, Purpose, PushSealer
from plexsphere.managed_push.domain.cluster_object import ClusterObject
from plexsphere.managed_push.domain.errors import SpecInvalid
from plexsphere.managed_push.domain.request import Request
from plexsphere.platform.kernel.ids import DomainId, PushId
from plexsphere.platform.kernel.sealing import SealBroken
from plexsphere.platform.kernel.secret import Secret


@dataclass(frozen=True, slots=True)
class SealedPushes:
    """Seals the two columns of one table, and opens what is read from them."""

    prior_states: PushSealer
    parameters: PushSealer

    @classmethod
    def of_trail(cls, ring: KeyRing) -> "SealedPushes":
        """Return those of the trail."""
        return cls(PushSealer(ring, Purpose.PRIOR_STATE), PushSealer(ring, Purpose.PARAMETERS))

    @classmethod
    def of_journal(cls, ring: KeyRing) -> "SealedPushes":
        """Return those of the journal."""
        return cls(
            PushSealer(ring, Purpose.INTENDED_PRIOR_STATE), PushSealer(ring, Purpose.INTENDED_PARAMETERS)
        )

    def spec(self, domain_id: DomainId, push_id: PushId, request: Request) -> Jsonb:
        """Return the five fields as they are stored: the parameters sealed, for they may hold secrets."""
        plaintext = Secret(json.dumps(dict(request.spec.parameters)).encode())
        sealed = self.parameters.seal(domain_id, push_id, plaintext)
        return Jsonb(
            {
                "name": request.spec.name,
                "image_digest": request.spec.image_digest,
                "parameters": {"sealed": base64.b64encode(sealed).decode()},
                "timeout_seconds": request.spec.timeout_seconds,
                "sandbox": request.spec.sandbox,
            }
        )

    def request(
        self, domain_id: DomainId, push_id: PushId, namespace: str, spec: Mapping[str, Any]
    ) -> Request:
        """
        Return the request that was stored.

        Raises:
            SealBroken: its parameters were sealed for another place or under another key, or altered.
        """
        sealed = octets_of(spec["parameters"]["sealed"])
        parameters = json.loads(self.parameters.open(domain_id, push_id, sealed).reveal())
        try:
            return Request.of(
                namespace,
                spec["name"],
                spec["image_digest"],
                parameters,
                spec["timeout_seconds"],
                sandbox=spec["sandbox"],
            )
        except SpecInvalid as error:
            # Somebody changed the row: what is stored kept the rules once.
            raise SealBroken from error

    def stored(self, domain_id: DomainId, push_id: PushId, prior_state: ClusterObject | None) -> bytes | None:
        """Return the object's own octets, sealed; None where there was none."""
        if prior_state is None:
            return None
        return self.prior_states.seal(domain_id, push_id, prior_state.octets)

    def prior_state(self, domain_id: DomainId, push_id: PushId, stored: bytes | None) -> ClusterObject | None:
        """
        Return the object that was stored.

        Raises:
            SealBroken: as above.
        """
        if stored is None:
            return None
        return ClusterObject(self.prior_states.open(domain_id, push_id, bytes(stored)))


def octets_of(text: str) -> bytes:
    """
    Return the sealed bytes of a text.

    Raises:
        SealBroken: somebody changed it: it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SealBroken from error
