"""The operations of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.policies import dry_run_schemas, problems, schemas

TAG: Final = "policies"
ALL: Final = "/v1/projects/{project_id}/policies"
ONE: Final = ALL + "/{policy_id}"
UUID_TEXT: Final = {"type": "string", "format": "uuid"}

WORDING_PROBLEMS: Final = (
    problems.UNKNOWN_ACTION,
    problems.UNKNOWN_PROTOCOL,
    problems.CIDR_FAMILY_MISMATCH,
    problems.PORT_RANGE_INVERTED,
    problems.SELECTOR_SYNTAX_ERROR,
)

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
        problems.POLICY_TEST_BROKEN,
        problems.POLICY_TESTS_UNJUDGED,
        problems.CONFIRMATION_REQUIRED,
        problems.POLICY_TOO_LARGE,
        problems.TOO_MANY_POLICY_TESTS,
        *WORDING_PROBLEMS,
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
UPDATE: Final = Operation(
    "UpdatePolicy",
    "PATCH",
    ONE,
    "Give a policy another revision.",
    TAG,
    Credential.OPERATOR,
    body=schemas.PolicyPatch,
    answer=schemas.Policy,
    permission="project#manage",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_POLICY_ID,
        problems.BODY_TOO_LARGE,
        problems.EMPTY_PATCH,
        problems.POLICY_NOT_FOUND,
        problems.REVISION_CONFLICT,
        problems.POLICY_TEST_BROKEN,
        problems.POLICY_TESTS_UNJUDGED,
        problems.CONFIRMATION_REQUIRED,
        problems.POLICY_TOO_LARGE,
        problems.TOO_MANY_POLICY_TESTS,
        *WORDING_PROBLEMS,
    ),
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
        problems.POLICY_TEST_BROKEN,
        problems.POLICY_TESTS_UNJUDGED,
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
REVISIONS: Final = Operation(
    "ListPolicyRevisions",
    "GET",
    ONE + "/revisions",
    "List what a policy says and said, newest first.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.PolicyRevisionList,
    permission="project#read",
    problems=(problems.INVALID_PROJECT_ID, problems.INVALID_POLICY_ID, problems.POLICY_NOT_FOUND),
    paged=True,
)
REVISION: Final = Operation(
    "GetPolicyRevision",
    "GET",
    ONE + "/revisions/{revision_id}",
    "Show a revision of a policy.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.PolicyRevision,
    permission="project#read",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_POLICY_ID,
        problems.INVALID_REVISION_ID,
        problems.POLICY_NOT_FOUND,
        problems.REVISION_NOT_VISIBLE,
    ),
)
DIFF: Final = Operation(
    "DiffPolicyRevisions",
    "GET",
    ONE + "/diff",
    "Show what leads from the rules of one revision of a policy to those of another.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.PolicyDiff,
    permission="project#read",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_POLICY_ID,
        problems.INVALID_REVISION_ID,
        problems.POLICY_NOT_FOUND,
        problems.REVISION_NOT_VISIBLE,
    ),
    parameters=(
        Parameter("from_revision", "The revision before.", UUID_TEXT, required=True),
        Parameter("to_revision", "The revision after.", UUID_TEXT, required=True),
    ),
)
DRY_RUN: Final = Operation(
    "DryRunPolicy",
    "POST",
    ONE + "/dry-run",
    "Show what would happen if a policy said something else.",
    TAG,
    Credential.OPERATOR,
    body=dry_run_schemas.PolicyDryRun,
    answer=dry_run_schemas.PolicyRehearsal,
    permission="project#read",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_POLICY_ID,
        problems.BODY_TOO_LARGE,
        problems.POLICY_NOT_FOUND,
        *WORDING_PROBLEMS,
    ),
)
