"""The operations of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.nodes import problems, schemas

NODES: Final = "nodes"
ALL: Final = "/v1/nodes"
ONE: Final = "/v1/nodes/{node_id}"
METADATA: Final = "/v1/nodes/{node_id}/metadata/{key}"

LIST: Final = Operation(
    "ListNodes",
    "GET",
    ALL,
    "List the nodes of the Projects the caller may read, by id.",
    NODES,
    Credential.OPERATOR,
    answer=schemas.NodeList,
    permission="domain#read of the Domain that is filtered for, project#read on each row",
    problems=(problems.INVALID_DOMAIN_FILTER,),
    parameters=(Parameter("domain_id", "Only this Domain's.", {"type": "string", "format": "uuid"}),),
    paged=True,
)
GET: Final = Operation(
    "GetNode",
    "GET",
    ONE,
    "Show a node.",
    NODES,
    Credential.OPERATOR,
    answer=schemas.Node,
    permission="project#read",
    problems=(problems.INVALID_NODE_ID, problems.NODE_NOT_FOUND),
)
PATCH: Final = Operation(
    "PatchNode",
    "PATCH",
    ONE,
    "Change the name and merge metadata; a null value removes its key.",
    NODES,
    Credential.OPERATOR,
    body=schemas.NodePatch,
    answer=schemas.Node,
    permission="project#manage",
    problems=(
        problems.INVALID_NODE_ID,
        problems.BODY_TOO_LARGE,
        problems.EMPTY_PATCH,
        problems.INVALID_NODE_NAME,
        problems.INVALID_METADATA,
        problems.NODE_NOT_FOUND,
    ),
)
DELETE: Final = Operation(
    "DeleteNode",
    "DELETE",
    ONE,
    "Remove a node by force: its credentials end, and its former peers get fresh pair keys.",
    NODES,
    Credential.OPERATOR,
    status=204,
    permission="project#manage",
    problems=(problems.INVALID_NODE_ID, problems.NODE_NOT_FOUND, problems.CONFIRMATION_REQUIRED),
    parameters=(
        Parameter("confirm", "Accept that most visible pairs vanish.", {"type": "boolean", "default": False}),
    ),
)
PUT_METADATA: Final = Operation(
    "PutNodeMetadata",
    "PUT",
    METADATA,
    "Set one metadata key.",
    NODES,
    Credential.OPERATOR,
    body=schemas.MetadataValue,
    answer=schemas.Node,
    permission="project#manage",
    problems=(
        problems.INVALID_NODE_ID,
        problems.BODY_TOO_LARGE,
        problems.INVALID_METADATA,
        problems.NODE_NOT_FOUND,
    ),
    takes_slashes=True,
)
DELETE_METADATA: Final = Operation(
    "DeleteNodeMetadata",
    "DELETE",
    METADATA,
    "Remove one metadata key.",
    NODES,
    Credential.OPERATOR,
    status=204,
    permission="project#manage",
    problems=(problems.INVALID_NODE_ID, problems.NODE_NOT_FOUND, problems.METADATA_KEY_NOT_FOUND),
    takes_slashes=True,
)
DRIFT: Final = Operation(
    "GetNodeDrift",
    "GET",
    "/v1/nodes/{node_id}/drift",
    "Show what the node put right lately, the newest first.",
    NODES,
    Credential.OPERATOR,
    answer=schemas.DriftReports,
    permission="project#read",
    problems=(problems.INVALID_NODE_ID, problems.NODE_NOT_FOUND),
)
REACHABILITY: Final = Operation(
    "GetNodeReachability",
    "GET",
    "/v1/nodes/{node_id}/reachability",
    "Show how the node was last heard of.",
    NODES,
    Credential.OPERATOR,
    answer=schemas.NodeReachability,
    permission="project#read",
    problems=(problems.INVALID_NODE_ID, problems.NODE_NOT_FOUND),
)
TOPOLOGY: Final = Operation(
    "GetDomainMeshTopology",
    "GET",
    "/v1/domains/{domain_id}/mesh/topology",
    "Show a Domain's nodes and who of them sees whom.",
    "mesh",
    Credential.OPERATOR,
    answer=schemas.Topology,
    permission="domain#read",
    problems=(problems.INVALID_DOMAIN_ID, problems.DOMAIN_NOT_FOUND),
)
