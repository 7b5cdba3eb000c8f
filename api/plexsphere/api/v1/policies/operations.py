"""The operations of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.policies import problems, schemas

TAG: Final = "policies"
ALL: Final = "/v1/projects/{project_id}/policies"
ONE: Final = ALL + "/{policy_id}"

LIST: Final = Operation(
    "ListPolicies",
    "GET",
    ALL,
    "List the Project's policies.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.PolicyList,
    permission="project#read",
    problems=(problems.INVALID_PROJECT_ID, problems.PROJECT_NOT_FOUND),
    paged=True,
)
CREATE: Final = Operation(
    "CreatePolicy",
    "POST",
    ALL,
    "Create a policy with its first revision.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.PolicyCreate,
    answer=schemas.Policy,
    headers=("Location",),
    permission="project#manage",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.BODY_TOO_LARGE,
        problems.PROJECT_NOT_FOUND,
        problems.POLICY_SLUG_TAKEN,
        problems.CONFIRMATION_REQUIRED,
        problems.UNKNOWN_ACTION,
        problems.UNKNOWN_PROTOCOL,
        problems.CIDR_FAMILY_MISMATCH,
        problems.PORT_RANGE_INVERTED,
        problems.SELECTOR_SYNTAX_ERROR,
        problems.POLICY_TOO_LARGE,
    ),
)
GET: Final = Operation(
    "GetPolicy",
    "GET",
    ONE,
    "Show a policy with its newest revision.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.Policy,
    permission="project#read",
    problems=(problems.INVALID_PROJECT_ID, problems.INVALID_POLICY_ID, problems.POLICY_NOT_FOUND),
)
DELETE: Final = Operation(
    "DeletePolicy",
    "DELETE",
    ONE,
    "Remove a policy with all its revisions.",
    TAG,
    Credential.OPERATOR,
    status=204,
    permission="project#manage",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_POLICY_ID,
        problems.POLICY_NOT_FOUND,
        problems.CONFIRMATION_REQUIRED,
        catalogue.INVALID_PARAMETER,
    ),
    parameters=(
        Parameter(
            "confirm",
            "Accept that most of what the Domain's nodes see may vanish.",
            {"type": "boolean", "default": False},
        ),
    ),
)
