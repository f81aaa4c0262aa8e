"""The payments with the contracts around them: token, registries with two adapters, stakers, distributor."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import boa
import pytest
from eth_keys.datatypes import PrivateKey

from chain.merkle import keccak
from chain.typed_data import Voucher, compact_signature, sign_digest, voucher_digest

OPEN = 10**18
DELAY_SECONDS = 86_400
SPLIT = (3_000, 4_500, 1_000, 1_000, 500)
FAR_AWAY = 2**48
TERMS = (3, OPEN // 10, OPEN)
LIMITS = (10_485_760, 10_485_760, 20, 5_242_880)
DATASET_ROOT = keccak(b"dataset root")


@dataclass(frozen=True)
class Market:
    """The payments and their roles. Adapter 1 is its owner's alone; adapter 2 is its child and pays it 20 %."""

    token: Any
    payments: Any
    distributor: Any
    staked: Any
    models: Any
    owner: str
    treasury: str
    adapter_owner: str
    child_owner: str
    operator: str
    holder: str
    payer_key: PrivateKey
    chain_id: int

    @property
    def payer(self) -> str:
        return self.payer_key.public_key.to_checksum_address()

    def deposit(self, amount_wei: int, payer: str | None = None) -> None:
        self.payments.deposit(payer or self.payer, amount_wei, sender=self.holder)

    def voucher(self, cumulative_wei: int, **changes: Any) -> Voucher:
        """A voucher of the payer for the operator and adapter 1; `changes` replace fields."""
        return replace(Voucher(self.payer, self.operator, 1, cumulative_wei, FAR_AWAY), **changes)

    def sign(self, voucher: Voucher, key: PrivateKey | None = None) -> bytes:
        digest = voucher_digest(voucher, chain_id=self.chain_id, contract=self.payments.address)
        return sign_digest(digest, (key or self.payer_key).to_bytes())

    def redemption(
        self, voucher: Voucher, due_wei: int | None = None, *, signature: bytes | None = None
    ) -> tuple[Any, ...]:
        """All of the voucher, and signed by the payer, by default."""
        due = voucher.cumulative_wei if due_wei is None else due_wei
        compact = compact_signature(signature or self.sign(voucher))
        return voucher.payer, voucher.cumulative_wei, voucher.expiry, due, *compact

    def redeem(self, *vouchers: Voucher) -> None:
        """All of vouchers for one adapter."""
        redemptions = [self.redemption(voucher) for voucher in vouchers]
        self.payments.redeem(vouchers[0].adapter_id, redemptions, sender=self.operator)


def _register_models(factory: Callable[[str], Any], token: Any, roles: dict[str, str]) -> Any:
    datanets = factory("DatanetRegistry").deploy(token, roles["treasury"], OPEN, roles["owner"])
    datanet_id = datanets.create_datanet(1, 0b11, TERMS, LIMITS, keccak(b"metadata"))
    datanets.record_snapshot(datanet_id, DATASET_ROOT, keccak(b"manifest"), 1)
    models = factory("ModelRegistry").deploy(datanets)
    licence = keccak(b"licence")
    base_id = models.register_base(keccak(b"base"), keccak(b"base manifest"), licence)
    for adapter_id, owner in enumerate((roles["adapter_owner"], roles["child_owner"]), start=1):
        digests = keccak(b"weights %d" % adapter_id), keccak(b"manifest %d" % adapter_id), licence
        models.register_adapter(base_id, adapter_id - 1, *digests, [DATASET_ROOT], 2_000, 0, 0, sender=owner)
        models.set_operator(adapter_id, roles["operator"], True, sender=owner)
    return models


@pytest.fixture(scope="session")
def market(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Market:
    names = ("owner", "treasury", "adapter_owner", "child_owner", "operator", "holder")
    roles = {name: actor(name) for name in names}
    token = factory("OpenToken").deploy(roles["holder"])
    staked = factory("StakedOpen").deploy(token, 1_814_400)
    models = _register_models(factory, token, roles)
    rules = (86_400, 60, 60, OPEN, OPEN)
    distributor = factory("RewardDistributor").deploy(token, roles["treasury"], roles["owner"], *rules)
    payments = factory("InferencePayments").deploy(
        token, models, staked, distributor, roles["treasury"], roles["owner"], DELAY_SECONDS, SPLIT
    )
    distributor.set_accruer(payments, sender=roles["owner"])
    token.approve(payments, 2**256 - 1, sender=roles["holder"])
    return Market(
        token=token,
        payments=payments,
        distributor=distributor,
        staked=staked,
        models=models,
        payer_key=PrivateKey(keccak(b"payer")),
        chain_id=boa.env.evm.patch.chain_id,
        **roles,
    )
