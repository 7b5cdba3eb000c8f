"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_BODY: Final = catalogue.INVALID_BODY
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
INVALID_TOKEN_ID: Final = Problem(
    400, "invalid_token_id", "The token id is not a UUID in its 36-character form."
)
INVALID_IDENTITY_REF: Final = Problem(
    400, "invalid_identity_ref", "The identity_ref is neither user:<id> nor service:<id>."
)
IDENTITY_NOT_FOUND: Final = Problem(404, "identity_not_found", "No such identity.")
TOKEN_NOT_FOUND: Final = Problem(404, "token_not_found", "No such token that could still be used.")
TOO_MANY_TOKENS: Final = Problem(
    409, "too_many_tokens", "The identity holds as many live tokens as one may; revoke some first."
)
