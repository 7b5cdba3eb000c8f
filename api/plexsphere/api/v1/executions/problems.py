"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_PROJECT_ID: Final = catalogue.INVALID_PROJECT_ID
INVALID_NODE_ID: Final = catalogue.INVALID_NODE_ID
INVALID_EXECUTION_ID: Final = Problem(
    400, "invalid_execution_id", "The execution id is not a UUID in its 36-character form."
)
INVALID_BODY: Final = catalogue.INVALID_BODY
INVALID_PARAMETER: Final = catalogue.INVALID_PARAMETER
INVALID_IDEMPOTENCY_KEY: Final = Problem(
    400,
    "invalid_idempotency_key",
    "The Idempotency-Key is not one header of 1 to 255 printable ASCII characters.",
)
MALFORMED_SELECTOR: Final = Problem(400, "malformed_selector", "The selector cannot be read.")
ACTION_NOT_DECLARED: Final = Problem(
    400, "action_not_declared", "Not every node that is meant announced this action."
)
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
PROJECT_NOT_FOUND: Final = Problem(404, "project_not_found", "No such Project.")
EXECUTION_NOT_FOUND: Final = Problem(
    404, "execution_not_found", "The Project has no such execution, or the execution no such target."
)
NODE_NOT_FOUND: Final = catalogue.NODE_NOT_FOUND
HOOK_INTEGRITY_VIOLATION: Final = Problem(
    409,
    "hook_integrity_violation",
    "The hook is not what it was, or not what is declared, on some node; acknowledge the violation or mend the object.",
)
IDEMPOTENCY_CONFLICT: Final = Problem(
    409, "idempotency_conflict", "The Idempotency-Key was used for another dispatch."
)
SELECTOR_EMPTY_COHORT: Final = Problem(422, "selector_empty_cohort", "No live node of the Project is meant.")
COHORT_TOO_LARGE: Final = Problem(
    422, "cohort_too_large", "More nodes are meant than one execution may have as targets."
)
APPROVAL_REQUIRED: Final = Problem(
    422, "approval_required", "The hook is privileged on some node; send `approve_privileged: true`."
)
INVALID_PARAMETERS: Final = Problem(
    422, "invalid_parameters", "The parameters are not those that some node announced for the action."
)
ARTIFACT_NOT_STORED: Final = Problem(
    422,
    "artifact_not_stored",
    "No stored artifact of this version fits some node, it has another checksum, or it was withdrawn.",
)
CAPACITY_EXCEEDED: Final = Problem(
    429,
    "capacity_exceeded",
    "The Domain, or one of the nodes, has as many open targets as it may have; try again when some have ended.",
)
