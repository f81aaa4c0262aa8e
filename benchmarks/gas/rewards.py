"""Claims beside a bitmap distributor and a proxied one; posting and closing a root.

A tree of 2^20 leaves has proofs of 20 siblings. They are drawn at random here and the root is made from them, which
costs the contract the same as a full tree would.
"""

import random
from collections.abc import Iterator
from dataclasses import astuple, dataclass

from web3.contract import Contract

from benchmarks.anchors.solidity import ROOT
from benchmarks.gas.bench import Bench, Row
from chain.merkle import address_bytes, keccak, reward_leaf, sum_node, sum_of, sum_parent, word
from chain.node import dev_account
from chain.parameters import ProtocolParameters, read_parameters
from chain.typed_data import RewardRoot, root_digest, sign_digest

LEVELS = 20
_AMOUNT_WEI = 10**18
_DAY = 86_400
_SUPPLY_WEI = 10**27
_SIGNERS = (2, 3, 4)
_DIGEST = bytes([1]) * 32


def rows(bench: Bench) -> Iterator[Row]:
    """A first claim by a new holder of OPEN, a later one; and what a root costs to post and to make final."""
    merkl = _proxied(bench)
    bitmap = _bitmap(bench)
    ours = _Ours.deploy(bench)
    account = bench.unlocked()
    first_post, finalize, first = ours.epoch(account, 5 * _AMOUNT_WEI)
    post, _, again = ours.epoch(account, 9 * _AMOUNT_WEI)
    names = ("Merkl-shaped", "Uniswap-shaped")
    yield Row(f"claim, {LEVELS} levels, first", dict(zip(names, (merkl[0], bitmap[0]), strict=True)), first, 105_000)
    yield Row(f"claim, {LEVELS} levels, again", dict(zip(names, (merkl[1], bitmap[1]), strict=True)), again, 72_000)
    yield Row("root posted, first", {}, first_post)
    yield Row("root posted, again", {"Merkl-shaped": merkl[2]}, post, note="ours checks two signatures, takes a bond")
    yield Row("root made final", {}, finalize)


@dataclass(slots=True)
class _Ours:
    bench: Bench
    token: Contract
    distributor: Contract
    parameters: ProtocolParameters
    last_root: bytes = bytes(32)

    @classmethod
    def deploy(cls, bench: Bench) -> "_Ours":
        parameters = read_parameters(ROOT / "configs" / "protocol.toml")
        holder, treasury = bench.accounts[1], bench.accounts[5]
        token = bench.vyper("OpenToken", holder)
        arguments = (token.address, treasury, bench.deployer, *astuple(parameters.rewards))
        distributor = bench.vyper("RewardDistributor", *arguments)
        signers = sorted((bench.accounts[index] for index in _SIGNERS), key=lambda account: int(account, 16))
        bench.gas(distributor.functions.set_signers(signers, parameters.signer_threshold))
        bench.gas(distributor.functions.set_accruer(holder))
        bench.gas(token.functions.approve(distributor.address, 2**256 - 1), holder)
        return cls(bench, token, distributor, parameters)

    def epoch(self, account: str, cumulative_wei: int) -> tuple[int, int, int]:
        """Accrue, post, wait, finalize, claim; the gas of the last but waiting."""
        bench, holder = self.bench, self.bench.accounts[1]
        proof, index, root, total_wei = _sum_path(bench, self.distributor, account, cumulative_wei)
        accrued_wei = total_wei - self.distributor.functions.owed_wei().call() + _SUPPLY_WEI // 1_000
        bench.gas(self.token.functions.transfer(self.distributor.address, accrued_wei), holder)
        bench.gas(self.distributor.functions.accrue(accrued_wei), holder)
        reward_epoch = self.distributor.functions.current_epoch().call()
        bench.warp(self.parameters.rewards.epoch_seconds)
        post_gas = self._post(reward_epoch, root, total_wei)
        bench.warp(self.parameters.rewards.challenge_window_seconds + 1)
        finalize_gas = bench.gas(self.distributor.functions.finalize(reward_epoch))
        claim = self.distributor.functions.claim(account, cumulative_wei, index, proof)
        return post_gas, finalize_gas, bench.gas(claim, account)

    def _post(self, reward_epoch: int, root: bytes, total_wei: int) -> int:
        post = RewardRoot(
            reward_epoch=reward_epoch,
            attempt=self.distributor.functions.root(reward_epoch).call()[7],
            previous_root=self.last_root,
            root=root,
            total_wei=total_wei,
            leaf_count=2**LEVELS,
            evidence_digest=_DIGEST,
            evidence_chunk_root=_DIGEST,
            evidence_chunk_count=1,
            attribution_root=_DIGEST,
        )
        self.last_root = root
        digest = root_digest(post, chain_id=self.bench.node.chain_id, contract=self.distributor.address)
        keys = sorted((dev_account(index) for index in _SIGNERS), key=lambda key: int(key.address, 16))
        signatures = [sign_digest(digest, bytes(key.key)) for key in keys[: self.parameters.signer_threshold]]
        return self.bench.gas(self.distributor.functions.post_root(astuple(post), signatures), self.bench.accounts[1])


