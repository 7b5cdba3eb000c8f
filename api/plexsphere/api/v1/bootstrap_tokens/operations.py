"""The operations of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation
from plexsphere.api.v1.bootstrap_tokens import problems, schemas

TAG: Final = "bootstrap-tokens"
ALL: Final = "/v1/projects/{project_id}/bootstrap-tokens"
ONE: Final = ALL + "/{bootstrap_token_id}"

ISSUE: Final = Operation(
    "IssueBootstrapToken",
    "POST",
    ALL,
    "Issue a token that admits one machine into the Project.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.BootstrapTokenIssue,
    answer=schemas.IssuedBootstrapToken,
    headers=("Location",),
    permission="project#manage",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.BODY_TOO_LARGE,
        problems.INVALID_BOOTSTRAP_TOKEN,
        problems.PROJECT_NOT_FOUND,
    ),
)
LIST: Final = Operation(
    "ListBootstrapTokens",
    "GET",
    ALL,
    "List the Project's bootstrap tokens in the order of issue.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.BootstrapTokenList,
    permission="project#read",
    problems=(problems.INVALID_PROJECT_ID, problems.PROJECT_NOT_FOUND),
    paged=True,
)
GET: Final = Operation(
    "GetBootstrapTokenMetadata",
    "GET",
    ONE,
    "Show a bootstrap token without its secret.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.BootstrapToken,
    permission="project#read",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_BOOTSTRAP_TOKEN_ID,
        problems.BOOTSTRAP_TOKEN_NOT_FOUND,
    ),
)
REVOKE: Final = Operation(
    "RevokeBootstrapToken",
    "DELETE",
    ONE,
    "Let a bootstrap token admit nobody any more.",
    TAG,
    Credential.OPERATOR,
    status=204,
    permission="project#manage",
    problems=(
        problems.INVALID_PROJECT_ID,
        problems.INVALID_BOOTSTRAP_TOKEN_ID,
        problems.BOOTSTRAP_TOKEN_NOT_FOUND,
        problems.BOOTSTRAP_TOKEN_SPENT,
    ),
)
