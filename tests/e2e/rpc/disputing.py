"""False roots, one for each fraud proof, signed and posted like any other, and each made void by its proof."""

from collections.abc import Callable
from typing import Any

from tests.e2e.rpc.contract import Contract
from tests.e2e.rpc.node import Receipt, Refused
from tests.e2e.rpc.roots import SHARES, VOID, Root, build, by_account, honest_root, post, rewards_of
from tests.e2e.rpc.stage import Stage
from tests.e2e.rpc.trees import chunk_tree, sum_of, with_sum

# the members of RootDisputes' flag Fault
SUM, LEAF, LEAF_COUNT, ORDER, FALLEN, CONTRIBUTION, UNANSWERED = (1 << bit for bit in range(7))


def prove_sum(stage: Stage) -> None:
    """A node hides a wei of what stands below it."""
    root = honest_root(stage)
    left, right = root.tree.levels[0][:2]
    node = root.tree.levels[1][0]
    root.tree.plant(1, 0, with_sum(node, sum_of(node) - 1))
    place = (root.tree.levels[1][0], 0, root.tree.proof(0, height=1))
    _disprove(stage, root, SUM, "prove_sum", place, left, right)


def prove_leaf(stage: Stage) -> None:
    """A leaf counts for less than the amount in it."""
    root = honest_root(stage)
    account, amount_wei = root.leaves[1]
    root.tree.plant(0, 1, with_sum(root.tree.levels[0][1], amount_wei - 1))
    place = (root.tree.levels[0][1], 1, root.tree.proof(1))
    _disprove(stage, root, LEAF, "prove_leaf", place, account, amount_wei)


def prove_leaf_count(stage: Stage) -> None:
    """Something stands beyond the last leaf."""
    root = honest_root(stage)
    beyond = len(root.leaves)
    root.tree.plant(0, beyond, stage.place.reward_leaf(stage.poster.address, 0))
    place = (root.tree.levels[0][beyond], beyond, root.tree.proof(beyond))
    _disprove(stage, root, LEAF_COUNT, "prove_leaf_count", place)


def prove_order(stage: Stage) -> None:
    """The first two accounts stand in each other's place."""
    first, second, *others = honest_root(stage).leaves
    root = build(stage, [second, first, *others], SHARES[0])
    _disprove(stage, root, ORDER, "prove_order", root.proven(0), root.proven(1))


