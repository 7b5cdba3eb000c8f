"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_PROJECT_ID: Final = catalogue.INVALID_PROJECT_ID
INVALID_BOOTSTRAP_TOKEN_ID: Final = Problem(
    400, "invalid_bootstrap_token_id", "The token id is not a UUID in its 36-character form."
)
INVALID_BOOTSTRAP_TOKEN: Final = Problem(
    400, "invalid_bootstrap_token", "A term of the bootstrap token breaks its rule."
)
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
PROJECT_NOT_FOUND: Final = Problem(404, "project_not_found", "No such Project.")
BOOTSTRAP_TOKEN_NOT_FOUND: Final = Problem(
    404, "bootstrap_token_not_found", "The Project has no such bootstrap token."
)
BOOTSTRAP_TOKEN_SPENT: Final = Problem(
    409, "bootstrap_token_spent", "The bootstrap token was consumed or revoked before."
)
