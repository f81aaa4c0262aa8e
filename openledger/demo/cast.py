"""Who plays in the demo: development accounts with a part each."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.signers.local import LocalAccount

from chain.node import DEV_CHAIN_ID
from openledger.accounts import named_account
from openledger.demo.corpus import TOPICS


@dataclass(frozen=True, slots=True)
class Player:
    """One contributor: `role` is honest, copier or junk."""

    name: str
    role: str
    account: LocalAccount


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody who signs something in the demo."""

    holder: LocalAccount
    signers: tuple[LocalAccount, ...]
    builder: LocalAccount
    validators: tuple[LocalAccount, ...]
    contributors: tuple[Player, ...]
    payers: tuple[LocalAccount, ...]

    @property
    def auditor(self) -> LocalAccount:
        """Anybody may audit; here the one who holds the supply puts the bond, proposes and votes."""
        return self.holder

    def name_of(self, account: str) -> str:
        """The player behind an address, or the address."""
        return next((player.name for player in self.contributors if player.account.address == account), account)


def gather() -> Cast:
    """The demo's cast: six honest contributors named after their topic, a copier, and one who hands in junk."""

    def dev(name: str) -> LocalAccount:
        return named_account(name, chain_id=DEV_CHAIN_ID)

    parts = [*((topic, "honest") for topic in TOPICS), ("copier", "copier"), ("junk", "junk")]
    return Cast(
        holder=dev("holder"),
        signers=tuple(dev(f"signer-{number}") for number in (1, 2, 3)),
        builder=dev("builder"),
        validators=tuple(dev(f"validator-{number}") for number in (1, 2, 3)),
        contributors=tuple(
            Player(name, role, dev(f"contributor-{number}")) for number, (name, role) in enumerate(parts, start=1)
        ),
        payers=(dev("payer-1"), dev("payer-2")),
    )
