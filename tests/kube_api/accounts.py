"""Who calls the server, by a bearer token or a client certificate, and what they may do."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.kube_api import statuses
from tests.kube_api.certificates import Authority, Credential

ANONYMOUS: Final = "system:anonymous"
ALL_VERBS: Final = frozenset({"get", "list", "create", "update", "patch", "delete"})
OWN_CLIENTS: Final = "kube-api clients"
STRANGERS: Final = "somebody else's clients"


@dataclass(frozen=True)
class Account:
    """A user, the token it shows, and the verbs it may use."""

    user: str
    token: str = field(repr=False)
    verbs: frozenset[str]


@dataclass
class Accounts:
    """
    Everybody whom the server knows.

    A certificate of the strangers' authority passes the handshake and is told 401, as a real server does it.
    """

    clients: Authority = field(default_factory=lambda: Authority.made(OWN_CLIENTS))
    strangers: Authority = field(default_factory=lambda: Authority.made(STRANGERS))
    _by_user: dict[str, Account] = field(default_factory=dict)

    @property
    def trusted(self) -> str:
        """The authorities whose certificates pass the handshake, in PEM."""
        return self.clients.certificate + self.strangers.certificate

    def admit(self, user: str, verbs: frozenset[str] = ALL_VERBS) -> Account:
        """Give a user an account."""
        account = Account(user, secrets.token_urlsafe(24), verbs)
        self._by_user[user] = account
        return account

    def certificate(self, user: str) -> Credential:
        """Return a client certificate for a user."""
        return self.clients.for_client(user)

    def caller(self, authorization: str, peer: Mapping[str, Any] | None) -> Account:
        """Return who calls; refused where a credential is nobody's."""
        if peer:
            return self._by_certificate(peer)
        if not authorization:
            return Account(ANONYMOUS, "", frozenset())
        token = authorization.removeprefix("Bearer ")
        for account in self._by_user.values():
            if secrets.compare_digest(account.token.encode(), token.encode()):
                return account
        raise statuses.unauthorized()

    def _by_certificate(self, peer: Mapping[str, Any]) -> Account:
        user, issuer = (dict(part for (part,) in peer[side])["commonName"] for side in ("subject", "issuer"))
        if issuer != OWN_CLIENTS:
            raise statuses.unauthorized()
        return self._by_user.get(user, Account(user, "", frozenset()))
