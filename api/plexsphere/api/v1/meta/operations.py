"""The operations of the surface."""

from typing import Any, Final

from plexsphere.api.operation import Credential, Operation
from plexsphere.api.v1.meta.wiring import HealthStatus, Version

TAG: Final = "meta"

LIVE: Final = Operation(
    "GetLiveness",
    "GET",
    "/health",
    "Liveness: 200 while the process serves.",
    TAG,
    Credential.NONE,
    answer=HealthStatus,
)
READY: Final = Operation(
    "GetHealth",
    "GET",
    "/v1/health",
    "Readiness: 200 when every dependency answers, else 503 with the same body.",
    TAG,
    Credential.NONE,
    answer=HealthStatus,
)
VERSION: Final = Operation(
    "GetVersion", "GET", "/v1/version", "The version that serves.", TAG, Credential.NONE, answer=Version
)
OPENAPI: Final = Operation(
    "GetOpenAPI",
    "GET",
    "/v1/openapi.json",
    "This document.",
    TAG,
    Credential.NONE,
    answer=dict[str, Any],
)
DOCS: Final = Operation(
    "GetDocs",
    "GET",
    "/v1/docs",
    "This document, for people.",
    TAG,
    Credential.NONE,
    answer=str,
    answer_media="text/html",
)
