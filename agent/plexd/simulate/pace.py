"""How often a simulated node does what (plexd.md, Configuration)."""

from dataclasses import dataclass

from plexd.protocol.client.node_channel import IDLE_SECONDS
from plexd.protocol.client.persistence import REGISTRATION_PATIENCE


@dataclass(frozen=True, slots=True)
class Pace:
    """Intervals in seconds, and how long enrolment is repeated and a silent stream is endured."""

    heartbeat: float = 30.0
    reconcile: float = 60.0
    endpoint: float = 60.0
    enrolment_patience: float = REGISTRATION_PATIENCE
    idle: float = IDLE_SECONDS
