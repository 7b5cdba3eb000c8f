"""The closed error set of identity: tenancy and credentials."""


class IdentityError(Exception):
    """Base of every error this context lets escape."""