def _sum_path(
    bench: Bench, distributor: Contract, account: str, cumulative_wei: int
) -> tuple[list[bytes], int, bytes, int]:
    """Proof, index, root and total of a sum tree in which the account has a leaf."""
    draw = random.Random(cumulative_wei)
    index = draw.randrange(2**LEVELS)
    chain_id, address = bench.node.chain_id, distributor.address
    node = reward_leaf(chain_id=chain_id, distributor=address, account=account, cumulative_wei=cumulative_wei)
    # later trees hold more than earlier ones, for amounts are cumulative
    proof = [sum_node(draw.randbytes(32), cumulative_wei * 2**level // 1_000) for level in range(LEVELS)]
    for level, sibling in enumerate(proof):
        node = sum_parent(sibling, node) if index >> level & 1 else sum_parent(node, sibling)
    return proof, index, node, sum_of(node)


def _sorted_path(leaf: bytes) -> tuple[list[bytes], bytes]:
    """Proof and root of a tree of sorted pairs, as OpenZeppelin verifies them, in which the leaf stands."""
    draw = random.Random(leaf)
    node, proof = leaf, [draw.randbytes(32) for _ in range(LEVELS)]
    for sibling in proof:
        node = keccak(min(node, sibling) + max(node, sibling))
    return proof, node


def _bitmap(bench: Bench) -> tuple[int, int]:
    """A claim of a new holder in a new word, and one of an old holder in a used word."""
    token = bench.solidity("tokens", "OzToken", bench.deployer, _SUPPLY_WEI)
    account = bench.fresh()
    gas = []
    leaves = [keccak(word(index) + address_bytes(account) + word(_AMOUNT_WEI)) for index in (700_001, 700_002)]
    # both leaves under one root: each is the first sibling of the other
    path, _ = _sorted_path(leaves[0])
    proofs = [[leaves[1], *path[1:]], [leaves[0], *path[1:]]]
    node = keccak(min(leaves) + max(leaves))
    for sibling in path[1:]:
        node = keccak(min(node, sibling) + max(node, sibling))
    distributor = bench.solidity("distributors", "BitmapDistributor", token.address, node)
    bench.gas(token.functions.transfer(distributor.address, 10**6 * _AMOUNT_WEI))
    for index, proof in zip((700_001, 700_002), proofs, strict=True):
        gas.append(bench.gas(distributor.functions.claim(index, account, _AMOUNT_WEI, proof)))
    return gas[0], gas[1]


def _proxied(bench: Bench) -> tuple[int, int, int]:
    """A first claim of a new holder, a later one, and the update of the tree before that."""
    token = bench.solidity("tokens", "OzToken", bench.deployer, _SUPPLY_WEI)
    logic = bench.solidity("distributors", "ProxiedDistributor")
    start = logic.encode_abi("initialize", [_DAY])
    proxy = bench.at(bench.solidity("distributors", "DistributorProxy", logic.address, start), logic)
    bench.gas(token.functions.transfer(proxy.address, 10**6 * _AMOUNT_WEI))
    account = bench.unlocked()
    claims, updates = [], []
    for cumulative_wei in (_AMOUNT_WEI, 3 * _AMOUNT_WEI):
        proof, root = _sorted_path(keccak(word(account) + word(token.address) + word(cumulative_wei)))
        updates.append(bench.gas(proxy.functions.updateTree((root, _DIGEST))))
        bench.warp(2 * _DAY)
        claim = proxy.functions.claim([account], [token.address], [cumulative_wei], [proof])
        claims.append(bench.gas(claim, account))
    return claims[0], claims[1], updates[1]
