"""The manifest is canonical, complete and read strictly."""

import json

import pytest

from content.canonical import canonical_json
from trainer.errors import InvalidManifest
from trainer.lora import TrainedAdapter
from trainer.manifest import DatasetRef, build_manifest, parse_manifest
from trainer.spec import TrainSpec


@pytest.fixture
def data(trained: TrainedAdapter, spec: TrainSpec) -> bytes:
    dataset = DatasetRef(root=b"\x01" * 32, snapshot_cid="bafkqaaa", contribution_count=2)
    return build_manifest(trained, spec, datasets=[dataset], weights_cid="bafkqaab", parent=4)


def test_manifest__fields__are_those_of_the_formats_page(data: bytes, trained: TrainedAdapter) -> None:
    value = json.loads(data)
    assert value["format"] == "openledger-adapter/1"
    assert (value["family"], value["method"], value["parent"]) == ("LLaMA", "lora", 4)
    assert value["lora"]["layers"] == [0, 1]
    assert value["training"]["learning_rate"] == "0.01"
    assert value["training"]["losses"] == [f"{loss:.6f}" for loss in trained.losses]
    assert value["datasets"] == [{"root": "0x" + "01" * 32, "snapshot_cid": "bafkqaaa", "contribution_count": 2}]
    assert value["weights"] == {"cid": "bafkqaab", "sha256": "0x" + trained.weights_sha256.hex()}
    assert {"torch", "transformers", "peft"} <= set(value["versions"])


def test_manifest__parsed__spells_the_same_bytes(data: bytes, trained: TrainedAdapter) -> None:
    manifest = parse_manifest(data)
    assert canonical_json(manifest.model_dump()) == data
    assert manifest.weights_digest() == trained.weights_sha256


def test_manifest__spec__is_that_of_the_job(data: bytes, trained: TrainedAdapter, spec: TrainSpec) -> None:
    manifest = parse_manifest(data)
    whole = {"layers": len(trained.shape.layers), "targets": trained.shape.targets}
    assert manifest.spec() == spec.model_copy(update=whole)
    assert manifest.training.threads == 1


def test_manifest__training_that_no_job_has__is_refused(data: bytes) -> None:
    value = json.loads(data)
    value["training"]["learning_rate"] = "fast"
    with pytest.raises(InvalidManifest, match=r"could not convert.*fast"):
        parse_manifest(canonical_json(value)).spec()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: value | {"format": "openledger-adapter/2"},
        lambda value: value | {"note": "more"},
        lambda value: value | {"parent": "4"},
        lambda value: {key: part for key, part in value.items() if key != "weights"},
        lambda value: [value],
    ],
)
def test_manifest__other_fields__are_refused(data: bytes, spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidManifest):
        parse_manifest(canonical_json(spoil(json.loads(data))))


@pytest.mark.parametrize("spoil", [lambda data: data + b"\n", lambda data: data[:-1], lambda data: b"\xff"])
def test_manifest__other_bytes__are_refused(data: bytes, spoil) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InvalidManifest):
        parse_manifest(spoil(data))
