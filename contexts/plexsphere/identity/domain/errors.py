"""The closed error set of identity: tenancy and credentials. They name fields and ids, never values."""

from collections.abc import Mapping


class IdentityError(Exception):
    """Base of every error this context lets escape."""


class InvalidDomain(IdentityError):
    """A field of a Domain broke its rule; the argument names the field."""


class InvalidReachabilityPolicy(IdentityError):
    """The intervals of a reachability policy do not fit together; the argument names the field."""


class DomainSlugConflict(IdentityError):
    """Another Domain has this slug."""


class DomainNotFound(IdentityError):
    """No Domain has this id."""


class DomainNotEmpty(IdentityError):
    """The Domain still holds something; `child_counts` says how much of what."""

    def __init__(self, child_counts: Mapping[str, int]) -> None:
        super().__init__(dict(child_counts))
        self.child_counts = dict(child_counts)


class MeshRangeInUse(IdentityError):
    """Addresses given out of the old mesh range lie outside the new one."""


class InvalidProject(IdentityError):
    """A field of a Project broke its rule; the argument names the field."""


class ProjectSlugConflict(IdentityError):
    """Another Project of the Domain has this slug."""


class ParentDomainMissing(IdentityError):
    """A Project was to be made in a Domain that does not exist."""


class ProjectNotFound(IdentityError):
    """No Project has this id."""


class ProjectNotEmpty(IdentityError):
    """The Project still holds something; `child_counts` says how much of what."""

    def __init__(self, child_counts: Mapping[str, int]) -> None:
        super().__init__(dict(child_counts))
        self.child_counts = dict(child_counts)


class SlugImmutable(IdentityError):
    """A slug never changes after creation."""


class EmptyPatch(IdentityError):
    """A patch named nothing to change."""


class InvalidServiceIdentity(IdentityError):
    """A field of a service identity broke its rule; the argument names the field."""


class ServiceIdentityAlreadyExists(IdentityError):
    """Another principal of the Domain has this external subject."""


class IdentityNotFound(IdentityError):
    """No principal has this id here."""


class InvalidApiToken(IdentityError):
    """A term of a new API token broke its rule; the argument names the field."""


class TooManyApiTokens(IdentityError):
    """The principal holds as many live API tokens as one may."""


class ApiTokenNotFound(IdentityError):
    """The principal has no such API token that could still be used."""


class InvalidBootstrapToken(IdentityError):
    """A term of a new bootstrap token broke its rule; the argument names the field."""


class BootstrapTokenNotFound(IdentityError):
    """The Project has no bootstrap token of this id."""


class BootstrapTokenSpent(IdentityError):
    """The bootstrap token was consumed or revoked before."""


class TokenInvalid(IdentityError):
    """
    A bootstrap token admits nobody.

    Unknown, malformed, expired, used and revoked all look like this, so that nobody learns which.
    """


class CredentialRefused(IdentityError):
    """A bearer proves no living principal; it never says why."""


class NodeIdentityNotFound(IdentityError):
    """The node has no identity in the state that was asked for."""


class WrapKeyMismatch(IdentityError):
    """The wrap key is not the one that sealed what is in the store (design D11)."""


class SigningKeyMissing(IdentityError):
    """The deployment has no current signing key yet."""
