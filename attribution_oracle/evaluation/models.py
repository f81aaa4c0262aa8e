"""The models and texts of a retrain bank, loaded: what methods, ours and others', are run on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attribution_oracle.evaluation.bank import BankRow, RetrainBank


def adapter_model(bank: RetrainBank, seed: int) -> Any:
    """The base with the adapter of a seed, float32, on the CPU, in evaluation mode. BankInvalid for an unknown seed."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # a bar for each adapter says nothing
    folder = bank.adapter_folder(seed)
    base = AutoModelForCausalLM.from_pretrained(bank.folder / "base", dtype=torch.float32, local_files_only=True)
    return PeftModel.from_pretrained(base, str(folder)).eval()


def texts(bank: RetrainBank, rows: Sequence[BankRow]) -> list[str]:
    """Rows as text, decoded by the bank's tokenizer."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(bank.folder / "base" / "tokenizer.json"))
    return [tokenizer.decode(row.input_ids) for row in rows]
