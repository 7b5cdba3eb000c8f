"""The operations of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation
from plexsphere.api.v1.domains import problems, schemas

TAG: Final = "tenancy"
ALL: Final = "/v1/domains"
ONE: Final = "/v1/domains/{domain_id}"

CREATE: Final = Operation(
    "CreateDomain",
    "POST",
    ALL,
    "Create a Domain.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.DomainCreate,
    answer=schemas.Domain,
    headers=("Location",),
    permission="platform#manage",
    problems=(
        problems.BODY_TOO_LARGE,
        problems.INVALID_DOMAIN,
        problems.INVALID_REACHABILITY_POLICY,
        problems.DOMAIN_SLUG_CONFLICT,
    ),
)
LIST: Final = Operation(
    "ListDomains",
    "GET",
    ALL,
    "List the Domains the caller may read, by slug.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.DomainList,
    permission="domain#read on each row",
    paged=True,
)
GET: Final = Operation(
    "GetDomain",
    "GET",
    ONE,
    "Show a Domain.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.Domain,
    permission="domain#read",
    problems=(problems.INVALID_DOMAIN_ID, problems.DOMAIN_NOT_FOUND),
)
PATCH: Final = Operation(
    "PatchDomain",
    "PATCH",
    ONE,
    "Change what the patch names.",
    TAG,
    Credential.OPERATOR,
    body=schemas.DomainPatch,
    answer=schemas.Domain,
    permission="domain#manage",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.BODY_TOO_LARGE,
        problems.INVALID_DOMAIN,
        problems.INVALID_REACHABILITY_POLICY,
        problems.SLUG_IMMUTABLE,
        problems.EMPTY_PATCH,
        problems.DOMAIN_NOT_FOUND,
        problems.MESH_RANGE_IN_USE,
    ),
)
DELETE: Final = Operation(
    "DeleteDomain",
    "DELETE",
    ONE,
    "Remove an empty Domain.",
    TAG,
    Credential.OPERATOR,
    status=204,
    permission="domain#manage",
    problems=(problems.INVALID_DOMAIN_ID, problems.DOMAIN_NOT_FOUND, problems.DOMAIN_NOT_EMPTY),
)
