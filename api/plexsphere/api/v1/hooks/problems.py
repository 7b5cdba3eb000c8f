"""The closed problem set of the surface (hooks-http-api.md, Error taxonomy)."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_CURSOR: Final = catalogue.INVALID_CURSOR
CURSOR_BINDING_MISMATCH: Final = catalogue.CURSOR_BINDING_MISMATCH
HOOKS_NOT_PROVISIONED: Final = Problem(
    501, "hooks_not_provisioned", "This deployment does not list discovered hooks."
)
