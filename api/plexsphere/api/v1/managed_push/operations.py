"""The operations of the surface."""

from dataclasses import replace
from typing import Final

from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.managed_push import problems, schemas

# Clients that were generated from the published contract are grouped by either.
TAG: Final = "hooks"
ALSO_TAGGED: Final = ("managed-push",)
TARGET: Final = "/v1/domains/{domain_id}/managed-push"
HOOKS: Final = TARGET + "/hooks"
ONE: Final = HOOKS + "/{push_id}"

GET: Final = Operation(
    "GetManagedPush",
    "GET",
    TARGET,
    "Show the Domain's managed-push target, never its kubeconfig.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.ManagedPushTarget,
    permission="domain#read",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.MANAGED_PUSH_NOT_CONFIGURED,
        problems.MANAGED_PUSH_NOT_PROVISIONED,
    ),
    also_tagged=ALSO_TAGGED,
)
PUT: Final = Operation(
    "PutManagedPush",
    "PUT",
    TARGET,
    "Attach a kubeconfig to the Domain, or put another in its place; opt in or out.",
    TAG,
    Credential.OPERATOR,
    body=schemas.ManagedPushAttachRequest,
    answer=schemas.ManagedPushTarget,
    permission="domain#manage",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.DOMAIN_NOT_FOUND,
        problems.KUBECONFIG_TOO_LARGE,
        problems.KUBECONFIG_INVALID,
        problems.MANAGED_PUSH_NOT_PROVISIONED,
    ),
    also_tagged=ALSO_TAGGED,
)
DELETE: Final = Operation(
    "DeleteManagedPush",
    "DELETE",
    TARGET,
    "Forget the Domain's kubeconfig; what was pushed stays in its cluster.",
    TAG,
    Credential.OPERATOR,
    status=204,
    permission="domain#manage",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.MANAGED_PUSH_NOT_CONFIGURED,
        problems.MANAGED_PUSH_NOT_PROVISIONED,
    ),
    also_tagged=ALSO_TAGGED,
)
PUSH: Final = Operation(
    "PushManagedHook",
    "POST",
    HOOKS,
    "Apply a PlexdHook in the Domain's cluster, and record it.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.ManagedHookPushRequest,
    answer=schemas.ManagedHookPush,
    headers=("Location",),
    permission="domain#manage",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.INVALID_PARAMETER,
        problems.MANAGED_PUSH_NOT_CONFIGURED,
        problems.DOMAIN_NOT_FOUND,
        problems.MANAGED_PUSH_DISABLED,
        problems.MANAGED_PUSH_CONFLICT,
        problems.PLEXD_HOOK_INVALID,
        problems.MANAGED_PUSH_NOT_PROVISIONED,
        problems.CLUSTER_UNREACHABLE,
    ),
    parameters=(
        Parameter(
            "dry_run",
            "Let the cluster judge the push without keeping it: the answer's id is not stored, and has no Location.",
            {"type": "boolean", "default": False},
        ),
    ),
    also_tagged=ALSO_TAGGED,
)
GET_PUSH: Final = Operation(
    "GetManagedHookPush",
    "GET",
    ONE,
    "Show a push.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.ManagedHookPush,
    permission="domain#read",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.INVALID_PUSH_ID,
        problems.PUSH_NOT_FOUND,
        problems.MANAGED_PUSH_NOT_PROVISIONED,
    ),
    also_tagged=ALSO_TAGGED,
)
ROLL_BACK: Final = Operation(
    "RollbackManagedHookPush",
    "POST",
    ONE + ":rollback",
    "Bring back what the push found in the cluster; once.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.ManagedHookPush,
    permission="domain#manage",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.INVALID_PUSH_ID,
        problems.PUSH_NOT_FOUND,
        problems.MANAGED_PUSH_NOT_CONFIGURED,
        problems.PUSH_ALREADY_ROLLED_BACK,
        problems.MANAGED_PUSH_CONFLICT,
        problems.MANAGED_PUSH_NOT_PROVISIONED,
        problems.CLUSTER_UNREACHABLE,
    ),
    also_tagged=ALSO_TAGGED,
)
# Published clients spell it so; a document needs a name of its own for each path.
ROLL_BACK_BY_SEGMENT: Final = replace(
    ROLL_BACK,
    id="RollbackManagedHookPushBySegment",
    path=ONE + "/rollback",
    summary="The same as RollbackManagedHookPush, under the path that published clients use.",
)
