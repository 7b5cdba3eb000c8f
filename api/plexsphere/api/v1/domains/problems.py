"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_DOMAIN_ID: Final = catalogue.INVALID_DOMAIN_ID
INVALID_BODY: Final = catalogue.INVALID_BODY
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
INVALID_DOMAIN: Final = Problem(400, "invalid_domain", "A field of the Domain breaks its rule.")
INVALID_REACHABILITY_POLICY: Final = Problem(
    400, "invalid_reachability_policy", "The reachability intervals are no durations or do not fit together."
)
SLUG_IMMUTABLE: Final = Problem(400, "slug_immutable", "A slug never changes after creation.")
EMPTY_PATCH: Final = Problem(400, "empty_patch", "The patch names nothing to change.")
DOMAIN_NOT_FOUND: Final = Problem(404, "domain_not_found", "No such Domain.")
DOMAIN_SLUG_CONFLICT: Final = Problem(409, "domain_slug_conflict", "Another Domain has this slug.")
DOMAIN_NOT_EMPTY: Final = Problem(409, "domain_not_empty", "The Domain still holds something.")
MESH_RANGE_IN_USE: Final = Problem(
    422, "mesh_cidr_invalidates_subrange", "Addresses in use lie outside the new mesh range."
)
