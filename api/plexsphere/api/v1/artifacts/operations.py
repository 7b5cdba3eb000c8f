"""The operations of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.operation import OCTET_STREAM, Credential, Operation, Parameter
from plexsphere.api.v1.artifacts import problems, schemas

TAG: Final = "artifacts"
ALL: Final = "/v1/artifacts/plexd"
RELEASE: Final = ALL + "/{version}"
BINARY: Final = RELEASE + "/{os}/{arch}"

LIST: Final = Operation(
    "ListPlexdArtifacts",
    "GET",
    ALL,
    "List the releases of the agent.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.PlexdArtifactList,
    permission="platform#read",
    problems=(problems.ARTIFACTS_NOT_PROVISIONED,),
    paged=True,
)
GET: Final = Operation(
    "GetPlexdArtifact",
    "GET",
    RELEASE,
    "Show a release with its binaries; who may not read the platform finds none.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.PlexdArtifact,
    permission="platform#read",
    problems=(problems.RELEASE_NOT_FOUND, problems.ARTIFACTS_NOT_PROVISIONED),
)
PATCH: Final = Operation(
    "PatchPlexdArtifact",
    "PATCH",
    RELEASE,
    "Say whether a release is supported; one that is withdrawn is handed out no more.",
    TAG,
    Credential.OPERATOR,
    body=schemas.PlexdArtifactPatch,
    answer=schemas.PlexdArtifact,
    permission="platform#manage",
    problems=(
        catalogue.BODY_TOO_LARGE,
        problems.RELEASE_NOT_FOUND,
        problems.ARTIFACTS_NOT_PROVISIONED,
    ),
)
PUT: Final = Operation(
    "PutPlexdArtifact",
    "PUT",
    BINARY,
    "Release a binary; 200 when the very same was released before.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=bytes,
    body_media=OCTET_STREAM,
    answer=schemas.PlexdArtifactPut,
    headers=("Location",),
    permission="platform#manage",
    problems=(
        problems.INVALID_ARTIFACT_NAME,
        problems.INVALID_PARAMETER,
        problems.ARTIFACT_CONFLICT,
        problems.ARTIFACT_TOO_LARGE,
        problems.CHECKSUM_MISMATCH,
        problems.ARTIFACTS_NOT_PROVISIONED,
        problems.ARTIFACT_UNAVAILABLE,
    ),
    parameters=(
        Parameter(
            "sha256",
            "What the binary's SHA-256 is: another binary is not taken, and this one is `verified`.",
            {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        ),
        Parameter(
            "support_status",
            "What is said of the whole release from now on; a new release is `supported`.",
            {"type": "string", "enum": ["supported", "deprecated", "withdrawn"]},
        ),
    ),
    also={200: "The very same binary was released before."},
)
DOWNLOAD: Final = Operation(
    "GetPlexdBinary",
    "GET",
    BINARY,
    "Fetch a binary; not one octet is sent of one that is not what was released.",
    TAG,
    Credential.NODE,
    answer=bytes,
    answer_media=OCTET_STREAM,
    headers=("Content-Length",),
    problems=(
        problems.RELEASE_NOT_FOUND,
        problems.ARTIFACTS_NOT_PROVISIONED,
        problems.ARTIFACT_UNAVAILABLE,
    ),
)
