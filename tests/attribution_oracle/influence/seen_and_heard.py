"""Tiny image and audio models with LoRA, and examples that really differ by class: drawn digits and played tones."""

from dataclasses import dataclass
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from torch.nn import functional
from transformers import ASTConfig, ASTForAudioClassification, ViTConfig, ViTForImageClassification

# one byte a row, five pixels wide
DIGITS = (
    "0E11131519110E", "040C040404040E", "0E11010204081F", "1F02040201110E", "02060A121F0202",
    "1F101E0101110E", "0608101E11110E", "1F010204080808", "0E11110E11110E", "0E11110F01020C",
)  # fmt: skip
PITCHES = (3, 5, 8, 13, 20)
SMALL = {
    "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64,
    "initializer_range": 0.1, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip


@dataclass(frozen=True)
class Labelled:
    inputs: dict[str, Tensor]
    label: int


def images(count: int, *, seed: int) -> list[Labelled]:
    """Digits of 5 x 7 pixels somewhere in 8 x 8, of different brightness, in noise; classes take turns."""
    draw = torch.Generator().manual_seed(seed)
    found = []
    for label in (place % len(DIGITS) for place in range(count)):
        rows = bytes.fromhex(DIGITS[label])
        glyph = torch.tensor([[float(row >> (4 - column) & 1) for column in range(5)] for row in rows])
        top, left = int(torch.randint(2, (), generator=draw)), int(torch.randint(4, (), generator=draw))
        image = 0.2 * torch.randn(8, 8, generator=draw)
        image[top : top + 7, left : left + 5] += glyph * (0.7 + 0.6 * torch.rand((), generator=draw))
        found.append(Labelled({"pixel_values": image[None]}, label))
    return found


def tones(count: int, *, seed: int) -> list[Labelled]:
    """Log spectrograms `(16 frames, 16 bands)` of tones of five pitches, a little out of tune, in noise."""
    draw = torch.Generator().manual_seed(seed)
    time = torch.arange(1024) / 1024
    found = []
    for label in (place % len(PITCHES) for place in range(count)):
        pitch = 16 * PITCHES[label] * (1 + 0.03 * torch.randn((), generator=draw))
        phase = 6.28 * torch.rand((), generator=draw)
        wave = torch.sin(6.28319 * pitch * time + phase) + 0.3 * torch.randn(1024, generator=draw)
        power = torch.stft(wave, 64, hop_length=64, window=torch.hann_window(64), return_complex=True).abs()
        bands = power[:32, :16].reshape(16, 2, 16).mean(1)
        found.append(Labelled({"input_values": bands.T.log1p().contiguous()}, label))
    return found


def image_model(seed: int = 0, *, saved: list[str] | None = None) -> Any:
    """A tiny ViT, LoRA on all linear maps, both LoRA matrices away from zero."""
    torch.manual_seed(seed)
    config = ViTConfig(image_size=8, patch_size=2, num_channels=1, num_labels=len(DIGITS), **SMALL)
    return _adapted(ViTForImageClassification(config), saved)


def audio_model(seed: int = 0, *, saved: list[str] | None = None) -> Any:
    """A tiny AST, likewise."""
    torch.manual_seed(seed)
    sizes = {"patch_size": 4, "frequency_stride": 4, "time_stride": 4, "max_length": 16, "num_mel_bins": 16}
    return _adapted(ASTForAudioClassification(ASTConfig(num_labels=len(PITCHES), **sizes, **SMALL)), saved)


def train(model: Any, examples: list[Labelled], *, steps: int, seed: int = 0) -> Any:
    """The model after AdamW on batches of 32."""
    draw = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=4e-3, weight_decay=0.0)
    for _ in range(steps):
        batch = [examples[int(place)] for place in torch.randint(len(examples), (32,), generator=draw)]
        loss = functional.cross_entropy(logits(model, batch), torch.tensor([example.label for example in batch]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model.eval()


def logits(model: Any, batch: list[Labelled]) -> Tensor:
    """The model's logits `(batch, classes)`."""
    name = next(iter(batch[0].inputs))
    return model(**{name: torch.stack([example.inputs[name] for example in batch])}).logits


def _adapted(base: Any, saved: list[str] | None) -> Any:
    lora = LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", modules_to_save=saved, init_lora_weights=False)
    return get_peft_model(base, lora).eval()
