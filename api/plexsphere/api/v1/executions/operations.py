"""The operations of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.executions import problems, schemas

TAG: Final = "actions"
ALL: Final = "/v1/projects/{project_id}/executions"
ONE: Final = ALL + "/{execution_id}"

IDEMPOTENCY_KEY: Final = Parameter(
    "Idempotency-Key",
    "1 to 255 printable ASCII characters; within 24 hours the same caller's same dispatch happens once.",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    place="header",
)

DISPATCH: Final = Operation(
    "DispatchExecution",
    "POST",
    ALL + "/dispatch",
    "Ask one node, or every node that a selector means, to run an action.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.ExecutionDispatch,
    answer=schemas.Execution,
    headers=("Location",),
    permission="project#operate",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_IDEMPOTENCY_KEY,
        problems.BODY_TOO_LARGE,
        problems.MALFORMED_SELECTOR,
        problems.ACTION_NOT_DECLARED,
        problems.PROJECT_NOT_FOUND,
        problems.HOOK_INTEGRITY_VIOLATION,
        problems.IDEMPOTENCY_CONFLICT,
        problems.SELECTOR_EMPTY_COHORT,
        problems.COHORT_TOO_LARGE,
        problems.APPROVAL_REQUIRED,
        problems.INVALID_PARAMETERS,
        problems.ARTIFACT_NOT_STORED,
        problems.CAPACITY_EXCEEDED,
    ),
    parameters=(IDEMPOTENCY_KEY,),
)
LIST: Final = Operation(
    "ListExecutions",
    "GET",
    ALL,
    "List the Project's executions in the order of their creation; `targets` is empty here, `parameters`, `wave` and "
    "`counts` are left out.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.ExecutionList,
    permission="project#observe",
    problems=(problems.INVALID_PROJECT_ID, problems.INVALID_PARAMETER, problems.PROJECT_NOT_FOUND),
    parameters=(
        Parameter("status", "Only those of this status.", {"type": "string", "enum": list(schemas.STATUSES)}),
        Parameter("action_name", "Only those of this action.", {"type": "string", "maxLength": 4096}),
    ),
    paged=True,
)
GET: Final = Operation(
    "GetExecution",
    "GET",
    ONE,
    "Show an execution with its targets; up to 16 of them with the beginning of their output.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.Execution,
    permission="project#observe",
    problems=(problems.INVALID_PROJECT_ID, problems.INVALID_EXECUTION_ID, problems.EXECUTION_NOT_FOUND),
)
GET_TARGET: Final = Operation(
    "GetExecutionTarget",
    "GET",
    ONE + "/targets/{node_id}",
    "Show one target with everything that its node reported.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.TargetResult,
    permission="project#observe",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_EXECUTION_ID,
        problems.INVALID_NODE_ID,
        problems.EXECUTION_NOT_FOUND,
    ),
)
CANCEL: Final = Operation(
    "CancelExecution",
    "POST",
    ONE + "/cancel",
    "End every target that has not ended; what has ended stays as it is.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.Execution,
    permission="project#operate",
    problems=(problems.INVALID_PROJECT_ID, problems.INVALID_EXECUTION_ID, problems.EXECUTION_NOT_FOUND),
)
LIST_OF_NODE: Final = Operation(
    "ListNodeExecutions",
    "GET",
    "/v1/nodes/{node_id}/executions",
    "List what the node ran without being asked by the control plane: from sessions, or locally.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.LocalExecutionList,
    permission="project#observe",
    problems=(problems.INVALID_NODE_ID, problems.NODE_NOT_FOUND),
    paged=True,
)
