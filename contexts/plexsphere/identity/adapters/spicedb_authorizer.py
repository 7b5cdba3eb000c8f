"""The authorizer over SpiceDB."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager

from authzed.api.v1 import (
    LookupResourcesRequest,
    LookupResourcesResponse,
    LookupSubjectsRequest,
    LookupSubjectsResponse,
    SubjectReference,
)
from authzed.api.v1.permission_service_pb2 import LOOKUP_PERMISSIONSHIP_HAS_PERMISSION

from plexsphere.identity.adapters.spicedb_checks import check_all, check_item
from plexsphere.identity.adapters.spicedb_client import (
    DEADLINE_SECONDS,
    FULLY_CONSISTENT,
    SpiceDbClient,
    object_reference,
    zed_type,
)
from plexsphere.identity.domain.authorization_errors import AuthzUnavailable
from plexsphere.identity.domain.decision import Decision, Reason
from plexsphere.identity.domain.inquiry import Inquiry
from plexsphere.identity.domain.schema import Schema
from plexsphere.platform.kernel.subjects import Reference


class SpiceDbAuthorizer:
    """
    Asks the engine, fully consistent, and believes nothing but a plain yes (see `Authorizer`).

    What it answers is as fresh as the mirror: wrap it in a `MirroredAuthorizer`.
    """

    def __init__(self, client: SpiceDbClient, schema: Schema) -> None:
        self._client = client
        self._schema = schema

    async def check(self, subject: Reference, permission: str, resource: Reference, /) -> Decision:
        """Return whether the subject has the permission on the object."""
        [decision] = await self.check_many(subject, permission, [resource])
        if decision.reason is Reason.UNKNOWN:
            raise AuthzUnavailable
        return decision

    async def check_many(
        self, subject: Reference, permission: str, resources: Sequence[Reference], /
    ) -> list[Decision]:
        """Return one decision an object, in their order."""
        inquiry = Inquiry.about(self._schema, subject, permission, resources)
        questions = inquiry.questions
        items = [check_item(subject, question.permission, question.resource) for question in questions]
        async with _bounded():
            answers = await check_all(self._client, items)
        paired = zip(questions, answers, strict=True)
        return inquiry.decisions({question: answer for question, answer in paired if answer is not None})

    async def lookup_resources(
        self, subject: Reference, permission: str, resource_type: str, limit: int, /
    ) -> list[Reference]:
        """Return objects on which the subject has the permission."""
        self._schema.require_type(subject.type)
        self._schema.require_known(resource_type, permission)
        request = LookupResourcesRequest(
            consistency=FULLY_CONSISTENT,
            resource_object_type=zed_type(resource_type),
            permission=permission,
            subject=SubjectReference(object=object_reference(subject)),
            optional_limit=limit,
        )
        answers: AsyncGenerator[LookupResourcesResponse]
        answers = self._client.stream(lambda stubs: stubs.LookupResources, request)
        return await _collected(resource_type, _resource_ids(answers), limit)

    async def lookup_subjects(
        self, resource: Reference, permission: str, subject_type: str, limit: int, /
    ) -> list[Reference]:
        """Return subjects that have the permission on the object."""
        self._schema.require_type(subject_type)
        self._schema.require_known(resource.type, permission)
        request = LookupSubjectsRequest(
            consistency=FULLY_CONSISTENT,
            resource=object_reference(resource),
            permission=permission,
            subject_object_type=zed_type(subject_type),
        )
        answers: AsyncGenerator[LookupSubjectsResponse]
        answers = self._client.stream(lambda stubs: stubs.LookupSubjects, request)
        return await _collected(subject_type, _subject_ids(answers), limit)


async def _resource_ids(answers: AsyncGenerator[LookupResourcesResponse]) -> AsyncGenerator[str]:
    async with aclosing(answers):
        async for answer in answers:
            if answer.permissionship == LOOKUP_PERMISSIONSHIP_HAS_PERMISSION:
                yield answer.resource_object_id


async def _subject_ids(answers: AsyncGenerator[LookupSubjectsResponse]) -> AsyncGenerator[str]:
    async with aclosing(answers):
        async for answer in answers:
            if answer.subject.permissionship == LOOKUP_PERMISSIONSHIP_HAS_PERMISSION:
                yield answer.subject.subject_object_id


async def _collected(kind: str, ids: AsyncGenerator[str], limit: int) -> list[Reference]:
    """Return the references whole; a stream that breaks off, or an id that is none, makes no shorter answer."""
    found: dict[Reference, None] = {}
    async with _bounded(), aclosing(ids):
        async for name in ids:
            found[_reference(kind, name)] = None
            if len(found) == limit:
                break
    return list(found)


def _reference(kind: str, name: str) -> Reference:
    try:
        return Reference(kind, name)
    except ValueError as error:
        raise AuthzUnavailable from error


@asynccontextmanager
async def _bounded() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            yield
    except TimeoutError as error:
        raise AuthzUnavailable from error
