"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_DOMAIN_ID: Final = catalogue.INVALID_DOMAIN_ID
DOMAIN_NOT_FOUND: Final = Problem(404, "domain_not_found", "No such Domain.")
