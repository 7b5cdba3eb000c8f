"""What this surface needs from outside, in its own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from plexsphere.api.callers import Caller, Permitted, Verdict
from plexsphere.api.paging import Page, PageRequest


@dataclass(frozen=True, slots=True)
class Triple:
    """Subject, relation and resource as the caller spelt them: `user:<id>`, `member`, `project:<id>`."""

    subject: str
    relation: str
    resource: str


@dataclass(frozen=True, slots=True)
class TupleView:
    """A stored relation."""

    id: UUID
    triple: Triple
    created_at: datetime


class Authz(Protocol):
    """
    The application behind the surface; it gates what only it can look up, and audits every denial of its own.

    Raises:
        AuthorizationAway: nothing can be answered.
    """

    async def check(self, caller: Caller, question: Triple, /) -> Verdict:
        """
        Tell what the subject may; who asks about another must read the resource, else it is out of scope.

        Raises:
            Refusal: invalid_check_request.
        """
        ...

    async def resources(
        self, caller: Caller, subject: str, relation: str, resource_type: str, /
    ) -> Sequence[str]:
        """
        Return on what the subject has the permission, as far as the caller may know.

        Raises:
            Refusal: invalid_lookup_request.
        """
        ...

    async def subjects(
        self, caller: Caller, resource: str, relation: str, subject_type: str, /
    ) -> Sequence[str]:
        """
        Return who has the permission on the resource.

        Raises:
            Refusal: invalid_lookup_request; permission_denied, when the caller does not read the resource.
        """
        ...

    async def page(self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /) -> Page[TupleView]:
        """Return of a page of the Project's tuples those whose object the caller reads."""
        ...

    async def create(self, permitted: Permitted, project_id: UUID, triple: Triple, /) -> TupleView:
        """
        Make the triple hold.

        Raises:
            Refusal: invalid_relation_tuple, project_not_found; permission_denied, when the caller does not manage
                the triple's own object.
        """
        ...

    async def replace(self, caller: Caller, tuple_id: UUID, triple: Triple, /) -> TupleView:
        """
        Let the tuple hold another triple.

        Raises:
            Refusal: invalid_relation_tuple; relation_tuple_not_found, also for one whose object the caller does
                not manage; permission_denied, when he does not manage the new one's.
        """
        ...

    async def remove(self, caller: Caller, tuple_id: UUID, /) -> None:
        """
        Forget the tuple.

        Raises:
            Refusal: relation_tuple_not_found, also for one whose object the caller does not manage.
        """
        ...
