"""The operations of the surface; they are answered before the router (design section 5)."""

from typing import Final

from plexsphere.api.operation import Credential, Operation
from plexsphere.api.v1.execution_callbacks import problems, schemas

TAG: Final = "node protocol"
BASE: Final = "/v1/nodes/{node_id}/executions/{execution_id}"

ACKNOWLEDGEMENT: Final = Operation(
    "PostExecutionAck",
    "POST",
    f"{BASE}/ack",
    "Say whether the action is taken up; `proceed` tells whether it is still wanted.",
    TAG,
    Credential.NODE,
    answer=schemas.AcknowledgementAnswer,
    body=schemas.AcknowledgementRequest,
    problems=problems.OF_EVERY_CALLBACK,
)
RESULT: Final = Operation(
    "PostExecutionResult",
    "POST",
    f"{BASE}/result",
    "Say how the action ended; told again, or too late, it changes nothing.",
    TAG,
    Credential.NODE,
    answer=schemas.Done,
    body=schemas.ResultRequest,
    problems=problems.OF_EVERY_CALLBACK,
)
