"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_PROJECT_ID: Final = catalogue.INVALID_PROJECT_ID
INVALID_RELATION_TUPLE_ID: Final = Problem(
    400, "invalid_relation_tuple_id", "The tuple id is not a UUID in its 36-character form."
)
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
INVALID_CHECK_REQUEST: Final = Problem(
    400, "invalid_check_request", "The question names no such subject, relation or resource."
)
INVALID_LOOKUP_REQUEST: Final = Problem(
    400, "invalid_lookup_request", "The question names no such subject, relation or resource."
)
INVALID_RELATION_TUPLE: Final = Problem(
    400, "invalid_relation_tuple", "Nobody can write such a tuple, or another tuple holds it already."
)
PROJECT_NOT_FOUND: Final = Problem(404, "project_not_found", "No such Project.")
RELATION_TUPLE_NOT_FOUND: Final = Problem(404, "relation_tuple_not_found", "No such tuple.")
