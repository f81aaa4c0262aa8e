"""Gas on a node, at the bounds of every function: committees of 15 among 120 validators, batches of 16 and of 32.

`pytest -s` prints the figures.
"""

from pathlib import Path
from time import sleep

import pytest
from eth_abi import encode
from eth_utils import keccak
from web3 import Web3

from chain.client import ChainClient
from chain.contracts import abi
from chain.deploy import ClientDeployer
from chain.node import DEV_DEPLOYER, DevNode, dev_account

ROOT = Path(__file__).resolve().parents[3]
OPEN = 10**18
MOST_GAS = 8_000_000
TIMES = (1_000, 2_000, 4_000)
TEXT, IMAGE = 1, 2
LIMITS = (2**27, 2**33, 62, 2**20)
ZERO = "0x" + "00" * 20
DEPLOYER = dev_account(DEV_DEPLOYER)
VALIDATORS = [Web3.to_checksum_address(keccak(b"validator %d" % number)[:20]) for number in range(120)]
ACCEPT, REJECT = (True, 80, 0), (False, 0, 1)


class Reviews:
    """Sends as any account, which the node allows; remembers what every kind of call cost at most."""

    def __init__(self, client):
        self.client, self.most = client, {}
        deployer = ClientDeployer(DEPLOYER, rpc_url=client.rpc_url, root=ROOT)
        self.contracts, self.ids = {}, 0
        token = self.deploy(deployer, "OpenToken", DEPLOYER.address)
        pool = self.deploy(deployer, "ValidatorPool", token, 1_000 * OPEN, 10**6, DEPLOYER.address)
        registry = self.deploy(deployer, "DatanetRegistry", token, DEPLOYER.address, OPEN, DEPLOYER.address)
        court = self.deploy(deployer, "ReviewCourt", token, registry, pool, DEPLOYER.address, *TIMES, OPEN, 1_000)
        client.rpc("anvil_autoImpersonateAccount", True)
        for name in ("ValidatorPool", "DatanetRegistry"):
            self.send(name, "set_court", court)
        for spender in (pool, registry, court):
            self.send("OpenToken", "approve", spender, 2**256 - 1)

    def deploy(self, deployer, name, *arguments):
        address = deployer.deploy(name, *arguments).address
        self.contracts[name] = Web3().eth.contract(address=address, abi=abi(name, ROOT))
        return address

    def send(self, name, function, *arguments, sender=DEPLOYER.address, label=None):
        contract = self.contracts[name]
        data = contract.encode_abi(function, args=arguments)
        call = {"from": sender, "to": contract.address, "data": data, "gas": hex(16_000_000)}
        sent = self.client.rpc("eth_sendTransaction", call)
        # the node mines it at once, but answers before
        while (receipt := self.client.rpc("eth_getTransactionReceipt", sent)) is None:
            sleep(0.001)
        assert receipt["status"] == "0x1", self.client.rpc("eth_call", call)
        label = label or f"{name}.{function}"
        self.most[label] = max(self.most.get(label, 0), int(receipt["gasUsed"], 16))

    def words(self, function, *arguments):
        contract = self.contracts["ReviewCourt"]
        data = contract.encode_abi(function, args=arguments)
        return bytes.fromhex(self.client.rpc("eth_call", {"to": contract.address, "data": data}, "latest")[2:])

    def committee(self, contribution_id, level):
        return Web3().codec.decode(["uint256[]", "address[]"], self.words("committee", contribution_id, level))[1]

    def level(self, contribution_id):
        return int.from_bytes(self.words("round", contribution_id)[32:64])

    def join(self, account, modality, seats):
        self.client.rpc("anvil_setBalance", account, hex(10**21))
        self.send("OpenToken", "transfer", account, 100_000 * OPEN)
        self.send("OpenToken", "approve", self.contracts["ValidatorPool"].address, 2**256 - 1, sender=account)
        self.send("ValidatorPool", "join", modality, seats, sender=account)

    def mine(self, blocks=2, seconds=0):
        self.client.rpc("evm_increaseTime", seconds)
        self.client.rpc("anvil_mine", hex(blocks))

    def canonical_hash(self, contribution_id):
        return keccak(b"content %d" % contribution_id)

    def contribute(self, datanet_id, count=16):
        made = range(self.ids + 1, self.ids + count + 1)
        self.send("DatanetRegistry", "add_deposits", datanet_id, count)
        for number in made:
            content = [
                DEPLOYER.address,
                datanet_id,
                keccak(b"file %d" % number),
                self.canonical_hash(number),
                bytes(32),
            ]
            types = ["address", "uint256", "bytes32", "bytes32", "bytes32"]
            self.send("DatanetRegistry", "commit", keccak(encode(types, content)))
        self.mine()
        for number in made:
            content = (keccak(b"file %d" % number), self.canonical_hash(number), 100, 8 * (datanet_id - 1), bytes(32))
            self.send("DatanetRegistry", "reveal", number, datanet_id, *content)
        self.ids += count
        return list(made)

    def start(self, ids, label=None):
        self.send("ReviewCourt", "open_rounds", ids)
        self.draw(ids, label)

    def draw(self, ids, label=None):
        self.mine()
        self.send("ReviewCourt", "draw_committees", ids, label=label)

    def vote(self, ids, level, vote):
        """All seats of all committees, each validator's in one batch of at most 32."""
        votes = {}
        for number in ids:
            for position, validator in enumerate(self.committee(number, level)):
                if validator != ZERO:
                    votes.setdefault(Web3.to_checksum_address(validator), []).append((number, position))
        types = ["address", "uint256", "uint256", "uint256", "bool", "uint256", "uint256", "bytes32", "bytes32"]
        for validator, places in votes.items():
            words = [[validator, number, level, position, *vote, bytes(32), bytes(32)] for number, position in places]
            entries = [(*place, keccak(encode(types, word))) for place, word in zip(places, words, strict=True)]
            for start in range(0, len(entries), 32):
                batch = entries[start : start + 32]
                label = f"ReviewCourt.commit_votes {len(batch)}"
                self.send("ReviewCourt", "commit_votes", batch, sender=validator, label=label)
        for validator, places in votes.items():
            entries = [(*place, *vote, bytes(32), bytes(32)) for place in places]
            for start in range(0, len(entries), 32):
                batch = entries[start : start + 32]
                label = f"ReviewCourt.reveal_votes {len(batch)}"
                self.send("ReviewCourt", "reveal_votes", batch, sender=validator, label=label)

    def settle(self, ids, label):
        self.mine(seconds=TIMES[2])
        self.send("ReviewCourt", "settle", ids, [self.canonical_hash(number) for number in ids], label=label)


