"""The calls of nodes, each answered by its bridge, before the router."""

from typing import Final

from plexsphere.api.gate import NodeGate
from plexsphere.api.limits import Limits
from plexsphere.api.node_calls import DirectCall
from plexsphere.api.shedding import Shedding
from plexsphere.api.v1.artifacts import operations as artifact_operations
from plexsphere.api.v1.artifacts.calls import artifact_calls
from plexsphere.api.v1.execution_callbacks.calls import LargeBodies, callback_calls
from plexsphere.api.v1.integrity.calls import integrity_calls
from plexsphere.api.v1.node_protocol.calls import protocol_calls
from plexsphere.api.v1.nodes import operations as node_operations
from plexsphere.composition.bridges.credentials import NodesBridge
from plexsphere.composition.bridges.execution_callbacks import (
    ExecutionCallbacksBridge,
    large_bodies_doorway,
)
from plexsphere.composition.bridges.node_protocol import NodeProtocolBridge
from plexsphere.composition.builders.actions import Actions
from plexsphere.composition.builders.artifacts import Artifacts
from plexsphere.composition.builders.credentials import Credentials
from plexsphere.composition.builders.fleet import Fleet
from plexsphere.composition.builders.hooks import Hooks, reports_bridged
from plexsphere.composition.builders.platform import PlatformParts
from plexsphere.platform.db.contention import retried

# What the router answers on the paths of nodes' calls.
BESIDE_NODE_CALLS: Final = (node_operations.DRIFT, artifact_operations.PUT)


def build_node_calls(
    platform: PlatformParts,
    credentials: Credentials,
    fleet: Fleet,
    actions: Actions,
    artifacts: Artifacts | None,
    hooks: Hooks,
    limits: Limits,
    shedding: Shedding,
) -> list[DirectCall]:
    """Return every call that a node makes with its own credential."""
    gate = NodeGate(NodesBridge(credentials.authenticate_node), limits)
    callbacks = retried(ExecutionCallbacksBridge(actions.take_acknowledgement, actions.take_result))
    return [
        *protocol_calls(gate, shedding, _node_protocol(platform, fleet)),
        *callback_calls(gate, shedding, callbacks, LargeBodies(large_bodies_doorway())),
        *artifact_calls(gate, shedding, artifacts.downloads if artifacts else None),
        *integrity_calls(gate, shedding, retried(reports_bridged(hooks, platform))),
    ]


def _node_protocol(platform: PlatformParts, fleet: Fleet) -> NodeProtocolBridge:
    return NodeProtocolBridge(
        platform.database,
        fleet.record_heartbeat,
        fleet.get_state,
        fleet.open_event_stream,
        fleet.update_endpoint,
        fleet.update_capabilities,
        fleet.report_drift,
        fleet.remove_node,
        platform.trail,
        platform.doorways,
    )
