"""What can be seen of a simulated node from outside."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

from plexd.node.view import View
from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.masked import Masked
from plexd.protocol.messages.peers import Peer
from plexd.simulate.background import Background
from plexd.simulate.counters import Counters
from plexd.simulate.enrolment import Candidate
from plexd.simulate.following import Following
from plexd.simulate.member import Member

PATIENCE: Final = 10.0


class ObservedNode:
    """Reads and waits on a node that has been enrolled."""

    __slots__ = ("_background", "_candidate", "_following", "_member")

    _background: Background
    _candidate: Candidate
    _following: Following
    _member: Member

    @property
    def hostname(self) -> str:
        """The name it enrols under."""
        return self._candidate.hostname

    @property
    def node_id(self) -> str:
        """The id the control plane gave."""
        return self._member.node_id

    @property
    def mesh_ip(self) -> str:
        """The mesh address the control plane gave."""
        return self._member.mesh_ip

    @property
    def public_key(self) -> str:
        """The public key of the pair in use."""
        return self._member.key_pair.public_key

    @property
    def channel(self) -> NodeChannel:
        """The calls of this node, for those that the simulation does not make by itself."""
        return self._member.channel

    @property
    def view(self) -> View:
        """What the node knows right now."""
        return self._member.knowledge.view

    @property
    def peers(self) -> Mapping[str, Peer]:
        """The peers it knows, by id."""
        return self.view.peers

    def psk(self, peer_id: str) -> Masked | None:
        """The key it shares with a peer; None for a stranger."""
        peer = self.peers.get(peer_id)
        return None if peer is None else peer.psk

    @property
    def counters(self) -> Counters:
        """What it has counted."""
        return self._member.counters

    @property
    def last_event_id(self) -> str | None:
        """The id of the last whole frame of its stream."""
        return self._following.last_event_id

    @property
    def is_streaming(self) -> bool:
        """Whether its event stream is open."""
        return self._member.is_streaming

    @property
    def failure(self) -> Exception | None:
        """What ended it; None while nothing did."""
        return self._background.failure

    @property
    def last_error(self) -> Exception | None:
        """The last failed call that it survived."""
        return self._member.last_error

    async def until(self, claim: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """
        Return once the claim holds; it is looked at whenever the node learned or did something.

        Raises:
            TimeoutError: it did not hold in time.
            Exception: the `failure` of the node, if that comes first.
        """
        async with asyncio.timeout(seconds):
            await self._member.waiters.until(claim)

    async def until_streaming(self, seconds: float = PATIENCE) -> None:
        """Return once the event stream is open."""
        await self.until(lambda: self.is_streaming, seconds)

    async def until_sees(self, peer_id: str, seconds: float = PATIENCE) -> Peer:
        """Return the peer once it is known."""
        await self.until(lambda: peer_id in self.peers, seconds)
        return self.peers[peer_id]

    async def until_misses(self, peer_id: str, seconds: float = PATIENCE) -> None:
        """Return once the peer is not known, or no more."""
        await self.until(lambda: peer_id not in self.peers, seconds)

    async def until_ended(self, seconds: float = PATIENCE) -> Exception | None:
        """Return the `failure` once there is one."""
        await self.until(lambda: self.failure is not None, seconds)
        return self.failure

    def _fail(self, failure: Exception) -> None:
        self._member.is_streaming = False
        self._member.waiters.fail(failure)
