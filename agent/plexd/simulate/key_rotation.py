"""A new key pair when the control plane asks for one (plexd.md, Phase 4)."""

from plexd.protocol.client.persistence import persistently
from plexd.protocol.keys.key_pair import KeyPair
from plexd.simulate.member import Member


async def rotate_keys(member: Member) -> None:
    """
    Replace the key pair and the pair keys of all peers.

    The same new key is offered until it is taken: after a lost answer the control plane may hold it already.
    """
    with member.attempt():
        fresh = KeyPair.generate()
        told = await persistently(lambda: member.channel.rotate_keys(fresh.public_key), member.timing)
        member.key_pair = fresh
        member.knowledge.view.upsert(told.updated_peers)
        member.counters.rotations += 1
        member.changed()
