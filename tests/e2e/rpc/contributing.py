"""Contributions: a Datanet, deposits, files committed to and shown, and the snapshot of what was accepted."""

from collections.abc import Callable
from hashlib import sha256

from eth_abi import encode
from eth_utils.crypto import keccak

from tests.e2e.rpc.stage import OPEN, Contribution, Stage
from tests.e2e.rpc.trees import Tree, dataset_leaf

TEXT, MARKDOWN = 1, 0  # modality and format of docs/formats.md
PENDING, ACCEPTED = 1, 2
# seats of the first committee, wei for each that reveals, wei that a vote can win
TERMS = COMMITTEE_SIZE, FEE_WEI, REWARD_WEI = 7, 3 * OPEN // 10, OPEN
LIMITS = (10 * 2**20, 10 * 2**20, 20, 5 * 2**20)
BUDGET_WEI = 2_000 * OPEN
# who hands in what: the contributor's number, and the text
FILES = {
    "good": (0, "Q: What is a ledger?\nA: A book in which every entry stays.\n"),
    "misjudged": (1, "Q: Who pays for answers?\nA: Whoever asks, and the data earns.\n"),
    "spam": (1, "Buy now! Buy now! Buy now!\n"),
    "late": (2, "Q: What does a root commit to?\nA: To every leaf below it.\n"),
}


def open_datanet(stage: Stage) -> None:
    """Anyone opens a Datanet and funds its reviews."""
    registry, court, owner = stage["DatanetRegistry"], stage["ReviewCourt"], stage.datanet_owner
    description = sha256(b"questions and answers about ledgers").digest()
    receipt = registry.send(owner, "create_datanet", TEXT, 1 << MARKDOWN, TERMS, LIMITS, description)
    created = registry.event("DatanetCreated", receipt)
    stage.datanet_id = created["datanet_id"]
    assert (created["owner"], tuple(created["terms"].values())) == (owner.address.lower(), TERMS)
    stage.approve(owner, "ReviewCourt", BUDGET_WEI)
    court.send(owner, "fund", stage.datanet_id, BUDGET_WEI)
    assert court.read("budget", stage.datanet_id) == BUDGET_WEI == stage.balance(court)


def add_deposits(stage: Stage) -> None:
    """Every contributor puts down two deposits, one for each file they may show."""
    registry = stage["DatanetRegistry"]
    deposit_wei = registry.read("DEPOSIT_WEI")
    for contributor in stage.contributors:
        stage.approve(contributor, "DatanetRegistry", 2 * deposit_wei)
        receipt = registry.send(contributor, "add_deposits", stage.datanet_id, 2)
        assert registry.event("DepositsChanged", receipt)["amount_wei"] == 2 * deposit_wei
        assert registry.read("free_deposits", stage.datanet_id, contributor.address) == 2
    assert stage.balance(registry) == 2 * deposit_wei * len(stage.contributors)


def commit_contributions(stage: Stage) -> None:
    """Each file is committed to before anyone sees it; the id tells who came first."""
    registry = stage["DatanetRegistry"]
    for role, (number, text) in FILES.items():
        contributor = stage.contributors[number]
        # short ASCII without runs of white space: the canonical form is the text with its ends stripped
        canonical = sha256(text.strip().replace("\n", " ").encode()).digest()
        digest, salt = sha256(text.encode()).digest(), keccak(text=f"salt of {role}")
        types = ["address", "uint256", "bytes32", "bytes32", "bytes32"]
        values = [contributor.address, stage.datanet_id, digest, canonical, salt]
        receipt = registry.send(contributor, "commit", keccak(encode(types, values)))
        committed = registry.event("Committed", receipt)
        assert committed["contributor"] == contributor.address.lower()
        contribution_id = committed["contribution_id"]
        assert registry.read("contribution", contribution_id)["status"] == 0
        stage.contributions[role] = Contribution(contribution_id, contributor, digest, canonical, len(text), salt)


def reveal_contributions(stage: Stage) -> None:
    """Later the files are shown; each locks a deposit."""
    registry = stage["DatanetRegistry"]
    for each in stage.contributions.values():
        content = (each.digest, each.canonical_hash, each.byte_count)
        receipt = registry.send(
            each.contributor, "reveal", each.contribution_id, stage.datanet_id, *content, MARKDOWN, each.salt
        )
        shown = registry.event("Contributed", receipt)
        assert (shown["contribution_id"], shown["digest"]) == (each.contribution_id, each.digest)
        assert registry.read("contribution", each.contribution_id)["status"] == PENDING
    free = [registry.read("free_deposits", stage.datanet_id, each.address) for each in stage.contributors]
    assert free == [1, 0, 1]


def record_snapshot(stage: Stage) -> None:
    """The Datanet's owner records the root of what was accepted, in the order of ids."""
    registry = stage["DatanetRegistry"]
    accepted = [each for role, each in stage.contributions.items() if role != "spam"]
    leaves = []
    for each in sorted(accepted, key=lambda each: each.contribution_id):
        row = registry.read("contribution", each.contribution_id)
        assert row["status"] == ACCEPTED
        leaves.append(
            dataset_leaf(each.contribution_id, each.digest, each.contributor.address, each.byte_count, row["score"])
        )
    root = Tree.over(leaves).root
    manifest = sha256(b"manifest of the snapshot").digest()
    receipt = registry.send(stage.datanet_owner, "record_snapshot", stage.datanet_id, root, manifest, len(leaves))
    recorded = registry.event("SnapshotRecorded", receipt)
    assert (recorded["dataset_root"], recorded["version"], recorded["contribution_count"]) == (root, 1, 3)
    assert registry.read("snapshot_datanet", root) == stage.datanet_id
    stage.dataset_root = root


BEFORE_REVIEW: tuple[Callable[[Stage], None], ...] = (
    open_datanet,
    add_deposits,
    commit_contributions,
    reveal_contributions,
)
AFTER_REVIEW: tuple[Callable[[Stage], None], ...] = (record_snapshot,)
