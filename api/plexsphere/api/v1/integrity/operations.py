"""The operations of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.integrity import problems, schemas

TAG: Final = "integrity"
UUID: Final = {"type": "string", "format": "uuid"}

LIST: Final = Operation(
    "ListIntegrityViolations",
    "GET",
    "/v1/integrity-violations",
    "List integrity violations in the order of their detection.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.IntegrityViolationList,
    permission="platform#read, project#read on each row",
    problems=(catalogue.INVALID_PARAMETER,),
    parameters=(
        Parameter("domain_id", "Only this Domain's.", UUID),
        Parameter("project_id", "Only those on nodes of this Project.", UUID),
        Parameter("node_id", "Only this node's.", UUID),
        Parameter(
            "kind", "Only those of this kind.", {"type": "string", "enum": ["binary", "hook", "host_key"]}
        ),
        Parameter(
            "status",
            "Only those of this status.",
            {"type": "string", "enum": ["open", "acknowledged", "resolved"]},
        ),
    ),
    paged=True,
)
ACKNOWLEDGE: Final = Operation(
    "AcknowledgeIntegrityViolation",
    "POST",
    "/v1/integrity-violations/{integrity_violation_id}/acknowledge",
    "Take a violation for what it is: what was observed of a hook is its baseline from then on.",
    TAG,
    Credential.OPERATOR,
    body=schemas.AcknowledgeRequest,
    answer=schemas.IntegrityViolation,
    permission="project#manage",
    problems=(
        problems.INVALID_VIOLATION_ID,
        problems.INVALID_REASON,
        catalogue.BODY_TOO_LARGE,
        problems.VIOLATION_NOT_FOUND,
        problems.ILLEGAL_TRANSITION,
    ),
)
REPORT: Final = Operation(
    "PostNodeIntegrityViolations",
    "POST",
    "/v1/nodes/{node_id}/integrity-violations",
    "Report what the node found not to be as it should be.",
    TAG,
    Credential.NODE,
    body=schemas.ViolationsReport,
    answer=schemas.ViolationsAccepted,
    problems=(
        *problems.OF_EVERY_REPORT,
        problems.MALFORMED,
        problems.EMPTY,
        problems.KIND_INVALID,
        problems.KIND_MISMATCH,
        problems.DETECTED_BY_INVALID,
        problems.ARTIFACT_ID_EMPTY,
        problems.CHECKSUM_INVALID,
        problems.FINGERPRINT_INVALID,
        problems.TOO_MANY,
    ),
)
FIELD_REPORT: Final = Operation(
    "PostNodeIntegrityViolation",
    "POST",
    "/v1/nodes/{node_id}/integrity/violations",
    "Report one thing that the node found, in the form of agents that report one at a time.",
    TAG,
    Credential.NODE,
    body=schemas.FieldReport,
    answer=schemas.ViolationsAccepted,
    problems=problems.OF_EVERY_REPORT,
)
