"""Blocks into tables and out again, without a node: any sequence of forks equals a replay of what remained."""

import random
from dataclasses import dataclass, field

import pytest
from eth_utils.address import to_checksum_address
from sqlalchemy import create_engine, select
from sqlalchemy.exc import IntegrityError

from indexer.blocks import Batch, Header, RawLog
from indexer.database import Database
from indexer.errors import DatabaseInUse, SchemaChanged
from indexer.finality import Finality, projection
from indexer.models import KEYS, PROJECTIONS
from indexer.store import BLOCK, CURSOR, DEAD_LETTER, EVENT, Store, digest
from indexer.uint256 import Uint256
from indexer.undo import UNDO

ACCOUNTS = [to_checksum_address(f"0x{number:040x}") for number in range(1, 4)]


@dataclass
class Chain:
    """A chain that exists on paper: blocks of random events that are valid in any order."""

    chance: random.Random
    deployment: object
    encode_log: object
    decoder: object
    blocks: list[Batch] = field(default_factory=list)

    def extend(self, count):
        for _ in range(count):
            number = len(self.blocks) + 1
            block_hash = f"0x{self.chance.getrandbits(64):x}"
            parent = self.blocks[-1].headers[0].hash if self.blocks else "0x0"
            logs = [self.log(number, index, block_hash) for index in range(self.chance.randint(0, 3))]
            self.blocks.append(Batch([Header(number, block_hash, parent, timestamp=number)], logs))

    def log(self, number, index, block_hash):
        contract, name, values = self.chance.choice(self.choices())
        decoder = next(each for each in self.decoder.events[contract] if each.name == name)
        topics, data = self.encode_log({"name": name, "inputs": decoder.inputs}, values)
        address = self.deployment.address(contract).lower()
        return RawLog(number, index, block_hash, "0x99", address, topics, data)

    def choices(self):
        account, amount, small = self.chance.choice(ACCOUNTS), self.chance.randrange(10**18), self.chance.randint(1, 3)
        flag = self.chance.random() < 0.5
        return [
            ("InferencePayments", "Deposited", (account, account, amount)),
            ("InferencePayments", "WithdrawalRequested", (account, amount, small)),
            ("InferencePayments", "OwnerCredited", (account, small, amount)),
            ("StakedOpen", "Staked", (account, amount)),
            ("StakedOpen", "DelegateVotesChanged", (account, 0, amount)),
            ("DatanetRegistry", "CuratorSet", (small, account, flag)),
            ("ReviewCourt", "Funded", (small, account, amount)),
            ("ValidatorPool", "StakeAdded", (account, amount)),
            ("ModelRegistry", "OperatorSet", (small, account, flag)),
            ("RewardDistributor", "Accrued", (small, amount, amount)),
            ("RewardDistributor", "Claimed", (account, small, amount, amount)),
        ]

    def between(self, first, last):
        part = self.blocks[first - 1 : last]
        return Batch([each.headers[0] for each in part], [log for each in part for log in each.logs])


@pytest.fixture
def open_store(busy_market, decoder, tmp_path):
    """Opens empty stores whose first block is 1."""
    opened = []

    def open_one(name):
        store = Store(Database(f"sqlite:///{tmp_path / name}.db"), decoder, chain_id=31337, start_block=1)
        store.open()
        opened.append(store)
        return store

    yield open_one
    for each in opened:
        each.database.close()


@pytest.fixture
def chain(busy_market, encode_log, decoder):
    return Chain(random.Random(1), busy_market.deployment, encode_log, decoder)


def replay(store, chain, *, finalized):
    if chain.blocks:
        store.apply(chain.between(1, len(chain.blocks)), finalized_number=finalized)


def projected(store, finality):
    """All projections as sets of rows."""
    with store.database.reading() as connection:
        return {
            name: sorted(tuple(row) for row in connection.execute(select(projection(name, finality))))
            for name in PROJECTIONS
        }


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_forks__equals_a_replay_of_what_remained(chain, open_store, seed):
    chain.chance = random.Random(seed)
    store, finalized, rollbacks = open_store("live"), 0, 0
    for _ in range(20):
        tip = len(chain.blocks)
        action = chain.chance.choice(["extend", "extend", "fork", "finalize"])
        if action == "fork" and tip > finalized:
            fork = chain.chance.randint(finalized, tip - 1)
            store.rollback(fork)
            del chain.blocks[fork:]
            rollbacks += 1
        elif action == "finalize" and tip > finalized:
            finalized = chain.chance.randint(finalized, tip)
            store.finalize(finalized)
        else:
            count = chain.chance.randint(1, 4)
            chain.extend(count)
            store.apply(chain.between(tip + 1, tip + count), finalized_number=finalized)
    assert rollbacks > 0
    fresh = open_store("fresh")
    replay(fresh, chain, finalized=finalized)
    assert digest(store.database) == digest(fresh.database)
    store.rebuild()
    assert digest(store.database) == digest(fresh.database)
    check_finalized_view(store, chain, open_store("final"), finalized=finalized)


