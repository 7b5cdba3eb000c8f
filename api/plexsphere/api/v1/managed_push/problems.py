"""The closed problem set of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.problem import Problem

INVALID_DOMAIN_ID: Final = catalogue.INVALID_DOMAIN_ID
INVALID_PUSH_ID: Final = Problem(
    400, "invalid_push_id", "The push id is not a UUID in its 36-character form."
)
INVALID_BODY: Final = catalogue.INVALID_BODY
INVALID_PARAMETER: Final = catalogue.INVALID_PARAMETER
MANAGED_PUSH_NOT_CONFIGURED: Final = Problem(
    404, "managed_push_not_configured", "No kubeconfig is attached to the Domain."
)
DOMAIN_NOT_FOUND: Final = Problem(404, "domain_not_found", "No such Domain.")
PUSH_NOT_FOUND: Final = Problem(404, "push_not_found", "The Domain has no such push.")
MANAGED_PUSH_DISABLED: Final = Problem(
    409, "managed_push_disabled", "A kubeconfig is attached, and managed push is not enabled."
)
MANAGED_PUSH_CONFLICT: Final = Problem(
    409, "managed_push_conflict", "Somebody else owns what this would change in the cluster."
)
PUSH_ALREADY_ROLLED_BACK: Final = Problem(
    409, "push_already_rolled_back", "The push was rolled back before; that happens once."
)
KUBECONFIG_TOO_LARGE: Final = Problem(413, "kubeconfig_too_large", "The body is larger than 64 KiB.")
KUBECONFIG_INVALID: Final = Problem(422, "kubeconfig_invalid", "The kubeconfig is not one that is accepted.")
PLEXD_HOOK_INVALID: Final = Problem(422, "plexd_hook_invalid", "The PlexdHook breaks a rule.")
MANAGED_PUSH_NOT_PROVISIONED: Final = Problem(
    501, "managed_push_not_provisioned", "This deployment has no wrap key for managed push: it is off."
)
CLUSTER_UNREACHABLE: Final = Problem(
    502, "cluster_unreachable", "The customer cluster did not do what was asked of it."
)
