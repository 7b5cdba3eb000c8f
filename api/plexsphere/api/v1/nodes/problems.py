"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_NODE_ID: Final = catalogue.INVALID_NODE_ID
INVALID_DOMAIN_ID: Final = catalogue.INVALID_DOMAIN_ID
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
NODE_NOT_FOUND: Final = catalogue.NODE_NOT_FOUND
INVALID_DOMAIN_FILTER: Final = Problem(400, "invalid_domain_filter", "The domain_id filter is no Domain id.")
INVALID_NODE_NAME: Final = Problem(
    400, "invalid_node_name", "A name is one printable line of 1 to 255 characters."
)
INVALID_METADATA: Final = Problem(
    400,
    "invalid_metadata",
    "Metadata is at most 64 printable texts of up to 255 characters under keys of [A-Za-z0-9._/-]{1,63}.",
)
EMPTY_PATCH: Final = Problem(400, "empty_patch", "The patch names nothing to change.")
METADATA_KEY_NOT_FOUND: Final = Problem(404, "metadata_key_not_found", "The node has no such metadata key.")
DOMAIN_NOT_FOUND: Final = Problem(404, "domain_not_found", "No such Domain.")
CONFIRMATION_REQUIRED: Final = Problem(
    409, "confirmation_required", "More than half of the Domain's visible pairs would vanish; confirm it."
)
