"""What names a row."""

from dataclasses import dataclass, replace

import pytest
import torch

from attribution_oracle.gradient_store.errors import StoreMismatch
from attribution_oracle.gradient_store.keys import Segment, example_digest, parse_header, row_keys


@dataclass
class Text:
    input_ids: list[int]
    completion_start: int


@dataclass
class Picture:
    inputs: dict[str, torch.Tensor]
    label: int


def test_key__changes_with_everything_that_the_row_depends_on(segment):
    text = Text([1, 2, 3], 1)
    segments = [
        segment,
        replace(segment, adapter_digest=bytes(32)),
        replace(segment, spec={"damping": "0.2", "seed": 0}),
        replace(segment, role="query"),
        replace(segment, columns=301),
        replace(segment, kind="fp16"),
    ]
    texts = [text, Text([1, 2, 3], 2), Text([1, 2, 4], 1), Text([1, 2, 3, 0], 1), Text([1, 2], 1)]
    keys = {row_keys(one, [text])[0] for one in segments} | {row_keys(segment, [one])[0] for one in texts}
    assert len(keys) == len(segments) + len(texts) - 1


def test_key__of_equal_tokens__tells_copies_apart_by_their_occurrence(segment):
    text, other = Text([5, 6], 1), Text([5, 7], 1)
    first, second, third = row_keys(segment, [text, other, text])
    assert first != third
    assert row_keys(segment, [other, text, text]) == [second, first, third]


def test_key__of_an_image_or_a_sound__is_that_of_its_class_and_its_numbers(segment):
    pixels = torch.arange(12.0).view(3, 4)
    pictures = [
        Picture({"pixel_values": pixels}, 1),
        Picture({"pixel_values": pixels}, 2),
        Picture({"pixel_values": pixels + 1}, 1),
        Picture({"pixel_values": pixels.view(4, 3)}, 1),
        Picture({"input_values": pixels}, 1),
        Picture({"pixel_values": pixels, "mask": pixels}, 1),
    ]
    assert len(set(row_keys(segment, pictures))) == len(pictures)
    again = Picture({"pixel_values": pixels.T.contiguous().T}, 1)
    assert example_digest(again) == example_digest(pictures[0])


def test_segment__does_not_depend_on_the_order_of_its_parameters(segment):
    turned = dict(reversed(segment.spec.items()))
    assert replace(segment, spec=turned).digest == segment.digest


def test_names__stay_what_they_are():
    # what was published under these names must be found under them
    segment = Segment(bytes(32), {"seed": 0}, "train", 8)
    assert segment.digest.hex() == "23143359ff122b72a1aa8c0db18d084774e4b5027614f808962732ba3f3900e7"
    assert (
        example_digest(Text([1, 2, 3], 2)).hex() == "9e0264959c16ea342bf7a1afdf5d49406ee7b1c48563d773abc785add3a14023"
    )
    assert (
        row_keys(segment, [Text([1, 2, 3], 2)])[0].hex()
        == "7a611aecf8cabb3c676cd8779e19ab27e7bd0eaee38908226f53d9c259c4f65f"
    )


def test_header__of_another_version_or_without_a_field__is_refused(segment):
    good = {"format": "openledger-gradient-store/1", "adapter_digest": "00" * 32, "spec": {}, "role": "train"}
    with pytest.raises(StoreMismatch, match="has format 'openledger-gradient-store/2'"):
        parse_header(good | {"format": "openledger-gradient-store/2"})
    with pytest.raises(StoreMismatch, match="lacks or garbles a field"):
        parse_header(good)


@pytest.mark.parametrize("wrong", [{"adapter_digest": b"short"}, {"columns": 0}, {"kind": "fp8"}])
def test_segment__that_cannot_be__is_refused(segment, wrong):
    with pytest.raises(ValueError, match="expected 32 bytes"):
        replace(segment, **wrong)
