"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

ENDPOINT_TOO_LARGE: Final = Problem(413, "endpoint_body_too_large", "The body is larger than 4 KiB.")
CAPABILITIES_TOO_LARGE: Final = Problem(
    413, "capabilities_body_too_large", "The body is larger than 256 KiB."
)
INVALID_SANDBOX: Final = Problem(
    422, "invalid_sandbox", "A hook's sandbox is none of none, namespaced and container."
)
TOO_MANY_STREAMS: Final = Problem(
    503, "event_stream_unavailable", "No more event streams are taken right now."
)

OF_EVERY_NODE_ROUTE: Final = (catalogue.INVALID_NODE_ID, catalogue.NODE_NOT_FOUND)