def prove_double_account(stage: Stage) -> None:
    """One account has two leaves."""
    first, second, *others = honest_root(stage).leaves
    halves = [(first[0], first[1] // 2), (first[0], first[1] - first[1] // 2)]
    root = build(stage, [*halves, second, *others], SHARES[0])
    _disprove(stage, root, ORDER, "prove_order", root.proven(0), root.proven(1))


def prove_contribution(stage: Stage) -> None:
    """A contribution that was rejected is said to have shaped an answer."""
    shares = {"good": 500_000, "spam": 500_000}
    root = build(stage, by_account(rewards_of(stage, stage.sales[-1], shares)), shares)
    share = next(root.share(index) for index, each in enumerate(root.shares) if each[0] == _spam_id(stage))
    _disprove(stage, root, CONTRIBUTION, "prove_contribution", *share)


def demand_evidence(stage: Stage) -> None:
    """Of two chunks that are demanded one is shown, for the demander's bond; the other is not, and the root is void."""
    root, distributor, disputes = honest_root(stage), stage["RewardDistributor"], stage["RootDisputes"]
    post(stage, root)
    for chunk_index in (1, 2):
        demand(stage, root, chunk_index)
    assert distributor.read("root", root.reward_epoch)["hold_count"] == 2
    answer(stage, root, 1)
    assert distributor.read("root", root.reward_epoch)["hold_count"] == 1
    assert _refusal(disputes, "void_unanswered", root.reward_epoch, 2) == "disputes: answer time not over"
    stage.node.wait(disputes.read("ANSWER_SECONDS"))
    before_wei, poster_wei = stage.balance(stage.auditor), stage.balance(stage.poster)
    # whoever calls it, the demander gets the bond back and the prover's half of the poster's
    receipt = disputes.send(stage.delegate, "void_unanswered", root.reward_epoch, 2)
    _check_void(stage, root, receipt, UNANSWERED)
    gain_wei = disputes.read("DEMAND_BOND_WEI") + distributor.read("ROOT_BOND_WEI") // 2
    assert stage.balance(stage.auditor) - before_wei == gain_wei
    assert (stage.balance(stage.poster), stage.balance(disputes)) == (poster_wei, 0)


def prove_fallen(stage: Stage) -> None:
    """An account has less than under the root before."""
    before = _before(stage)
    account, amount_wei = before.leaves[1]
    rewards = rewards_of(stage, stage.sales[-1], SHARES[1]) | {account: amount_wei - 1}
    root = build(stage, by_account(rewards), SHARES[1])
    _disprove(stage, root, FALLEN, "prove_fallen", before.proven(1), [root.proven(1)])


def prove_absent(stage: Stage) -> None:
    """An account of the root before has no leaf any more, and another has its amount: the neighbours show the gap."""
    before = _before(stage)
    (heir, _), (account, _), _ = before.leaves
    rewards = rewards_of(stage, stage.sales[-1], SHARES[1])
    rewards[heir] += rewards.pop(account)
    root = build(stage, by_account(rewards), SHARES[1])
    _disprove(stage, root, FALLEN, "prove_fallen", before.proven(1), [root.proven(0), root.proven(1)])


def refuse_false_proofs(stage: Stage) -> None:
    """Of a pending root that is as it should be nothing can be proven."""
    root, disputes = honest_root(stage), stage["RootDisputes"]
    epoch, tree = root.reward_epoch, root.tree
    leaf = (tree.levels[0][1], 1, tree.proof(1))
    assert _refusal(disputes, "prove_sum", epoch, (tree.root, 0, []), *tree.levels[1]) == "disputes: sums add up"
    assert _refusal(disputes, "prove_leaf", epoch, leaf, *root.leaves[1]) == "disputes: leaf is as it should be"
    assert _refusal(disputes, "prove_leaf_count", epoch, leaf) == "disputes: leaf count is right"
    assert _refusal(disputes, "prove_order", epoch, root.proven(0), root.proven(2)) == "disputes: accounts ascend"
    accepted = _refusal(disputes, "prove_contribution", epoch, *root.share(0))
    assert accepted == "disputes: contribution was accepted"


def demand(stage: Stage, root: Root, chunk_index: int) -> None:
    """An auditor puts a bond down for a chunk of evidence."""
    disputes, bond_wei = stage["RootDisputes"], stage["RootDisputes"].read("DEMAND_BOND_WEI")
    before_wei = stage.balance(stage.auditor)
    stage.approve(stage.auditor, "RootDisputes", bond_wei)
    receipt = disputes.send(stage.auditor, "demand_chunk", root.reward_epoch, chunk_index)
    demanded = disputes.event("ChunkDemanded", receipt)
    assert (demanded["chunk_index"], demanded["demander"]) == (chunk_index, stage.auditor.address.lower())
    assert stage.balance(stage.auditor) == before_wei - bond_wei


def answer(stage: Stage, root: Root, chunk_index: int) -> None:
    """The poster shows it on chain, and gets the bond."""
    disputes, bond_wei = stage["RootDisputes"], stage["RootDisputes"].read("DEMAND_BOND_WEI")
    before_wei, chunk = stage.balance(stage.poster), root.chunks[chunk_index]
    proof = chunk_tree(root.chunks).proof(chunk_index)
    receipt = disputes.send(stage.poster, "answer_demand", root.reward_epoch, chunk_index, chunk, proof)
    assert disputes.event("DemandAnswered", receipt)["chunk"] == chunk
    assert stage.balance(stage.poster) == before_wei + bond_wei
    attempt = stage["RewardDistributor"].read("root", root.reward_epoch)["attempt"]
    assert disputes.read("demand", root.reward_epoch, attempt, chunk_index)["is_answered"]


def _disprove(stage: Stage, root: Root, fault: int, function: str, *proof: Any) -> None:
    """Post a false root, prove it, and see it void: half of the bond is the prover's, half is burned."""
    token, distributor = stage["OpenToken"], stage["RewardDistributor"]
    post(stage, root)
    before_wei, supply_wei = stage.balance(stage.auditor), token.read("totalSupply")
    receipt = stage["RootDisputes"].send(stage.auditor, function, root.reward_epoch, *proof)
    _check_void(stage, root, receipt, fault)
    half_wei = distributor.read("ROOT_BOND_WEI") // 2
    assert stage.balance(stage.auditor) - before_wei == half_wei == supply_wei - token.read("totalSupply")


def _check_void(stage: Stage, root: Root, receipt: Receipt, fault: int) -> None:
    distributor, auditor = stage["RewardDistributor"], stage.auditor.address.lower()
    disproved = stage["RootDisputes"].event("RootDisproved", receipt)
    assert (disproved["reward_epoch"], disproved["prover"], disproved["fault"]) == (root.reward_epoch, auditor, fault)
    assert distributor.event("RootVoided", receipt)["root"] == root.tree.root
    assert distributor.event("RootBondLost", receipt)["recipient"] == auditor
    assert distributor.read("root", root.reward_epoch)["status"] == VOID
    assert not distributor.read("verify_reward", root.reward_epoch, *root.proven(0))


def _before(stage: Stage) -> Root:
    """The last final root, made again from what it held."""
    return build(stage, by_account(stage.final_rewards), {})


def _refusal(contract: Contract, function: str, *args: Any) -> str:
    """The reason why a call would revert."""
    try:
        contract.read(function, *args)
    except Refused as refused:
        return str(refused)
    raise AssertionError(f"{contract.name}.{function} was not refused")


def _spam_id(stage: Stage) -> int:
    return stage.contributions["spam"].contribution_id


FIRST_EPOCH: tuple[Callable[[Stage], None], ...] = (
    prove_sum,
    prove_leaf,
    prove_leaf_count,
    prove_order,
    prove_double_account,
    prove_contribution,
    demand_evidence,
)
SECOND_EPOCH: tuple[Callable[[Stage], None], ...] = (prove_fallen, prove_absent)
