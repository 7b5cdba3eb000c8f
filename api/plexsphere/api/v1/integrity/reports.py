"""What agents found, read from the two forms in which they tell it."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Refusal
from plexsphere.api.v1.integrity import problems
from plexsphere.api.v1.integrity.schemas import FieldReport, ReportedHere, ViolationsReport
from plexsphere.api.v1.integrity.wiring import ReportedViolation

MOST: Final = 128
LONGEST_DETAIL: Final = 1024
HOST_KEY: Final = "ssh_host_key"
KIND_OF: Final[Mapping[str, str]] = {
    "binary_checksum": "binary",
    "hook_checksum": "hook",
    HOST_KEY: "host_key",
}
FIELD_KINDS: Final = frozenset({"binary", "hook"})
DETECTIONS: Final = frozenset({"startup_scan", "inotify", "pre_dispatch"})
# Agents that report one thing at a time do not say how they came upon it.
BY_AN_AGENT: Final = "agent"
HEX: Final = re.compile(r"(?:sha256:)?([0-9a-f]{64})", re.ASCII)
FINGERPRINT: Final = re.compile(r"SHA256:[A-Za-z0-9+/]{43}=?", re.ASCII)
DIGEST_BYTES: Final = 32


def reported(body: ViolationsReport) -> list[ReportedViolation]:
    """
    Return what a report names.

    Raises:
        Refusal: `integrity_violations_empty`, `integrity_violations_too_many` or what is wrong with one of them.
    """
    if not body.violations:
        raise Refusal(problems.EMPTY)
    if len(body.violations) > MOST:
        raise Refusal(problems.TOO_MANY)
    return [_reported(each) for each in body.violations]


def field_reported(body: FieldReport) -> ReportedViolation:
    """
    Return what an agent in the field found; its checksums are kept as they came.

    Raises:
        Refusal: `invalid_body`.
    """
    if body.type not in FIELD_KINDS or not body.path:
        raise Refusal(catalogue.INVALID_BODY, "type is binary or hook, and path says what it is of")
    return ReportedViolation(
        body.type,
        body.path,
        BY_AN_AGENT,
        body.expected_checksum or "",
        body.actual_checksum or "",
        (body.detail or "")[:LONGEST_DETAIL],
    )


def _reported(found: ReportedHere) -> ReportedViolation:
    if found.kind not in KIND_OF:
        raise Refusal(problems.KIND_INVALID)
    if found.detected_by not in DETECTIONS:
        raise Refusal(problems.DETECTED_BY_INVALID)
    if not found.artifact_id:
        raise Refusal(problems.ARTIFACT_ID_EMPTY)
    expected, observed = _host_key(found) if found.kind == HOST_KEY else _checksums(found)
    return ReportedViolation(KIND_OF[found.kind], found.artifact_id, found.detected_by, expected, observed)


def _checksums(found: ReportedHere) -> tuple[str, str]:
    if found.expected_fingerprint or found.observed_fingerprint:
        raise Refusal(problems.KIND_MISMATCH)
    return _digest(found.expected_checksum or ""), _digest(found.observed_checksum or "")


def _host_key(found: ReportedHere) -> tuple[str, str]:
    if found.expected_checksum or found.observed_checksum:
        raise Refusal(problems.KIND_MISMATCH)
    fingerprints = found.expected_fingerprint or "", found.observed_fingerprint or ""
    if any(text and FINGERPRINT.fullmatch(text) is None for text in fingerprints):
        raise Refusal(problems.FINGERPRINT_INVALID)
    return fingerprints


def _digest(text: str) -> str:
    if not text:
        return ""
    spelled = HEX.fullmatch(text)
    return f"sha256:{spelled[1] if spelled else _octets(text).hex()}"


def _octets(text: str) -> bytes:
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(problems.CHECKSUM_INVALID) from None
    if len(octets) != DIGEST_BYTES:
        raise Refusal(problems.CHECKSUM_INVALID)
    return octets
