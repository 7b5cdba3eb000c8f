"""The closed error set of fleet."""


class FleetError(Exception):
    """Base of every error this context lets escape."""


class InvalidPublicKey(FleetError):
    """The key is not 44 characters of base64, or no safe Curve25519 point."""


class InvalidHostname(FleetError):
    """The hostname is not one of RFC 1123."""


class InvalidEndpoint(FleetError):
    """The endpoint is not an address and a port, or the NAT type is unknown."""


class InvalidMetadata(FleetError):
    """A metadata key or value breaks the rules of labels."""


class InvalidManifest(FleetError):
    """What a node announces is not what agents announce; `detail` names the place and the rule, never a value."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidSandbox(FleetError):
    """An announced hook's sandbox is none that agents know."""


class InvalidNodeName(FleetError):
    """A node's name is not one printable line of 1 to 255 characters."""


class TokenInvalid(FleetError):
    """The bootstrap token does not admit this machine."""


class HostnameTaken(FleetError):
    """A live node of the Domain has this hostname."""


class PublicKeyTaken(FleetError):
    """A live node of the Domain has this public key."""


class AddressPoolExhausted(FleetError):
    """No mesh address is free: all are in use or cooling down."""


class NodeNotFound(FleetError):
    """There is no such live node."""


class DomainNotFound(FleetError):
    """There is no such Domain."""


class MeshRangeInUse(FleetError):
    """Addresses of the old range are in use or cooling down."""


class MetadataKeyNotFound(FleetError):
    """The node has no such metadata key."""


class ConfirmationRequired(FleetError):
    """More than half of the Domain's visible pairs would vanish at once (design D34)."""


class StreamsReplacedTooOften(FleetError):
    """The node's stream was replaced several times within a minute: two machines share one identity (design D24)."""


class PlaceLostTooOften(FleetError):
    """The node opened its stream without a place in the log several times within a minute (design D23)."""


class TooManyStates(FleetError):
    """So many whole states are waiting to be made that another had better be asked for later."""


class TooManyStreams(FleetError):
    """This process holds as many streams as it may."""
