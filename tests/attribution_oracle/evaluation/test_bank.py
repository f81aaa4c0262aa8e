"""A bank is read back as it was written; one that was cut short, altered or is of another format is refused."""

import json

import numpy as np
import pytest

from attribution_oracle.errors import BankInvalid
from attribution_oracle.evaluation.bank import load_bank
from attribution_oracle.evaluation.models import adapter_model, texts


def rewrite(folder, change):
    """Applies a change to bank.json."""
    path = folder / "bank.json"
    index = json.loads(path.read_text())
    change(index)
    path.write_text(json.dumps(index))


def reseal(folder, name):
    """Makes bank.json agree with a file that was changed."""
    import hashlib

    content = (folder / name).read_bytes()
    described = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    rewrite(folder, lambda index: index["files"].update({name: described}))


def test_bank__is_read_as_it_was_written(tiny_bank):
    again = load_bank(tiny_bank.folder)
    assert again.digest == tiny_bank.digest
    assert again.train == tiny_bank.train and again.queries == tiny_bank.queries
    assert again.owners.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert again.adapter_seeds == (5, 6)
    assert again.group("without").left_out == ("ada", "ben", "cleo")
    assert (again.group("half").losses == tiny_bank.group("half").losses).all()


def test_bank__opens_its_adapters_and_texts(tiny_bank):
    names = {name.split(".")[-2] for name, _ in adapter_model(tiny_bank, 5).named_modules() if "lora_A." in name}
    assert names == {"lora_A"}
    one, other = (dict(adapter_model(tiny_bank, seed).named_parameters()) for seed in (5, 6))
    assert any((one[name] != other[name]).any() for name in one if "lora_B" in name)
    assert texts(tiny_bank, tiny_bank.train[:1])[0].split()[0] == f"w{tiny_bank.train[0].input_ids[0]}"


@pytest.mark.parametrize(
    "name", ["base/model.safetensors", "losses.npz", "train.jsonl", "adapters/5/adapter_config.json"]
)
def test_bank__with_a_truncated_file__is_refused(bank_copy, name):
    content = (bank_copy / name).read_bytes()
    (bank_copy / name).write_bytes(content[:-7])
    with pytest.raises(BankInvalid, match=rf"{name} has {len(content) - 7} bytes; expected {len(content)}"):
        load_bank(bank_copy)


def test_bank__with_an_altered_file__is_refused(bank_copy):
    content = bytearray((bank_copy / "base" / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (bank_copy / "base" / "model.safetensors").write_bytes(content)
    with pytest.raises(BankInvalid, match="another sha256"):
        load_bank(bank_copy)


def test_bank__with_a_file_gone__is_refused(bank_copy):
    (bank_copy / "losses.npz").unlink()
    with pytest.raises(BankInvalid, match="is not there"):
        load_bank(bank_copy)


def test_bank__that_reaches_outside_of_its_folder__is_refused(bank_copy):
    rewrite(bank_copy, lambda index: index["files"].update({"../secret": {"bytes": 0, "sha256": ""}}))
    (bank_copy.parent / "secret").write_text("")
    with pytest.raises(BankInvalid, match="secret"):
        load_bank(bank_copy)


def test_bank__that_is_no_bank__is_refused(tmp_path):
    with pytest.raises(BankInvalid, match="does not exist"):
        load_bank(tmp_path)
    (tmp_path / "bank.json").write_text("{")
    with pytest.raises(BankInvalid, match="expected JSON"):
        load_bank(tmp_path)


def test_bank__of_another_format__is_refused(bank_copy):
    rewrite(bank_copy, lambda index: index.update(format="openledger-retrain-bank/9"))
    with pytest.raises(BankInvalid, match='has format "openledger-retrain-bank/9"'):
        load_bank(bank_copy)


def test_bank__whose_losses_have_another_shape__is_refused(bank_copy):
    arrays = dict(np.load(bank_copy / "losses.npz"))
    arrays["half_losses"] = arrays["half_losses"][:, :-1]
    np.savez_compressed(bank_copy / "losses.npz", **arrays)
    reseal(bank_copy, "losses.npz")
    with pytest.raises(BankInvalid, match='group "half"'):
        load_bank(bank_copy)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"contributor": "nobody"}, 'contributor "nobody" is not listed'),
        ({"contributor": None}, "has no contributor"),
        ({"completion_start": 0}, "completion_start 0"),
        ({"other": 1}, "is no row"),
    ],
)
def test_bank__with_a_row_that_makes_no_sense__is_refused(bank_copy, change, message):
    lines = (bank_copy / "train.jsonl").read_text().splitlines()
    lines[0] = json.dumps({**json.loads(lines[0]), **change})
    (bank_copy / "train.jsonl").write_text("\n".join(lines) + "\n")
    reseal(bank_copy, "train.jsonl")
    with pytest.raises(BankInvalid, match=message):
        load_bank(bank_copy)


def test_bank__asked_for_what_it_lacks__says_what_it_has(tiny_bank):
    with pytest.raises(BankInvalid, match=r"no adapter of seed 9; expected one of 5, 6"):
        tiny_bank.adapter_folder(9)
    with pytest.raises(BankInvalid, match=r'no group "contributors" .* it has full, half, without'):
        tiny_bank.group("contributors")
