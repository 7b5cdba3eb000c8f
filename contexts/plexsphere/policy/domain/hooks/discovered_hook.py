"""Discovered hooks: a projection of PlexdHook objects, read from announcements alone (design D29, D31)."""

from dataclasses import dataclass

from plexsphere.policy.domain.hooks.digest import canonical, is_canonical
from plexsphere.policy.domain.hooks.manifest import Manifest, SeenHook
from plexsphere.policy.domain.hooks.sandbox import CRD


@dataclass(frozen=True, slots=True)
class DiscoveredHook:
    """A hook that an agent found, and whether its image is the one that the manifest declares."""

    name: str
    image_digest: str
    image_digest_match: bool

    @property
    def is_listed(self) -> bool:
        """Tell whether the digest can be shown; any other text is only kept."""
        return is_canonical(self.image_digest)


def discovered(manifest: Manifest) -> list[DiscoveredHook]:
    """
    Return what was found, each name once; what is declared counts as found where nothing apart is told of that.

    Of several of one name, in several namespaces perhaps, one that is not what is declared counts: it may be what runs.
    """
    declared: dict[str, str] = {}
    for hook in manifest.hooks:
        if hook.definition.source == CRD:
            declared.setdefault(hook.definition.name, canonical(hook.definition.checksum))
    seen = _all_of(declared) if manifest.seen is None else manifest.seen
    found: dict[str, DiscoveredHook] = {}
    for each in seen:
        digest = canonical(each.image_digest)
        is_match = declared.get(each.name) == digest
        if each.name not in found or (found[each.name].image_digest_match and not is_match):
            found[each.name] = DiscoveredHook(each.name, digest, is_match)
    return list(found.values())


def _all_of(declared: dict[str, str]) -> tuple[SeenHook, ...]:
    return tuple(SeenHook(name, digest) for name, digest in declared.items())
