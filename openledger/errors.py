"""Errors of the application.

AppError
├── GatewayUnavailable   the gateway did not answer: may be retried
├── GatewayRefused       the gateway answered with a problem; `slug` names it
├── ReceiptFalse         the gateway's reply contradicts itself or the request: do not pay it again
└── ReceiptsUnreadable   the database of receipts cannot be opened or written
"""

# the `type` of a gateway's problem is this and its slug
PROBLEM_PREFIX = "urn:openledger:problem:"


class AppError(Exception):
    """What a user of the application must know or do; a retry does not help unless the subclass says so."""


class GatewayUnavailable(AppError):
    """The gateway could not be reached or did not answer in time; the request may be retried."""


class GatewayRefused(AppError):
    """The gateway refused a request, by the rule that `slug` names; nothing was charged."""

    def __init__(self, *, slug: str, status: int, detail: str) -> None:
        super().__init__(f"the gateway refused ({slug}): {detail}")
        self.slug = slug
        self.status = status


class ReceiptFalse(AppError):
    """An answer came with a receipt or a quote that its payer cannot accept."""


class ReceiptsUnreadable(AppError):
    """Receipts cannot be kept, so nothing may be sold."""