@pytest.fixture(scope="module")
def reviews():
    with DevNode.start(ROOT) as node:
        made = Reviews(ChainClient(node.rpc_url, root=ROOT))
        for validator in VALIDATORS:
            made.join(validator, TEXT, 1)
        made.join(VALIDATORS[0], IMAGE, 32)
        made.send("ValidatorPool", "leave", list(range(122, 153)), sender=VALIDATORS[0])
        made.send("DatanetRegistry", "create_datanet", TEXT, 1, (15, OPEN, OPEN), LIMITS, bytes(32))
        made.send("DatanetRegistry", "create_datanet", IMAGE, 2**8, (3, OPEN, OPEN), LIMITS, bytes(32))
        for datanet_id in (1, 2):
            made.send("ReviewCourt", "fund", datanet_id, 10**6 * OPEN)
        yield made


@pytest.mark.slow
def test_every_function_at_its_bounds__is_below_half_a_transaction(reviews):
    # one validator with 32 votes on 16 contributions, twice: then his earlier votes are there
    for _ in range(2):
        ids = reviews.contribute(2)
        reviews.start(ids)
        reviews.vote(ids, 0, ACCEPT)
        reviews.send("ReviewCourt", "tally", ids)
        reviews.mine()
        reviews.send("ReviewCourt", "audit", ids)
    # 16 committees of 15, whose validators all have earlier votes the second time
    for _ in range(2):
        ids = reviews.contribute(1)
        reviews.start(ids, "ReviewCourt.draw_committees 16 x 15")
        reviews.vote(ids, 0, ACCEPT)
        reviews.send("ReviewCourt", "tally", ids)
        reviews.mine()
        reviews.send("ReviewCourt", "audit", ids[:2])
    # too late for the hash: all of these are audited
    reviews.mine(300)
    reviews.send("ReviewCourt", "audit", ids[2:], label="ReviewCourt.audit 14, all opened")
    reviews.draw(ids[2:], "ReviewCourt.draw_committees 14 x 41")
    # two are appealed against through all levels, the others settled by peers
    ids = reviews.contribute(1)
    reviews.start(ids)
    reviews.vote(ids, 0, ACCEPT)
    reviews.send("ReviewCourt", "tally", ids[:14])
    reviews.mine()
    reviews.send("ReviewCourt", "audit", ids[:14])
    standing = [number for number in ids[:14] if reviews.level(number) == 0]
    reviews.send("ReviewCourt", "tally", ids[14:])
    for level, vote in ((1, REJECT), (2, ACCEPT)):
        for number in ids[14:]:
            reviews.send("ReviewCourt", "appeal", number, bytes(32))
        reviews.draw(ids[14:], "ReviewCourt.draw_committees 2 x 41")
        reviews.vote(ids[14:], level, vote)
        reviews.send("ReviewCourt", "tally", ids[14:])
    reviews.mine()
    reviews.send("ReviewCourt", "audit", ids[14:])
    reviews.settle(ids[14:], "ReviewCourt.settle 2 x 97 seats")
    reviews.settle(standing, f"ReviewCourt.settle {len(standing)} x 15 seats")
    reviews.send("ReviewCourt", "withdraw_earnings", Web3.to_checksum_address(reviews.committee(standing[0], 0)[0]))
    # 16 committees of which nobody votes, on another day: 62 files is the most a day
    reviews.mine(seconds=100_000)
    ids = reviews.contribute(1)
    reviews.start(ids)
    reviews.mine(seconds=TIMES[0])
    reviews.send("ReviewCourt", "tally", ids, label="ReviewCourt.tally 16 x 15, all fined")
    for label, gas in sorted(reviews.most.items()):
        print(f"{gas:>10,}  {label}")
    assert max(reviews.most.values()) <= MOST_GAS
    # what a vote costs its validator, in a full batch
    assert reviews.most["ReviewCourt.commit_votes 32"] <= 32 * 45_000
    assert reviews.most["ReviewCourt.reveal_votes 32"] <= 32 * 30_000