def check_finalized_view(store, chain, expected_store, *, finalized):
    """What `finality=finalized` shows is what a database shows that ends at the finalized block."""
    del chain.blocks[finalized:]
    replay(expected_store, chain, finalized=finalized)
    assert projected(store, Finality.FINALIZED) == projected(expected_store, Finality.LATEST)


def test_apply__twice__fails_and_changes_nothing(chain, open_store):
    chain.extend(3)
    store = open_store("twice")
    store.apply(chain.between(1, 3), finalized_number=0)
    before = digest(store.database)
    with pytest.raises(IntegrityError):
        store.apply(chain.between(1, 3), finalized_number=0)
    assert digest(store.database) == before


def test_log_that_nothing_explains__is_kept_as_a_dead_letter_and_rolled_back(chain, open_store):
    chain.extend(1)
    address = chain.deployment.address("OpenToken").lower()
    strange = RawLog(1, 7, chain.blocks[0].headers[0].hash, "0x99", address, (b"\x01" * 32,), b"\x02")
    chain.blocks[0].logs.append(strange)
    store = open_store("strange")
    store.apply(chain.between(1, 1), finalized_number=0)
    with store.database.reading() as connection:
        row = connection.execute(select(DEAD_LETTER)).mappings().one()
    assert (row["contract"], row["topics"], row["data"]) == ("OpenToken", "0x" + "01" * 32, "0x02")
    store.rollback(0)
    with store.database.reading() as connection:
        assert connection.execute(select(DEAD_LETTER)).first() is None


def test_window_and_undo__end_at_the_finalized_block(chain, open_store):
    chain.extend(9)
    store = open_store("window")
    store.apply(chain.between(1, 9), finalized_number=4)
    store.finalize(6)
    position, hashes = store.position()
    assert (position.number, position.finalized_number, sorted(hashes)) == (9, 6, [6, 7, 8, 9])
    with store.database.reading() as connection:
        for twin in UNDO.values():
            assert all(block > 6 for (block,) in connection.execute(select(twin.c.undo_block)))


def test_open__for_other_addresses__refuses(chain, open_store, decoder):
    store = open_store("other")
    other = Store(store.database, decoder, chain_id=1, start_block=1)
    with pytest.raises(SchemaChanged, match="index into a new database"):
        other.open()


def test_lock__second_writer__refuses_until_the_first_is_gone(tmp_path):
    first, second = (Database(f"sqlite:///{tmp_path / 'one.db'}") for _ in range(2))
    first.lock()
    with pytest.raises(DatabaseInUse, match="stop it first"):
        second.lock()
    first.close()
    second.lock()
    second.close()


def test_reading__sees_one_moment_while_the_writer_goes_on(chain, open_store):
    chain.extend(4)
    store = open_store("moment")
    store.apply(chain.between(1, 2), finalized_number=0)
    with store.database.reading() as connection:
        assert connection.execute(select(CURSOR.c.block_number)).scalar() == 2
        store.apply(chain.between(3, 4), finalized_number=0)
        assert connection.execute(select(CURSOR.c.block_number)).scalar() == 2
        assert connection.execute(select(BLOCK.c.number).order_by(BLOCK.c.number.desc())).scalar() == 2


def test_uint256__sorts_as_text_like_the_number_and_refuses_others():
    column, dialect = Uint256(), create_engine("sqlite://").dialect
    numbers = [0, 1, 9, 10, 2**64, 2**128 - 1, 2**256 - 1]
    texts = [column.process_bind_param(number, dialect) for number in numbers]
    assert texts == sorted(texts)
    assert [column.process_result_value(text, dialect) for text in texts] == numbers
    for wrong in (-1, 2**256):
        with pytest.raises(ValueError, match="not a uint256"):
            column.process_bind_param(wrong, dialect)


def test_every_projection__has_a_key_and_an_undo_twin():
    assert set(KEYS) == set(UNDO) == set(PROJECTIONS)
    assert all(KEYS.values())
    assert "args" in EVENT.c
