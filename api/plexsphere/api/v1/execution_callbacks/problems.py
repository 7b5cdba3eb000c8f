"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_EXECUTION_ID: Final = Problem(
    400,
    "invalid_execution_id",
    "The execution id is not 1 to 64 letters, digits, dots, underscores or dashes.",
)
EXECUTION_NOT_FOUND: Final = Problem(404, "execution_not_found", "No such execution.")

OF_EVERY_CALLBACK: Final = (
    catalogue.INVALID_NODE_ID,
    INVALID_EXECUTION_ID,
    catalogue.NODE_NOT_FOUND,
    EXECUTION_NOT_FOUND,
    catalogue.BODY_TOO_LARGE,
)
