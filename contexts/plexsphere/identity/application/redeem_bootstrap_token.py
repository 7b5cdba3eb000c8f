"""Use case: admit a machine by its bootstrap token."""

from dataclasses import dataclass

from plexsphere.identity.domain.enrolment import Admitted, Again, Applicant
from plexsphere.identity.domain.errors import TokenInvalid
from plexsphere.identity.domain.token_text import TokenKind, digest, row_id_in
from plexsphere.identity.ports.bootstrap_tokens import BootstrapTokens
from plexsphere.platform.kernel.ids import TokenId
from plexsphere.platform.kernel.secret import Secret
from plexsphere.platform.kernel.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RedeemBootstrapToken:
    """
    Bind the token to the applicant's node, or return the node the same machine became a moment ago (design D10).

    It joins the caller's unit of work: whatever refuses the machine afterwards, this refusal included, leaves the
    token as it was, so the caller lets every error pass out of its own block. The applicant's hostname is folded to
    lower case before.

    Raises:
        TokenInvalid: unknown, malformed, expired, used or revoked, without telling which.
    """

    unit_of_work: UnitOfWork
    bootstrap_tokens: BootstrapTokens

    async def __call__(self, token: Secret[str], applicant: Applicant) -> Admitted | Again:
        token_id = row_id_in(TokenKind.ENROLL, token)
        if token_id is None:
            raise TokenInvalid
        async with self.unit_of_work():
            redemption = await self.bootstrap_tokens.redeem(
                TokenId(token_id), applicant
            ) or await self.bootstrap_tokens.redeemed(TokenId(token_id), applicant)
            if redemption is None or not redemption.is_proven_by(digest(token)):
                raise TokenInvalid
            return redemption.outcome
