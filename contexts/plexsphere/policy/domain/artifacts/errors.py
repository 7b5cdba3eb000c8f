"""Refusals about artifacts."""

from plexsphere.policy.domain.errors import PolicyError


class InvalidArtifactName(PolicyError):
    """A version, operating system or architecture is not written as such."""


class ReleaseNotFound(PolicyError):
    """Nothing of that name was released, or it was withdrawn."""


class ReleasedOtherwise(PolicyError):
    """Another content was released under the name; a released binary never changes (decision 0046)."""


class ChecksumMismatch(PolicyError):
    """What came is not what the one who sent it said it would be."""


class EmptyArtifact(PolicyError):
    """Nothing came."""


class ArtifactUnavailable(PolicyError):
    """The store does not hold what was released, or cannot take what was sent."""
