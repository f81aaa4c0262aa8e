"""The speed scripts measure what they say: equal rows, equal scores, every figure present."""

import json
import sys

import pytest
import torch
from peft import LoraConfig, get_peft_model

from benchmarks.attribution import build_speed, gpu
from benchmarks.attribution.served import Row


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    lora = LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False)
    return get_peft_model(build_speed.random_llama(gpu.TINY), lora).eval()


def test_candidates_compute_the_same_gradients(tiny):
    draw = torch.Generator().manual_seed(0)
    rows = [Row(line) for line in torch.randint(512, (8, 12), generator=draw).tolist()]
    summed = build_speed.loop_rows(tiny, rows).sum(0)
    build_speed.plain_pass(tiny, torch.tensor([row.input_ids for row in rows]))
    matrices = build_speed.lora_matrices(tiny)
    plain = torch.cat([matrix.module.weight.grad.flatten() for matrix in matrices])
    # the library's loss is a mean over the predictions of all examples
    torch.testing.assert_close(plain * 8 * 11, summed, rtol=1e-3, atol=1e-3 * summed.abs().max().item())
    found = build_speed._measured("tiny", tiny, rows, batch_size=4, rounds=1)
    assert found["largest_deviation_from_loop"] < 1e-5
    assert set(found["examples_per_cpu_second"]) == {"plain", "rows", "both", "index", "loop"}


def test_gpu_script__on_a_cpu__writes_its_figures(tmp_path, monkeypatch):
    out = tmp_path / "gpu.json"
    monkeypatch.setattr(sys, "argv", ["gpu", "--device", "cpu", "--tiny", "--rounds", "1", "--out", str(out)])
    gpu.main()
    found = json.loads(out.read_text())
    assert found["is_smoke_test"]
    assert found["build"][0]["rows_are_finite"]
    assert found["equal"]["differing"] == 0
    assert found["equal"]["sha256_device"] == found["equal"]["sha256_cpu"]
    assert found["query"]["bytes_per_second"]["int8"] > 0
