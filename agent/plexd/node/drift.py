"""The difference between what a node had and what it should have (plexd.md, Reconciliation Details)."""

from collections.abc import Iterator, Mapping

from plexd.node.view import View
from plexd.protocol.messages.state import Correction


def drift(had: View, has: View) -> tuple[Correction, ...]:
    """Return one correction per peer and policy that differs, and one per other part that does."""
    return (
        *_members("peer", had.peers, has.peers),
        *_members("policy", had.policies, has.policies),
        *_parts(had, has),
    )


def _members(noun: str, had: Mapping[str, object], has: Mapping[str, object]) -> Iterator[Correction]:
    for member in sorted(had.keys() | has.keys()):
        if member not in had:
            yield Correction(f"{noun}_added", f"{noun} {member} was missing")
        elif member not in has:
            yield Correction(f"{noun}_removed", f"{noun} {member} was stale")
        elif had[member] != has[member]:
            yield Correction(f"{noun}_updated", f"{noun} {member} differed")


def _parts(had: View, has: View) -> Iterator[Correction]:
    if had.signing_keys != has.signing_keys:
        yield Correction("signing_keys_updated", "signing keys differed")
    if had.metadata != has.metadata:
        yield Correction("metadata_updated", "metadata differed")
    if had.data != has.data:
        yield Correction("data_updated", "data entries differed")
    if had.secrets != has.secrets:
        yield Correction("secret_refs_updated", "secret references differed")
