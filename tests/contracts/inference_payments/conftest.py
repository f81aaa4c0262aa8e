"""The payments with the contracts around them: token, registries with two adapters, stakers, distributor."""

from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from typing import Any

import boa
import pytest
from eth_keys.datatypes import PrivateKey

from chain.merkle import keccak
from chain.typed_data import Voucher, sign_digest, voucher_digest

OPEN = 10**18
DELAY_SECONDS = 86_400
SPLIT = (3_000, 4_500, 1_000, 1_000, 500)
FAR_AWAY = 2**48
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

    def redemption(self, voucher: Voucher, due_wei: int | None = None) -> tuple[Any, ...]:
        """All of the voucher by default."""
        return astuple(voucher), voucher.cumulative_wei if due_wei is None else due_wei, self.sign(voucher)

    def redeem(self, *vouchers: Voucher) -> None:
        self.payments.redeem([self.redemption(voucher) for voucher in vouchers], sender=self.operator)


def _register_models(factory: Callable[[str], Any], owners: tuple[str, str], operator: str) -> Any:
    datanets = factory("DatanetRegistry").deploy()
    datanet_id = datanets.create_datanet(1, 0b11, 1, LIMITS, keccak(b"metadata"))
    datanets.record_snapshot(datanet_id, DATASET_ROOT, keccak(b"manifest"), 1)
    models = factory("ModelRegistry").deploy(datanets)
    base_id = models.register_base(keccak(b"base"), keccak(b"base manifest"))
    for adapter_id, owner in enumerate(owners, start=1):
        digests = keccak(b"weights %d" % adapter_id), keccak(b"manifest %d" % adapter_id)
        models.register_adapter(base_id, adapter_id - 1, *digests, [DATASET_ROOT], 2_000, 0, 0, sender=owner)
        models.set_operator(adapter_id, operator, True, sender=owner)
    return models


@pytest.fixture(scope="session")
def market(factory: Callable[[str], Any], actor: Callable[[str], str]) -> Market:
    names = ("owner", "treasury", "adapter_owner", "child_owner", "operator", "holder")
    roles = {name: actor(name) for name in names}
    token = factory("OpenToken").deploy(roles["holder"])
    staked = factory("StakedOpen").deploy(token, 1_814_400)
    models = _register_models(factory, (roles["adapter_owner"], roles["child_owner"]), roles["operator"])
    distributor = factory("RewardDistributor").deploy(token, roles["treasury"], roles["owner"], 86_400, 60, 60, OPEN)
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
