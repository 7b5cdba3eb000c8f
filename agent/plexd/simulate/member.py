"""The working memory of an enrolled node, shared by its duties."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from plexd.node.knowledge import Knowledge
from plexd.protocol.client.node_channel import NodeChannel
from plexd.protocol.errors import ControlPlaneError, Unauthorized
from plexd.protocol.events.verification import Verifier
from plexd.protocol.keys.key_pair import KeyPair
from plexd.protocol.keys.node_secret_key import NodeSecretKey
from plexd.protocol.messages.capabilities import Capabilities
from plexd.protocol.timing import Timing
from plexd.simulate.counters import Counters
from plexd.simulate.pace import Pace
from plexd.simulate.waiters import Waiters


@dataclass(slots=True)
class Member:
    """A node of the mesh: who it is, what it knows, what it counts."""

    channel: NodeChannel
    mesh_ip: str
    key_pair: KeyPair
    secret_key: NodeSecretKey
    knowledge: Knowledge
    verifier: Verifier
    endpoint: str
    capabilities: Capabilities
    pace: Pace
    timing: Timing
    record_latency: Callable[[float], None]
    enrolled_at: float
    counters: Counters = field(default_factory=Counters)
    waiters: Waiters = field(default_factory=Waiters)
    is_streaming: bool = False
    last_error: ControlPlaneError | None = None

    @property
    def node_id(self) -> str:
        """The id the control plane gave."""
        return self.channel.identity.node_id

    def changed(self) -> None:
        """The view changed: what it trusts is trusted from now on, and who waits is told."""
        self.verifier.keys = self.knowledge.view.signing_keys
        self.waiters.notify()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Count a failed call and go on, telling who waits; a dead credential is not survived."""
        try:
            yield
        except Unauthorized:
            raise
        except ControlPlaneError as error:
            self.counters.failed_calls += 1
            self.last_error = error
        finally:
            self.waiters.notify()
