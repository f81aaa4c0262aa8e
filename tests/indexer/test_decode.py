"""Every event of every ABI, encoded by eth-abi and read by the compiled decoders."""

import json
import random

import pytest
from eth_abi import encode
from eth_utils.address import to_checksum_address

from chain.contracts import CONTRACT_NAMES, abi
from chain.merkle import keccak
from indexer.blocks import RawLog
from indexer.decode import BadLog, Decoder, EventDecoder
from indexer.projections import REDUCERS

TRANSFER = {
    "type": "event",
    "name": "Transfer",
    "inputs": [
        {"name": "sender", "type": "address", "indexed": True},
        {"name": "amount", "type": "uint256", "indexed": False},
    ],
}
STRANGE = {
    "type": "event",
    "name": "Strange",
    "inputs": [
        {"name": "text", "type": "string", "indexed": False},
        {"name": "label", "type": "string", "indexed": True},
        {
            "name": "items",
            "type": "tuple[]",
            "indexed": False,
            "components": [{"name": "who", "type": "address"}, {"name": "change", "type": "int128"}],
        },
    ],
}


def random_value(entry, kind, chance):
    """A value of an ABI type as eth-abi takes it."""
    if kind.endswith("]"):
        return [random_value(entry, kind[: kind.rindex("[")], chance) for _ in range(chance.randint(0, 3))]
    if kind == "tuple":
        return tuple(random_value(each, each["type"], chance) for each in entry["components"])
    if kind == "bool":
        return chance.random() < 0.5
    if kind == "address":
        return to_checksum_address(chance.randbytes(20))
    if kind == "string":
        return "ångström"
    if kind == "bytes":
        return chance.randbytes(chance.randint(0, 40))
    if kind.startswith("bytes"):
        return chance.randbytes(int(kind[5:]))
    bits = int(kind.removeprefix("u").removeprefix("int"))
    return chance.randrange(2**bits) if kind.startswith("u") else chance.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1))


def expected(entry, kind, value):
    """The value as the decoders give it."""
    if kind.endswith("]"):
        return [expected(entry, kind[: kind.rindex("[")], each) for each in value]
    if kind == "tuple":
        return {
            each["name"]: expected(each, each["type"], part)
            for each, part in zip(entry["components"], value, strict=True)
        }
    return "0x" + value.hex() if isinstance(value, bytes) else value


def all_events(root):
    for contract in CONTRACT_NAMES:
        for entry in abi(contract, root):
            if entry["type"] == "event":
                yield contract, entry


def test_every_event_of_every_abi__is_decoded_and_survives_storage(request, encode_log):
    chance = random.Random(5)
    for contract, entry in all_events(request.config.rootpath):
        decoder = EventDecoder(entry)
        for _ in range(20):
            values = [random_value(each, each["type"], chance) for each in entry["inputs"]]
            pairs = zip(entry["inputs"], values, strict=True)
            wanted = {each["name"]: expected(each, each["type"], value) for each, value in pairs}
            args = decoder.decode(*encode_log(entry, values))
            assert args == wanted, f"{contract}.{entry['name']}"
            assert decoder.from_json(decoder.to_json(args)) == args


def test_every_reducer__reads_an_event_that_exists(request):
    known = {(contract, entry["name"]) for contract, entry in all_events(request.config.rootpath)}
    assert set(REDUCERS) <= known


def test_events_without_a_reducer__are_those_that_add_nothing_up(request):
    # a new event lands here until someone decides whether a projection needs it
    known = {(contract, entry["name"]) for contract, entry in all_events(request.config.rootpath)}
    projected = {contract for contract, _ in REDUCERS}
    assert {each for each in known - set(REDUCERS) if each[0] in projected} == {
        ("DatanetRegistry", "Committed"),
        ("DatanetRegistry", "CourtSet"),
        ("DatanetRegistry", "DepositLost"),
        # a reveal takes a deposit without this event, so that only the contract knows how many are free
        ("DatanetRegistry", "DepositsChanged"),
        ("DatanetRegistry", "OwnershipTransferred"),
        ("InferencePayments", "OwnershipTransferred"),
        ("InferencePayments", "SplitChanged"),
        ("OpenGovernor", "EIP712DomainChanged"),
        ("OpenGovernor", "GuardianSet"),
        ("OpenGovernor", "LateQuorumVoteExtensionSet"),
        ("OpenGovernor", "ProposalThresholdSet"),
        ("OpenGovernor", "QuorumNumeratorUpdated"),
        ("OpenGovernor", "TimelockChange"),
        ("OpenGovernor", "VotingDelaySet"),
        ("OpenGovernor", "VotingPeriodSet"),
        # the registry's Resolved says the same in the same transaction
        ("ReviewCourt", "Settled"),
        ("RewardDistributor", "AccruerSet"),
        ("RewardDistributor", "DisputesSet"),
        ("RewardDistributor", "HoldsChanged"),
        ("RewardDistributor", "OwnershipTransferred"),
        ("RewardDistributor", "SignersSet"),
        ("StakedOpen", "RewardAdded"),
        ("StakedOpen", "Transfer"),
        ("ValidatorPool", "CourtSet"),
        ("ValidatorPool", "OwnershipTransferred"),
    }


def test_events_of_one_contract__have_names_of_their_own(request):
    # events are stored and rebuilt by name
    names = [(contract, entry["name"]) for contract, entry in all_events(request.config.rootpath)]
    assert len(names) == len(set(names))


def test_arrays_of_structs_and_indexed_strings():
    decoder = EventDecoder(STRANGE)
    who = to_checksum_address(bytes(range(20)))
    data = encode(["string", "(address,int128)[]"], ["hi\x00there", [(who, -5)]])
    args = decoder.decode((decoder.topic, keccak(b"label")), data)
    assert args == {
        "text": "hi\ufffdthere",
        "label": "0x" + keccak(b"label").hex(),
        "items": [{"who": who, "change": -5}],
    }
    assert decoder.from_json(decoder.to_json(args)) == args
    assert json.loads(decoder.to_json(args))["items"][0]["change"] == "-5"


ADDRESS = "0x" + "11" * 20
SENDER = bytes(12) + b"\x22" * 20


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ((), b""),
        ((keccak(b"Other()"),), b""),
        ((keccak(b"Transfer(address,uint256)"),), bytes(32)),
        ((keccak(b"Transfer(address,uint256)"), SENDER), bytes(31)),
        ((keccak(b"Transfer(address,uint256)"), SENDER), bytes(64)),
        ((keccak(b"Transfer(address,uint256)"), b"\xff" * 32), bytes(32)),
    ],
)
def test_log_that_fits_no_event__is_a_bad_log_with_a_reason(topics, data):
    decoder = Decoder({"Token": (ADDRESS, [TRANSFER])})
    result = decoder.decode(RawLog(1, 0, "0x01", "0x02", ADDRESS, topics, data), block_timestamp=0)
    assert isinstance(result, BadLog)
    assert result.reason


def test_malformed_dynamic_data__is_a_bad_log():
    decoder = Decoder({"Token": (ADDRESS, [STRANGE])})
    topics = EventDecoder(STRANGE).topic, keccak(b"label")
    for data in (b"", b"\xff" * 64, bytes(31) + b"\x40" + b"\xff" * 32, encode(["uint256"] * 2, [64, 2**200])):
        result = decoder.decode(RawLog(1, 0, "0x01", "0x02", ADDRESS, topics, data), block_timestamp=0)
        assert isinstance(result, BadLog)
