"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_BODY: Final = catalogue.INVALID_BODY
INVALID_PARAMETER: Final = catalogue.INVALID_PARAMETER
INVALID_ARTIFACT_NAME: Final = Problem(
    400, "invalid_artifact_name", "The version, operating system or architecture is not written as such."
)
RELEASE_NOT_FOUND: Final = Problem(404, "release_not_found", "Nothing of that name is released.")
ARTIFACT_CONFLICT: Final = Problem(
    409, "artifact_conflict", "Another binary was released under this name; release it as another version."
)
ARTIFACT_TOO_LARGE: Final = Problem(413, "artifact_too_large", "The binary is larger than 256 MiB.")
CHECKSUM_MISMATCH: Final = Problem(
    422, "checksum_mismatch", "The binary that came has another SHA-256 than the request says."
)
ARTIFACTS_NOT_PROVISIONED: Final = Problem(
    501, "artifacts_not_provisioned", "This deployment has no folder for artifacts: they are off."
)
ARTIFACT_UNAVAILABLE: Final = Problem(
    503, "artifact_unavailable", "The store does not hold what was released, or takes nothing."
)
