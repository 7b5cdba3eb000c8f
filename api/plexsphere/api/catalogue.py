"""Problems that any operation may answer, outside the surfaces' own closed catalogues (design D4, D6)."""

from typing import Final

from plexsphere.api.problem import Problem

UNAUTHENTICATED: Final = Problem(401, "unauthenticated", "No valid credential was presented.")
PERMISSION_DENIED: Final = Problem(403, "permission_denied", "The caller lacks the permission this needs.")
ROUTE_NOT_FOUND: Final = Problem(404, "route_not_found", "There is no such route.")
METHOD_NOT_ALLOWED: Final = Problem(405, "method_not_allowed", "The route does not answer this method.")
UNSUPPORTED_ENCODING: Final = Problem(415, "unsupported_encoding", "The body's Content-Encoding is not gzip.")
UNSUPPORTED_MEDIA_TYPE: Final = Problem(415, "unsupported_media_type", "The body is not application/json.")
INVALID_PARAMETER: Final = Problem(
    400, "invalid_parameter", "A query parameter has a value of the wrong type."
)
INVALID_LIMIT: Final = Problem(400, "invalid_limit", "The limit is not a whole number from 1 to 200.")
INVALID_CURSOR: Final = Problem(400, "invalid_cursor", "The cursor is not one of this list.")
CURSOR_BINDING_MISMATCH: Final = Problem(
    403, "cursor_binding_mismatch", "The cursor was minted for another caller."
)
RATE_LIMITED: Final = Problem(429, "rate_limited", "Too many requests; wait and try again.")
INTERNAL: Final = Problem(500, "internal", "Something unexpected went wrong here.")
OVERLOADED: Final = Problem(503, "overloaded", "The control plane is busy; try again shortly.")
DATASTORE_UNAVAILABLE: Final = Problem(503, "datastore_unavailable", "The database cannot be reached.")
AUTHZ_UNAVAILABLE: Final = Problem(503, "authz_unavailable", "Permissions cannot be checked right now.")
NOT_SERVED_HERE: Final = Problem(503, "not_served_here", "Another process of the control plane serves this.")

INVALID_BODY: Final = Problem(400, "invalid_body", "The body is not what this operation takes.")
BODY_TOO_LARGE: Final = Problem(
    413, "request_body_too_large", "The body is larger than this operation takes."
)
NODE_NOT_FOUND: Final = Problem(404, "node_not_found", "No such node.")
INVALID_NODE_ID: Final = Problem(
    400, "invalid_node_id", "The node id is not a UUID in its 36-character form."
)
INVALID_DOMAIN_ID: Final = Problem(
    400, "invalid_domain_id", "The Domain id is not a UUID in its 36-character form."
)
INVALID_PROJECT_ID: Final = Problem(
    400, "invalid_project_id", "The Project id is not a UUID in its 36-character form."
)

EVERYWHERE: Final = (RATE_LIMITED, INTERNAL, OVERLOADED, DATASTORE_UNAVAILABLE, NOT_SERVED_HERE)
BEHIND_A_CREDENTIAL: Final = (UNAUTHENTICATED,)
BEHIND_REBAC: Final = (PERMISSION_DENIED, AUTHZ_UNAVAILABLE)
WITH_A_BODY: Final = (INVALID_BODY, UNSUPPORTED_ENCODING, UNSUPPORTED_MEDIA_TYPE)
PAGED: Final = (INVALID_LIMIT, INVALID_CURSOR, CURSOR_BINDING_MISMATCH)
