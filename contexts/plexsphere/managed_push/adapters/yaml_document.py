"""
YAML taken event by event (hardening C16, H23).

PyYAML's loaders resolve aliases and merge keys, let the last of two equal keys win, and compute numbers of any length:
a document of a few hundred octets holds them for seconds, and hides from one reader what another one sees. So nothing
of that gets as far as a value here, and no loader of PyYAML ever makes one.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import yaml
from yaml.events import (
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from plexsphere.managed_push.domain.errors import Arm, KubeconfigInvalid

MAX_OCTETS: Final = 65_536
MAX_DEPTH: Final = 16
MAX_EVENTS: Final = 5_000

BYTE_ORDER_MARK: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
MERGE_KEY: Final = "<<"

# A number or a date is neither text nor truth: no rule takes it, so its value is never computed.
NEITHER_TEXT_NOR_TRUTH: Final = object()

_TAG: Final = "tag:yaml.org,2002:"
_TRUTH: Final = frozenset({"true", "yes", "on"})


def parse(octets: bytes) -> object:
    """
    Return what one document holds: dict, list, str, bool, None, or `NEITHER_TEXT_NOR_TRUTH`.

    Raises:
        KubeconfigInvalid: arm 1: no UTF-8, no YAML, more than one document, beyond a limit, an alias, an anchor, a
            tag, a directive, a merge key, a key that is no scalar, or one key twice.
    """
    if len(octets) <= MAX_OCTETS:
        with suppress(yaml.YAMLError, UnicodeError):
            return _composed(yaml.parse(_text(octets), Loader=yaml.CSafeLoader))
    # Raised out here, since the parser's error quotes lines of the document.
    raise _refusal()


def _text(octets: bytes) -> str:
    text = octets.decode("utf-8", "strict")
    if text.startswith(BYTE_ORDER_MARK):
        raise _refusal()
    return text


class _Sequence:
    """A list that is being filled."""

    def __init__(self) -> None:
        self.value: list[object] = []

    def add(self, value: object) -> None:
        self.value.append(value)


class _Mapping:
    """A dict that is being filled; a key waits for its value."""

    def __init__(self) -> None:
        self.value: dict[str, object] = {}
        self._key: str | None = None

    def takes_for_key(self, event: Event) -> bool:
        if self._key is not None:
            return False
        if not isinstance(event, ScalarEvent) or event.value == MERGE_KEY or event.value in self.value:
            raise _refusal()
        self._key = event.value
        return True

    def add(self, value: object) -> None:
        assert self._key is not None
        self.value[self._key] = value
        self._key = None


class _Composition:
    """What the events so far come to; the outermost list holds the documents."""

    def __init__(self) -> None:
        self._documents = _Sequence()
        self._open: list[_Sequence | _Mapping] = [self._documents]
        self._resolver = yaml.resolver.Resolver()

    def take(self, event: Event) -> None:
        if isinstance(event, CollectionEndEvent):
            self._open.pop()
        elif isinstance(event, DocumentStartEvent):
            _demand(not self._documents.value)
        elif isinstance(event, NodeEvent):
            self._take_node(event)

    def whole(self) -> object:
        _demand(len(self._documents.value) == 1)
        return self._documents.value[0]

    def _take_node(self, event: NodeEvent) -> None:
        innermost = self._open[-1]
        if isinstance(innermost, _Mapping) and innermost.takes_for_key(event):
            return
        if isinstance(event, ScalarEvent):
            innermost.add(self._scalar(event))
        else:
            self._enter(_Mapping() if isinstance(event, MappingStartEvent) else _Sequence())

    def _enter(self, collection: _Sequence | _Mapping) -> None:
        _demand(len(self._open) <= MAX_DEPTH)
        self._open[-1].add(collection.value)
        self._open.append(collection)

    def _scalar(self, event: ScalarEvent) -> object:
        match self._meaning(event):
            case "str":
                return event.value
            case "bool":
                return event.value.lower() in _TRUTH
            case "null":
                return None
            case _:
                return NEITHER_TEXT_NOR_TRUTH

    def _meaning(self, event: ScalarEvent) -> str:
        tag: str = self._resolver.resolve(yaml.ScalarNode, event.value, event.implicit)  # type: ignore[no-untyped-call]  # the stubs leave it open
        return tag.removeprefix(_TAG)


def _composed(events: Iterable[Event]) -> object:
    composition = _Composition()
    for number, event in enumerate(events):
        _demand(number < MAX_EVENTS and _is_plain(event))
        composition.take(event)
    return composition.whole()


def _is_plain(event: Event) -> bool:
    """Tell whether an event brings no alias, anchor, tag or directive."""
    if isinstance(event, DocumentStartEvent):
        return not event.version and not event.tags
    if isinstance(event, ScalarEvent | SequenceStartEvent | MappingStartEvent):
        return event.tag is None and event.anchor is None
    return not isinstance(event, NodeEvent)


def _demand(holds: bool) -> None:
    if not holds:
        raise _refusal()


def _refusal() -> KubeconfigInvalid:
    return KubeconfigInvalid(Arm.UNPARSEABLE_DOCUMENT)
