"""The operation of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.capabilities import schemas

LIST: Final = Operation(
    "ListCapabilities",
    "GET",
    "/v1/projects/{project_id}/capabilities",
    "List what the Project's nodes announced, by node, and how their binaries compare with what was released.",
    "capabilities",
    Credential.OPERATOR,
    answer=schemas.CapabilityList,
    permission="platform#read, project#read on the Project",
    problems=(catalogue.INVALID_PROJECT_ID, catalogue.INVALID_PARAMETER),
    parameters=(
        Parameter("node_id", "Only this node's.", {"type": "string", "format": "uuid"}),
        Parameter(
            "status", "Only those of this status.", {"type": "string", "enum": ["match", "drift", "unknown"]}
        ),
    ),
    paged=True,
)
