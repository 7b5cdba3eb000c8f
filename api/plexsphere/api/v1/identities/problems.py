"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_DOMAIN_ID: Final = catalogue.INVALID_DOMAIN_ID
INVALID_PRINCIPAL_ID: Final = Problem(
    400, "invalid_principal_id", "The principal id is not a UUID in its 36-character form."
)
BODY_TOO_LARGE: Final = catalogue.BODY_TOO_LARGE
INVALID_KIND: Final = Problem(400, "invalid_kind", "The kind is neither user nor service-identity.")
INVALID_SERVICE_IDENTITY: Final = Problem(
    400, "invalid_service_identity", "A field of the service identity breaks its rule."
)
DOMAIN_NOT_FOUND: Final = Problem(404, "domain_not_found", "No such Domain.")
IDENTITY_NOT_FOUND: Final = Problem(404, "identity_not_found", "The Domain has no such identity.")
SERVICE_IDENTITY_ALREADY_EXISTS: Final = Problem(
    409, "service_identity_already_exists", "Another identity of the Domain has this subject."
)
