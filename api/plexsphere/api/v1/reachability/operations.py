"""The operations of the surface."""

from typing import Final

from plexsphere.api.operation import Credential, Operation
from plexsphere.api.v1.reachability import problems, schemas

TAG: Final = "mesh"
OF_DOMAIN: Final = "/v1/domains/{domain_id}/reachability"

GET: Final = Operation(
    "GetDomainReachability",
    "GET",
    OF_DOMAIN,
    "Show who of a Domain is reachable, and whether the guard over mass departures holds.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.DomainReachability,
    permission="domain#read",
    problems=(problems.INVALID_DOMAIN_ID, problems.DOMAIN_NOT_FOUND),
)
CONFIRM: Final = Operation(
    "ConfirmDomainDepartures",
    "POST",
    f"{OF_DOMAIN}/confirm",
    "Confirm that the withheld nodes, and those leaving within one interval, are gone: their peers remove them.",
    TAG,
    Credential.OPERATOR,
    answer=schemas.DomainReachability,
    permission="domain#manage",
    problems=(problems.INVALID_DOMAIN_ID, problems.DOMAIN_NOT_FOUND),
)
