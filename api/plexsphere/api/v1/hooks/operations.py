"""The operation of the surface."""

from typing import Final

from plexsphere.api import catalogue
from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.hooks import problems, schemas
from plexsphere.platform.kernel.plexd_hook import PLEXD_HOOK_GVK

UUID: Final = {"type": "string", "format": "uuid"}

LIST: Final = Operation(
    "ListHooks",
    "GET",
    "/v1/hooks",
    f"List the {PLEXD_HOOK_GVK.kind} objects ({PLEXD_HOOK_GVK.api_version}) that agents found, by node and name.",
    "hooks",
    Credential.OPERATOR,
    answer=schemas.HookList,
    permission="platform#read, domain#read on each row",
    problems=(
        catalogue.INVALID_PARAMETER,
        problems.INVALID_CURSOR,
        problems.CURSOR_BINDING_MISMATCH,
        problems.HOOKS_NOT_PROVISIONED,
    ),
    parameters=(
        Parameter("domain_id", "Only this Domain's.", UUID),
        Parameter("project_id", "Only those on nodes of this Project.", UUID),
        Parameter(
            "image_digest_match",
            "Only those whose image is the declared one, or only the others.",
            {"type": "boolean"},
        ),
        Parameter("cursor", "Where to continue: the previous page's `next_cursor`."),
        Parameter(
            "limit",
            "How many rows at most; brought to 1 to 200 where it is not.",
            {"type": "integer", "default": 50},
        ),
    ),
)
