"""What a training job is asked to do."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class TrainSpec(BaseModel):
    """The whole recipe of a LoRA job: with the base and the examples it decides every byte of the adapter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    train_epochs: Annotated[int, Field(ge=1, le=1000)] = 3
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 8
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    warmup_steps: Annotated[int, Field(ge=0)] = 4
    weight_decay: Annotated[float, Field(ge=0, lt=1)] = 0.0
    max_gradient_norm: Annotated[float, Field(gt=0)] = 1.0
    rank: Annotated[int, Field(ge=1, le=256)] = 8
    alpha: Annotated[int, Field(ge=1, le=1024)] = 16
    layers: Annotated[int, Field(ge=0, description="how many of the last layers are adapted; 0: all")] = 0
    targets: Annotated[tuple[str, ...], Field(description="projections to adapt; empty: the family's")] = ()
    max_tokens: Annotated[int, Field(ge=4, le=131_072)] = 256
