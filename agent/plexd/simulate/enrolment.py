"""From a token to a member of the mesh (plexd.md, Agent Lifecycle)."""

from collections.abc import Callable
from dataclasses import dataclass

from plexd.node.knowledge import Knowledge
from plexd.node.view import View
from plexd.protocol.client.control_plane import ControlPlane
from plexd.protocol.client.persistence import persistently
from plexd.protocol.errors import Unreadable
from plexd.protocol.events.verification import Verifier
from plexd.protocol.keys.errors import BadKeyError
from plexd.protocol.keys.key_pair import KeyPair
from plexd.protocol.keys.node_secret_key import NodeSecretKey
from plexd.protocol.keys.signing_keys import SigningKeys
from plexd.protocol.masked import Masked
from plexd.protocol.messages.capabilities import Capabilities
from plexd.protocol.messages.registration import RegisterRequest, Registration
from plexd.protocol.timing import Timing
from plexd.simulate.member import Member
from plexd.simulate.pace import Pace


@dataclass(frozen=True, slots=True)
class Candidate:
    """A machine that wants to be a node."""

    token: Masked
    hostname: str
    endpoint: str
    metadata: dict[str, str]
    capabilities: Capabilities | None


@dataclass(frozen=True, slots=True)
class Enrol:
    """Redeems a token; repeated word for word after a lost answer, so that it yields one node (design D10)."""

    control_plane: ControlPlane
    pace: Pace
    timing: Timing
    record_latency: Callable[[float], None]

    async def __call__(self, candidate: Candidate) -> Member:
        """
        Return the node that the machine became.

        Raises:
            ControlPlaneError: refused for good, not let in while patience lasted, or given keys that are none.
        """
        key_pair = KeyPair.generate()
        request = _request(candidate, key_pair)
        registration = await persistently(
            lambda: self.control_plane.register(request), self.timing, patience=self.pace.enrolment_patience
        )
        try:
            return self._member(candidate, key_pair, registration)
        except BadKeyError as cause:
            raise Unreadable("a registration with a broken key") from cause

    def _member(self, candidate: Candidate, key_pair: KeyPair, registration: Registration) -> Member:
        view = View(SigningKeys.registered(registration.signing_public_key))
        view.upsert(registration.peers)
        return Member(
            channel=self.control_plane.as_node(registration.identity()),
            mesh_ip=registration.mesh_ip,
            key_pair=key_pair,
            secret_key=NodeSecretKey(registration.node_secret_key),
            knowledge=Knowledge(view),
            verifier=Verifier(registration.node_id, view.signing_keys, self.timing.clock),
            endpoint=candidate.endpoint,
            capabilities=candidate.capabilities or Capabilities(),
            pace=self.pace,
            timing=self.timing,
            record_latency=self.record_latency,
            enrolled_at=self.timing.clock.monotonic(),
        )


def _request(candidate: Candidate, key_pair: KeyPair) -> RegisterRequest:
    return RegisterRequest(
        candidate.token, key_pair.public_key, candidate.hostname, candidate.metadata, candidate.capabilities
    )
