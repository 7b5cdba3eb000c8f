"""Bodies of the surface."""

from datetime import datetime
from typing import Annotated, Final, Literal, Self, cast

import msgspec
from msgspec import Meta

from plexsphere.api.body import BodyRule
from plexsphere.api.v1.artifacts.wiring import ArtifactView, PutView, ReleaseView

SupportStatus = Literal["supported", "deprecated", "withdrawn"]
Verdict = Literal["verified", "unverified"]
Checksum = Annotated[str, Meta(description="The SHA-256 in hexadecimal.", pattern="^[0-9a-f]{64}$")]


class PlexdArchitecture(msgspec.Struct, frozen=True):
    """A binary of a release: for which machines, which octets, and how many."""

    architecture: Annotated[str, Meta(examples=["amd64"])]
    os: Annotated[str, Meta(examples=["linux"])]
    checksum: Checksum
    size: int
    verdict: Verdict

    @classmethod
    def of(cls, view: ArtifactView) -> Self:
        """Show the binary."""
        return cls(view.arch, view.os, view.checksum, view.size, _verdict(view.verdict))


class PlexdArtifact(msgspec.Struct, frozen=True):
    """A release; `verdict` is `verified` when every binary of it is."""

    version: str
    support_status: SupportStatus
    verdict: Verdict
    architectures: Annotated[list[PlexdArchitecture], Meta(extra_json_schema={"minItems": 1})]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, view: ReleaseView) -> Self:
        """Show the release."""
        return cls(
            version=view.version,
            support_status=cast(SupportStatus, view.support_status),
            verdict=_verdict(view.verdict),
            architectures=[PlexdArchitecture.of(each) for each in view.artifacts],
            created_at=view.created_at,
            updated_at=view.updated_at,
        )


class PlexdArtifactList(msgspec.Struct, frozen=True, omit_defaults=True):
    """A page."""

    items: list[PlexdArtifact]
    next_cursor: str | None = None


class PlexdArtifactPut(PlexdArchitecture, frozen=True, kw_only=True):
    """A binary as it is released now."""

    version: str

    @classmethod
    def put(cls, view: PutView) -> Self:
        """Show what was put."""
        return cls(
            architecture=view.artifact.arch,
            os=view.artifact.os,
            checksum=view.artifact.checksum,
            size=view.artifact.size,
            verdict=_verdict(view.artifact.verdict),
            version=view.version,
        )


class PlexdArtifactPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of a release from now on."""

    support_status: SupportStatus


PATCH: Final = BodyRule(msgspec.json.Decoder(PlexdArtifactPatch))


def _verdict(text: str) -> Verdict:
    return cast(Verdict, text)
