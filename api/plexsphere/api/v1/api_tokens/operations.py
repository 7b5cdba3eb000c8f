"""The operations of the surface: the caller's own tokens, and those of the identities the caller manages."""

from typing import Final

from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.api_tokens import problems, schemas
from plexsphere.api.v1.api_tokens.identity_ref import PATTERN

TAG: Final = "auth"
ADMIN_TAG: Final = "admin"
OWN: Final = "/v1/auth/tokens"
ADMIN: Final = "/v1/admin/tokens"
MANAGES: Final = "manage on the identity's Domain"

WHOAMI: Final = Operation(
    "GetAuthWhoami",
    "GET",
    "/v1/auth/whoami",
    "Show the caller.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.Whoami,
)
CREATE_OWN: Final = Operation(
    "PostAuthTokens",
    "POST",
    OWN,
    "Create a token of the caller's own.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.TokenCreate,
    answer=schemas.CreatedApiToken,
    permission="identity_ref of the caller itself",
    problems=(problems.BODY_TOO_LARGE, problems.IDENTITY_NOT_FOUND, problems.TOO_MANY_TOKENS),
)
LIST_OWN: Final = Operation(
    "GetAuthTokens",
    "GET",
    OWN,
    "List the caller's live tokens.",
    TAG,
    Credential.OPERATOR,
    answer=list[schemas.ApiToken],
)
DELETE_OWN: Final = Operation(
    "DeleteAuthTokenByID",
    "DELETE",
    OWN + "/{token_id}",
    "Revoke a token of the caller's own.",
    TAG,
    Credential.OPERATOR,
    status=204,
    problems=(problems.INVALID_TOKEN_ID, problems.TOKEN_NOT_FOUND),
)
ROTATE_OWN: Final = Operation(
    "PostAuthTokenRotate",
    "POST",
    OWN + "/{token_id}/rotate",
    "Replace a token of the caller's own; the old one works on until the Sunset.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.RotatedApiToken,
    headers=("Sunset",),
    problems=(problems.INVALID_TOKEN_ID, problems.TOKEN_NOT_FOUND, problems.TOO_MANY_TOKENS),
)
CREATE: Final = Operation(
    "PostAdminTokens",
    "POST",
    ADMIN,
    "Create a token of an identity.",
    ADMIN_TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.TokenCreate,
    answer=schemas.CreatedApiToken,
    permission=MANAGES,
    problems=(problems.BODY_TOO_LARGE, problems.IDENTITY_NOT_FOUND, problems.TOO_MANY_TOKENS),
)
LIST: Final = Operation(
    "GetAdminTokens",
    "GET",
    ADMIN,
    "List an identity's live tokens.",
    ADMIN_TAG,
    Credential.OPERATOR,
    answer=list[schemas.ApiToken],
    permission=MANAGES,
    problems=(problems.INVALID_IDENTITY_REF, problems.IDENTITY_NOT_FOUND),
    parameters=(
        Parameter("identity_ref", "Whose tokens.", {"type": "string", "pattern": PATTERN}, required=True),
    ),
)
DELETE: Final = Operation(
    "DeleteAdminTokenByID",
    "DELETE",
    ADMIN + "/{token_id}",
    "Revoke an identity's token.",
    ADMIN_TAG,
    Credential.OPERATOR,
    status=204,
    permission=MANAGES,
    problems=(problems.INVALID_TOKEN_ID, problems.TOKEN_NOT_FOUND),
)
ROTATE: Final = Operation(
    "PostAdminTokenRotate",
    "POST",
    ADMIN + "/{token_id}/rotate",
    "Replace an identity's token; the old one works on until the Sunset.",
    ADMIN_TAG,
    Credential.OPERATOR,
    answer=schemas.RotatedApiToken,
    headers=("Sunset",),
    permission=MANAGES,
    problems=(problems.INVALID_TOKEN_ID, problems.TOKEN_NOT_FOUND, problems.TOO_MANY_TOKENS),
)
