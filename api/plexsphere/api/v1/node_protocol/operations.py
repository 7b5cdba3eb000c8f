"""The operations of the surface; they are answered before the router (design section 5)."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.agent_documents import Capabilities
from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.node_protocol import problems, schemas

TAG: Final = "node protocol"
BASE: Final = "/v1/nodes/{node_id}"
NODE: Final = problems.OF_EVERY_NODE_ROUTE

HEARTBEAT: Final = Operation(
    "PostNodeHeartbeat",
    "POST",
    f"{BASE}/heartbeat",
    "Say that the node lives.",
    TAG,
    Credential.NODE,
    answer=schemas.HeartbeatAnswer,
    body=schemas.HeartbeatRequest,
    problems=(*NODE, catalogue.BODY_TOO_LARGE),
)
STATE: Final = Operation(
    "GetNodeState",
    "GET",
    f"{BASE}/state",
    "Pull the full desired state; 304 when `If-None-Match` names the current one.",
    TAG,
    Credential.NODE,
    answer=schemas.NodeState,
    problems=NODE,
    parameters=(
        Parameter("If-None-Match", "The ETag of the state at hand.", place="header"),
        Parameter("Plexsphere-State-Version", "The newest log offset the node has seen.", place="header"),
    ),
    headers=("ETag", "Plexsphere-State-Version"),
    also={304: "The state at hand is current."},
)
EVENTS: Final = Operation(
    "GetNodeEvents",
    "GET",
    f"{BASE}/events",
    "Hear every change as a signed server-sent event.",
    TAG,
    Credential.NODE,
    answer=str,
    answer_media="text/event-stream",
    problems=(*NODE, problems.TOO_MANY_STREAMS),
    parameters=(Parameter("Last-Event-ID", "The `id` of the last event at hand.", place="header"),),
)
ENDPOINT: Final = Operation(
    "PutNodeEndpoint",
    "PUT",
    f"{BASE}/endpoint",
    "Report where the node is reached from outside.",
    TAG,
    Credential.NODE,
    answer=schemas.EndpointAnswer,
    body=schemas.EndpointRequest,
    problems=(*NODE, problems.ENDPOINT_TOO_LARGE),
)
CAPABILITIES: Final = Operation(
    "PutNodeCapabilities",
    "PUT",
    f"{BASE}/capabilities",
    "Announce what the node can do.",
    TAG,
    Credential.NODE,
    answer=schemas.Done,
    body=Capabilities,
    problems=(*NODE, problems.CAPABILITIES_TOO_LARGE, problems.INVALID_SANDBOX),
)
DRIFT: Final = Operation(
    "PostNodeDrift",
    "POST",
    f"{BASE}/drift",
    "Report what a reconciliation put right.",
    TAG,
    Credential.NODE,
    answer=schemas.Done,
    body=schemas.DriftRequest,
    problems=(*NODE, catalogue.BODY_TOO_LARGE),
)
DEREGISTER: Final = Operation(
    "PostNodeDeregister",
    "POST",
    f"{BASE}/deregister",
    "Leave the mesh.",
    TAG,
    Credential.NODE,
    answer=schemas.Done,
    problems=NODE,
)

ALL: Final = (HEARTBEAT, STATE, EVENTS, ENDPOINT, CAPABILITIES, DRIFT, DEREGISTER)
