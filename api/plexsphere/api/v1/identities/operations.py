"""The operations of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation, Parameter
from plexsphere.api.v1.identities import problems, schemas

TAG: Final = "tenancy"
ALL: Final = "/v1/domains/{domain_id}/identities"

LIST: Final = Operation(
    "ListIdentities",
    "GET",
    ALL,
    "List a Domain's users and service identities, the newest first.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.IdentityList,
    permission="domain#read",
    problems=(problems.INVALID_DOMAIN_ID, problems.INVALID_KIND),
    parameters=(Parameter("kind", "Only these.", {"type": "string", "enum": list(schemas.KINDS)}),),
    paged=True,
)
GET: Final = Operation(
    "GetIdentity",
    "GET",
    ALL + "/{principal_id}",
    "Show an identity.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.IdentityDetail,
    permission="domain#read",
    problems=(problems.INVALID_DOMAIN_ID, problems.INVALID_PRINCIPAL_ID, problems.IDENTITY_NOT_FOUND),
)
CREATE_SERVICE: Final = Operation(
    "CreateServiceIdentity",
    "POST",
    "/v1/domains/{domain_id}/service-identities",
    "Create a service identity.",
    TAG,
    Credential.OPERATOR,
    status=201,
    body=schemas.ServiceIdentityCreate,
    answer=schemas.IdentitySummary,
    headers=("Location",),
    permission="domain#manage",
    problems=(
        problems.INVALID_DOMAIN_ID,
        problems.BODY_TOO_LARGE,
        problems.INVALID_SERVICE_IDENTITY,
        problems.DOMAIN_NOT_FOUND,
        problems.SERVICE_IDENTITY_ALREADY_EXISTS,
    ),
)
