"""The demands that the tuple use cases make on their caller."""

from plexsphere.identity.domain.authorization_errors import Denial, PermissionDenied, PromotionRefused
from plexsphere.identity.domain.schema import MANAGE
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.platform.kernel.subjects import Reference


async def require(authorizer: Authorizer, caller: Reference, permission: str, resource: Reference) -> None:
    """Raise `PermissionDenied` unless the caller has the permission."""
    denial = await denied(authorizer, caller, permission, resource)
    if denial is not None:
        raise PermissionDenied(denial)


async def require_no_promotion(authorizer: Authorizer, caller: Reference, resource: Reference) -> None:
    """
    Raise `PromotionRefused` unless the caller manages the object that a tuple is about (design D12).

    Managing the project that lists the tuple is not enough: a tuple may name the Domain above it.
    """
    denial = await denied(authorizer, caller, MANAGE, resource)
    if denial is not None:
        raise PromotionRefused(denial)


async def denied(
    authorizer: Authorizer, caller: Reference, permission: str, resource: Reference
) -> Denial | None:
    """Return how the caller was refused, or None when he was not."""
    decision = await authorizer.check(caller, permission, resource)
    return None if decision.allowed else Denial(caller, permission, resource, decision)
