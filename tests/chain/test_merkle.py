"""Trees: any leaf proves and no other does, sums are committed to, and the golden vectors hold."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.merkle import (
    EMPTY,
    IndexedTree,
    SumTree,
    dataset_leaf,
    depth_of,
    evidence_chunk_leaf,
    evidence_chunks,
    evidence_tree,
    hash_leaf,
    keccak,
    receipt_leaf,
    reward_leaf,
    reward_tree,
    share_leaf,
    sum_node,
    sum_of,
    verify_indexed,
    verify_sum,
    word,
)

VECTORS = Path(__file__).parents[1] / "vectors"
DISTRIBUTOR = "0x" + "11" * 20


def vectors(name):
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def unhex(text):
    return bytes.fromhex(text[2:])


def leaf_hashes(count):
    return [keccak(b"leaf %d" % n) for n in range(count)]


def plain_indexed_root(leaves):
    """docs/formats.md word for word: pad to a power of two, then hash pairs."""
    level = [*leaves, *[EMPTY] * ((1 << depth_of(len(leaves))) - len(leaves))]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [EMPTY if left == right == EMPTY else keccak(left + right) for left, right in pairs]
    return level[0]


def plain_sum_root(leaves):
    level = [*leaves, *[EMPTY] * ((1 << depth_of(len(leaves))) - len(leaves))]
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=True)
        level = [
            EMPTY
            if left == right == EMPTY
            else keccak(left + right)[:20]
            + (int.from_bytes(left[20:], "big") + int.from_bytes(right[20:], "big")).to_bytes(12, "big")
            for left, right in pairs
        ]
    return level[0]


def other_hash(node):
    return sum_node(keccak(b"other"), sum_of(node))


def test_keccak__of_nothing__is_the_published_constant():
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize(("count", "depth"), [(1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1_000, 10), (2**32, 32)])
def test_depth__is_the_ceiling_of_the_logarithm(count, depth):
    assert depth_of(count) == depth


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 33])
def test_indexed_root__equals_the_padded_tree(count):
    assert IndexedTree(leaf_hashes(count)).root == plain_indexed_root(leaf_hashes(count))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 33])
def test_sum_root__equals_the_padded_tree(count):
    leaves = [sum_node(leaf, 3 * n) for n, leaf in enumerate(leaf_hashes(count))]
    assert SumTree(leaves).root == plain_sum_root(leaves)


def test_trees__of_no_leaves__are_empty():
    assert IndexedTree([]).root == EMPTY
    assert SumTree([]).root == EMPTY


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13])
def test_indexed_proof__proves_its_leaf_at_its_place_alone(count):
    leaves = leaf_hashes(count)
    tree = IndexedTree(leaves)
    for proven in range(count):
        for index in range(2 * count):
            for leaf in leaves:
                holds = verify_indexed(root=tree.root, leaf=leaf, index=index, proof=tree.proof(proven))
                assert holds == (index == proven and leaf == leaves[proven])


@settings(max_examples=60, deadline=None)
@given(amounts=st.lists(st.integers(0, 2**90), min_size=1, max_size=40), data=st.data())
def test_sum_proof__proves_its_leaf_and_amount_alone(amounts, data):
    leaves = [sum_node(leaf, amount) for leaf, amount in zip(leaf_hashes(len(amounts)), amounts, strict=True)]
    tree = SumTree(leaves)
    index = data.draw(st.integers(0, len(amounts) - 1))
    place = {"root": tree.root, "index": index, "proof": tree.proof(index), "leaf_count": len(amounts)}
    assert sum_of(tree.root) == sum(amounts)
    assert verify_sum(leaf=leaves[index], **place)
    assert not verify_sum(leaf=sum_node(leaves[index], amounts[index] + 1), **place)
    assert not verify_sum(leaf=other_hash(leaves[index]), **place)
    other = data.draw(st.integers(0, 2 * len(amounts)).filter(lambda n: n != index))
    assert not verify_sum(leaf=leaves[index], **{**place, "index": other})


@settings(max_examples=60, deadline=None)
@given(count=st.integers(2, 40), data=st.data())
def test_sum_proof__with_any_sibling_altered__fails(count, data):
    leaves = [sum_node(leaf, n + 1) for n, leaf in enumerate(leaf_hashes(count))]
    tree = SumTree(leaves)
    index = data.draw(st.integers(0, count - 1))
    proof = tree.proof(index)
    height = data.draw(st.integers(0, len(proof) - 1))
    sum_wei = data.draw(st.integers(0, 2**96 - 1).filter(lambda value: value != sum_of(proof[height])))
    place = {"root": tree.root, "leaf": leaves[index], "index": index, "leaf_count": count}
    for changed in (sum_node(proof[height], sum_wei), other_hash(proof[height])):
        assert not verify_sum(proof=[*proof[:height], changed, *proof[height + 1 :]], **place)


def test_sum_proof__of_another_length_or_count__fails():
    leaves = [sum_node(leaf, 1) for leaf in leaf_hashes(5)]
    tree = SumTree(leaves)
    place = {"root": tree.root, "leaf": leaves[0], "index": 0}
    assert not verify_sum(proof=tree.proof(0)[:-1], leaf_count=5, **place)
    assert not verify_sum(proof=tree.proof(0), leaf_count=4, **place)
    assert not verify_sum(proof=tree.proof(0), leaf_count=9, **place)
    assert not verify_sum(proof=tree.proof(0), leaf_count=0, **place)


def test_sum_proof__of_an_inner_node__fails():
    leaves = [sum_node(leaf, 1) for leaf in leaf_hashes(8)]
    tree = SumTree(leaves)
    inner = SumTree(leaves[:2]).root
    assert not verify_sum(root=tree.root, leaf=inner, index=0, proof=tree.proof(0)[1:], leaf_count=8)


def test_padding__is_not_a_repeated_leaf():
    """A tree that repeats its last leaf (CVE-2012-2459) has another root."""
    leaves = leaf_hashes(3)
    assert IndexedTree(leaves).root != IndexedTree([*leaves, leaves[-1]]).root


def test_padding__proves_nothing():
    leaves = [sum_node(leaf, 1) for leaf in leaf_hashes(3)]
    tree = SumTree(leaves)
    proof = [leaves[2], SumTree(leaves[:2]).root]
    assert not verify_sum(root=tree.root, leaf=EMPTY, index=3, proof=proof, leaf_count=4)
    indexed = IndexedTree(leaf_hashes(3))
    proof = [leaf_hashes(3)[2], IndexedTree(leaf_hashes(2)).root]
    assert not verify_indexed(root=indexed.root, leaf=EMPTY, index=3, proof=proof)


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_proof__of_a_position_without_a_leaf__raises(index):
    with pytest.raises(IndexError, match="this tree has 3"):
        IndexedTree(leaf_hashes(3)).proof(index)
    with pytest.raises(IndexError, match="this tree has 3"):
        SumTree([sum_node(leaf, 1) for leaf in leaf_hashes(3)]).proof(index)


def test_trees__refuse_empty_leaves_and_sums_past_a_word():
    with pytest.raises(ValueError, match="is EMPTY"):
        IndexedTree([EMPTY])
    with pytest.raises(ValueError, match="is EMPTY"):
        SumTree([b"short"])
    with pytest.raises(ValueError, match=r"2\^96"):
        SumTree([sum_node(leaf, 2**95) for leaf in leaf_hashes(2)])
    with pytest.raises(ValueError, match=r"2\^96"):
        sum_node(keccak(b"leaf"), 2**96)


def test_word__refuses_what_does_not_fit():
    with pytest.raises(OverflowError):
        word(2**256)
    with pytest.raises(ValueError, match="expected 32"):
        word(b"short")
    with pytest.raises(ValueError, match="expected 20"):
        word("0x1234")
    assert word(-1) == b"\xff" * 32


def test_reward_tree__does_not_depend_on_order_or_letters():
    rewards = {f"0x{n:040x}": n for n in (5, 3, 0xABCDEF)}
    tree = reward_tree(chain_id=1, distributor=DISTRIBUTOR, rewards=rewards)
    again = reward_tree(
        chain_id=1,
        distributor=DISTRIBUTOR,
        rewards={account.upper().replace("X", "x"): amount for account, amount in reversed(rewards.items())},
    )
    assert tree.root == again.root
    assert [int(account, 16) for account in tree.accounts] == sorted((3, 5, 0xABCDEF))


def test_reward_tree__names_chain_and_contract_in_every_leaf():
    rewards = {"0x" + "22" * 20: 5}
    roots = {
        reward_tree(chain_id=chain_id, distributor=distributor, rewards=rewards).root
        for chain_id in (1, 2)
        for distributor in (DISTRIBUTOR, "0x" + "33" * 20)
    }
    assert len(roots) == 4


def test_reward_tree__refuses_nothing_duplicates_and_debts():
    with pytest.raises(ValueError, match="no account has a reward"):
        reward_tree(chain_id=1, distributor=DISTRIBUTOR, rewards={})
    with pytest.raises(ValueError, match="given twice"):
        reward_tree(chain_id=1, distributor=DISTRIBUTOR, rewards={"0x" + "ab" * 20: 1, "0x" + "AB" * 20: 2})
    with pytest.raises(OverflowError):
        reward_tree(chain_id=1, distributor=DISTRIBUTOR, rewards={"0x" + "ab" * 20: -1})


def test_proof_of__an_account_without_a_leaf__raises():
    tree = reward_tree(chain_id=1, distributor=DISTRIBUTOR, rewards={"0x" + "22" * 20: 5})
    with pytest.raises(KeyError, match="no leaf among the 1 accounts"):
        tree.proof_of("0x" + "33" * 20)


def test_sum_proof__whose_sums_pass_their_width__fails():
    leaf, sibling = (sum_node(keccak(b"%d" % n), 2**95) for n in range(2))
    carried = keccak(leaf + sibling)[:20] + bytes(12)
    assert not verify_sum(root=carried, leaf=leaf, index=0, proof=[sibling], leaf_count=2)


def test_evidence_chunks__start_anew_with_every_file():
    files = [b"a" * 24_001, b"", b"b" * 24_000, b"c"]
    chunks = evidence_chunks(files)
    assert [len(chunk) for chunk in chunks] == [24_000, 1, 24_000, 1]
    assert b"".join(chunks) == b"".join(files)
    tree = evidence_tree(chunks)
    for index, chunk in enumerate(chunks):
        leaf = evidence_chunk_leaf(index=index, chunk=chunk)
        assert verify_indexed(root=tree.root, leaf=leaf, index=index, proof=tree.proof(index))
        assert leaf != evidence_chunk_leaf(index=index + 1, chunk=chunk)


def test_dataset_leaf__hashes_its_fields_twice():
    fields = {"contribution_id": 1, "digest": keccak(b"d"), "contributor": DISTRIBUTOR, "byte_count": 2, "score": 3}
    encoded = word(1) + keccak(b"d") + word(DISTRIBUTOR) + word(2) + word(3)
    assert dataset_leaf(**fields) == keccak(keccak(encoded)) == hash_leaf(*fields.values())


@pytest.mark.parametrize("number", range(6))
def test_reward_vectors__hold(number):
    document = vectors("reward_trees.json")
    expected = document["trees"][number]
    place = {"chain_id": document["chain_id"], "distributor": document["distributor"]}
    rewards = {row["account"]: int(row["cumulative_wei"]) for row in expected["rewards"]}
    tree = reward_tree(**place, rewards=rewards)
    root = unhex(expected["root"])
    assert (tree.root, tree.leaf_count) == (root, expected["leaf_count"])
    assert tree.total_wei == sum_of(root) == int(expected["total_wei"])
    for row in expected["proofs"]:
        proof = list(map(unhex, row["proof"]))
        amount = int(row["cumulative_wei"])
        leaf = reward_leaf(**place, account=row["account"], cumulative_wei=amount)
        assert tree.proof_of(row["account"]) == (row["index"], amount, proof)
        assert tree.claim_of(row["account"].lower()) == (row["account"], amount, row["index"], proof)
        assert verify_sum(root=root, leaf=leaf, index=row["index"], proof=proof, leaf_count=tree.leaf_count)


@pytest.mark.parametrize("number", range(4))
def test_attribution_vectors__hold(number):
    document = vectors("attribution_trees.json")
    expected = document["trees"][number]
    for index, row in enumerate(expected["receipts"]):
        digests = ("receipt_id", "adapter_digest", "answer_hash", "shares_root")
        leaf = receipt_leaf(
            chain_id=document["chain_id"],
            distributor=document["distributor"],
            fee_wei=int(row["fee_wei"]),
            **{name: unhex(row[name]) for name in digests},
        )
        assert leaf == unhex(row["leaf"])
        proof = list(map(unhex, row["proof"]))
        assert verify_indexed(root=unhex(expected["root"]), leaf=leaf, index=index, proof=proof)
        for position, share in enumerate(row["shares"]):
            shares_root, proof = unhex(row["shares_root"]), list(map(unhex, share["proof"]))
            leaf = share_leaf(contribution_id=share["contribution_id"], share_ppm=share["share_ppm"])
            assert verify_indexed(root=shares_root, leaf=leaf, index=position, proof=proof)
