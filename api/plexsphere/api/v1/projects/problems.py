"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_PROJECT_ID: Final = catalogue.INVALID_PROJECT_ID
INVALID_BODY: Final = catalogue.INVALID_BODY
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
INVALID_PROJECT: Final = Problem(400, "invalid_project", "A field of the Project breaks its rule.")
INVALID_DOMAIN_FILTER: Final = Problem(400, "invalid_domain_filter", "The domain_id filter is no Domain id.")
SLUG_IMMUTABLE: Final = Problem(400, "slug_immutable", "A slug never changes after creation.")
EMPTY_PATCH: Final = Problem(400, "empty_patch", "The patch names nothing to change.")
PROJECT_NOT_FOUND: Final = Problem(404, "project_not_found", "No such Project.")
PROJECT_SLUG_CONFLICT: Final = Problem(
    409, "project_slug_conflict", "Another Project of the Domain has this slug."
)
PARENT_DOMAIN_MISSING: Final = Problem(409, "parent_domain_missing", "The Domain does not exist.")
PROJECT_NOT_EMPTY: Final = Problem(409, "project_not_empty", "The Project still holds something.")
