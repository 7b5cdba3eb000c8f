"""The surface of authorization, answered by identity."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from plexsphere.api.callers import Caller, Denials, Permitted, Verdict
from plexsphere.api.gate import deny
from plexsphere.api.paging import Page, PageRequest
from plexsphere.api.problem import Problem, Refusal
from plexsphere.api.v1.authz import problems
from plexsphere.api.v1.authz.wiring import Triple, TupleView
from plexsphere.composition.bridges.identity_errors import ProblemOf, translated
from plexsphere.composition.bridges.permissions import verdict
from plexsphere.identity.application.check_permission import CheckPermission
from plexsphere.identity.application.create_relation_tuple import CreateRelationTuple
from plexsphere.identity.application.delete_relation_tuple import DeleteRelationTuple
from plexsphere.identity.application.list_relation_tuples import ListRelationTuples
from plexsphere.identity.application.lookup_resources import LookupResources
from plexsphere.identity.application.lookup_subjects import LookupSubjects
from plexsphere.identity.application.patch_relation_tuple import PatchRelationTuple
from plexsphere.identity.domain import authorization_errors as errors
from plexsphere.identity.domain.errors import IdentityError, ProjectNotFound
from plexsphere.identity.domain.relation_tuple import RelationTuple, TupleId
from plexsphere.identity.domain.relation_tuple import Triple as ParsedTriple
from plexsphere.platform.kernel.ids import ProjectId
from plexsphere.platform.kernel.subjects import Reference

CHECK_PROBLEM_OF: Final[Mapping[type[IdentityError], Problem]] = {
    errors.InvalidRelationTuple: problems.INVALID_CHECK_REQUEST,
    errors.UnknownObjectType: problems.INVALID_CHECK_REQUEST,
    errors.UnknownPermission: problems.INVALID_CHECK_REQUEST,
}
LOOKUP_PROBLEM_OF: Final[Mapping[type[IdentityError], Problem]] = {
    errors.UnknownObjectType: problems.INVALID_LOOKUP_REQUEST,
    errors.UnknownPermission: problems.INVALID_LOOKUP_REQUEST,
}
TUPLE_PROBLEM_OF: Final[Mapping[type[IdentityError], Problem]] = {
    errors.InvalidRelationTuple: problems.INVALID_RELATION_TUPLE,
    errors.RelationTupleNotFound: problems.RELATION_TUPLE_NOT_FOUND,
    ProjectNotFound: problems.PROJECT_NOT_FOUND,
}


@dataclass(frozen=True, slots=True)
class AuthzBridge:
    """Answers the port `Authz`; the use cases write their own audit rows, denials go where the gate's go."""

    denials: Denials
    check_permission: CheckPermission
    lookup_resources: LookupResources
    lookup_subjects: LookupSubjects
    list_relation_tuples: ListRelationTuples
    create_relation_tuple: CreateRelationTuple
    patch_relation_tuple: PatchRelationTuple
    delete_relation_tuple: DeleteRelationTuple

    async def check(self, caller: Caller, question: Triple, /) -> Verdict:
        with translated(CHECK_PROBLEM_OF):
            asked = _parsed(question)
            decision = await self.check_permission(
                caller.subject, asked.subject, asked.relation, asked.object
            )
        return verdict(decision)

    async def resources(
        self, caller: Caller, subject: str, relation: str, resource_type: str, /
    ) -> Sequence[str]:
        with translated(LOOKUP_PROBLEM_OF):
            found = await self.lookup_resources(caller.subject, _reference(subject), relation, resource_type)
        return [str(each) for each in found]

    async def subjects(
        self, caller: Caller, resource: str, relation: str, subject_type: str, /
    ) -> Sequence[str]:
        async with self._gated(caller, "authz.lookup_subjects", LOOKUP_PROBLEM_OF):
            found = await self.lookup_subjects(caller.subject, _reference(resource), relation, subject_type)
        return [str(each) for each in found]

    async def page(self, permitted: Permitted, project_id: UUID, wanted: PageRequest, /) -> Page[TupleView]:
        caller = permitted.caller
        after = TupleId(UUID(wanted.position)) if wanted.position else None
        async with self._gated(caller, permitted.relation, TUPLE_PROBLEM_OF):
            page = await self.list_relation_tuples(caller.subject, ProjectId(project_id), after, wanted.limit)
        return Page(tuple(map(_view, page.items)), str(page.next_after or ""))

    async def create(self, permitted: Permitted, project_id: UUID, triple: Triple, /) -> TupleView:
        caller = permitted.caller
        async with self._gated(caller, permitted.relation, TUPLE_PROBLEM_OF):
            kept = await self.create_relation_tuple(caller.subject, ProjectId(project_id), _parsed(triple))
        return _view(kept)

    async def replace(self, caller: Caller, tuple_id: UUID, triple: Triple, /) -> TupleView:
        async with self._gated(caller, "relation_tuple.replace", TUPLE_PROBLEM_OF):
            after = await self.patch_relation_tuple(caller.subject, TupleId(tuple_id), _parsed(triple))
        return _view(after)

    async def remove(self, caller: Caller, tuple_id: UUID, /) -> None:
        async with self._gated(caller, "relation_tuple.delete", TUPLE_PROBLEM_OF):
            await self.delete_relation_tuple(caller.subject, TupleId(tuple_id))

    @asynccontextmanager
    async def _gated(self, caller: Caller, relation: str, problem_of: ProblemOf) -> AsyncGenerator[None]:
        with translated(problem_of):
            try:
                yield
            except errors.PermissionDenied as error:
                await self._write(caller, relation, error.denial)
                deny(verdict(error.denial.decision))
            except errors.RelationTupleNotFound as error:
                # One that the caller must not know of is answered like none, but the attempt is written down.
                if error.denial is not None:
                    await self._write(caller, relation, error.denial)
                raise

    async def _write(self, caller: Caller, relation: str, denial: errors.Denial) -> None:
        await self.denials.denied(caller, relation, denial.permission, denial.resource)


def _parsed(triple: Triple) -> ParsedTriple:
    return ParsedTriple.parse(triple.subject, triple.relation, triple.resource)


def _reference(text: str) -> Reference:
    try:
        return Reference.parse(text)
    except ValueError:
        raise Refusal(problems.INVALID_LOOKUP_REQUEST) from None


def _view(stored: RelationTuple) -> TupleView:
    triple = stored.triple
    texts = Triple(str(triple.subject), triple.relation, str(triple.object))
    return TupleView(stored.id, texts, stored.created_at)
