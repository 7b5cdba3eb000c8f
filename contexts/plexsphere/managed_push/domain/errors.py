"""The closed error set of managed push; an error carries ids and faults, never a document."""

from enum import IntEnum, StrEnum
from uuid import UUID


class ManagedPushError(Exception):
    """Base of every error this context lets escape."""


class OfDomain(ManagedPushError):
    """An error that names a Domain."""

    def __init__(self, domain_id: UUID) -> None:
        super().__init__(str(domain_id))
        self.domain_id = domain_id


class OfPush(ManagedPushError):
    """An error that names a push."""

    def __init__(self, push_id: UUID) -> None:
        super().__init__(str(push_id))
        self.push_id = push_id


class NotConfigured(OfDomain):
    """The Domain has no target."""


class Disabled(OfDomain):
    """The Domain has a target, and did not opt in."""


class DomainNotFound(OfDomain):
    """No Domain has this id."""


class PushNotFound(OfPush):
    """The Domain has no push of this id."""


class AlreadyRolledBack(OfPush):
    """The push was rolled back before; that happens once."""


class SpecFault(StrEnum):
    """What is wrong with a PlexdHook's spec."""

    NAMESPACE = "namespace"
    NAME = "name"
    IMAGE_DIGEST = "image_digest"
    PARAMETERS = "parameters"
    TIMEOUT_SECONDS = "timeout_seconds"


class SpecInvalid(ManagedPushError):
    """A PlexdHook's spec broke a rule; `fault` names the field."""

    def __init__(self, fault: SpecFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Arm(IntEnum):
    """The rejection arms of a kubeconfig, in the order in which they are tried (managed-push.md)."""

    UNPARSEABLE_DOCUMENT = 1
    CURRENT_CONTEXT_NOT_SET = 2
    CURRENT_CONTEXT_DOES_NOT_RESOLVE = 3
    INSECURE_SKIP_TLS_VERIFY = 4
    NON_HTTPS_SERVER = 5
    CERTIFICATE_AUTHORITY_FILE = 6
    PROXY_URL = 7
    EXEC_PLUGIN = 8
    AUTH_PROVIDER = 9
    TOKEN_FILE = 10
    CLIENT_CERTIFICATE_FILE = 11
    CLIENT_KEY_FILE = 12
    NO_USABLE_CONFIG = 13


class KubeconfigInvalid(ManagedPushError):
    """A kubeconfig was refused; `arm` says by which rule, and nothing quotes the document."""

    def __init__(self, arm: Arm) -> None:
        super().__init__(arm.name.lower())
        self.arm = arm


class SealerMisconfigured(ManagedPushError):
    """A wrap key is not exactly 32 bytes long."""


class WrapKeyMismatch(ManagedPushError):
    """No wrap key of the ring is the one that the deployment's credentials are sealed under."""


class ClusterConflict(ManagedPushError):
    """Another manager owns what a write would touch, or the object is no longer the one that was pushed."""


class ClusterUnreachable(ManagedPushError):
    """The cluster did not do what was asked: it was not reached, not trusted, too late, or refused."""


class StaleCapture(ClusterUnreachable):
    """The object changed between its capture and the write: nothing was written."""


class WriteRefused(ClusterUnreachable):
    """The cluster refused a write for good: nothing was written. `is_invalid` when its schema forbids the object."""

    def __init__(self, *, is_invalid: bool = False) -> None:
        super().__init__("refused")
        self.is_invalid = is_invalid


class OutcomeUnsure(ClusterUnreachable):
    """
    A write was sent, and nobody knows what became of it.

    `is_over` where the cluster did answer, in a way that says nothing: it does no more about it then.
    """

    def __init__(self, *, is_over: bool = False) -> None:
        super().__init__("unsure")
        self.is_over = is_over
