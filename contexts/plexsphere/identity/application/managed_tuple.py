"""Finding a tuple by its id without telling strangers whether it is there."""

from plexsphere.identity.application.permission_gate import denied
from plexsphere.identity.domain.authorization_errors import RelationTupleNotFound
from plexsphere.identity.domain.relation_tuple import RelationTuple, TupleId
from plexsphere.identity.domain.schema import MANAGE, Schema
from plexsphere.identity.ports.authorizer import Authorizer
from plexsphere.identity.ports.relation_tuples import RelationTuples
from plexsphere.platform.kernel.subjects import Reference


async def managed_tuple(
    tuples: RelationTuples, authorizer: Authorizer, schema: Schema, caller: Reference, tuple_id: TupleId
) -> RelationTuple:
    """
    Return the tuple, one that an operator could have written and whose object the caller manages.

    Raises:
        RelationTupleNotFound: there is none; with `denial` set when there is one that he does not manage.
    """
    found = await tuples.get(tuple_id)
    if found is None or schema.is_structural(found.triple):
        raise RelationTupleNotFound(tuple_id)
    denial = await denied(authorizer, caller, MANAGE, found.triple.object)
    if denial is not None:
        raise RelationTupleNotFound(tuple_id, denial)
    return found
