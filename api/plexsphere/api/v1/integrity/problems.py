"""The closed problem sets of the surface: operators' and nodes'."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_VIOLATION_ID: Final = Problem(
    400, "invalid_integrity_violation_id", "The violation id is not a UUID in its 36-character form."
)
INVALID_REASON: Final = Problem(
    400, "invalid_acknowledge_reason", "The reason is a text of 1 to 1024 characters, not of spaces alone."
)
VIOLATION_NOT_FOUND: Final = Problem(404, "integrity_violation_not_found", "No such integrity violation.")
ILLEGAL_TRANSITION: Final = Problem(409, "illegal_transition", "Only an open violation can be acknowledged.")

MALFORMED: Final = Problem(
    400, "malformed_integrity_violations_request", "The body is no report of integrity violations."
)
EMPTY: Final = Problem(400, "integrity_violations_empty", "The report holds no violation.")
KIND_INVALID: Final = Problem(
    400,
    "integrity_violation_kind_invalid",
    "A violation's kind is none of binary_checksum, hook_checksum and ssh_host_key.",
)
KIND_MISMATCH: Final = Problem(
    400,
    "integrity_violation_kind_mismatch",
    "Fingerprints are of host keys, and checksums of everything else.",
)
DETECTED_BY_INVALID: Final = Problem(
    400,
    "integrity_violation_detected_by_invalid",
    "A violation's detected_by is none of startup_scan, inotify and pre_dispatch.",
)
ARTIFACT_ID_EMPTY: Final = Problem(
    400, "integrity_violation_artifact_id_empty", "A violation does not say what it is of."
)
CHECKSUM_INVALID: Final = Problem(
    400,
    "integrity_violation_checksum_invalid",
    "A checksum is no SHA-256 in base64 or in lower-case hexadecimal.",
)
FINGERPRINT_INVALID: Final = Problem(
    400,
    "integrity_violation_host_key_fingerprint_invalid",
    "A fingerprint is not SHA256: and 43 characters of base64.",
)
BODY_TOO_LARGE: Final = Problem(413, "integrity_violations_body_too_large", "The body is larger than 32 KiB.")
TOO_MANY: Final = Problem(413, "integrity_violations_too_many", "The report holds more than 128 violations.")

OF_EVERY_REPORT: Final = (catalogue.INVALID_NODE_ID, catalogue.NODE_NOT_FOUND, BODY_TOO_LARGE)
