"""The gateway's settings and what it expects of the model behind it."""

from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class GatewaySettings(BaseModel):
    """One gateway: whose it is, where its receipts lie, and its limits. Values without a default must be given.

    Attributes:
        database: the receipts and what is due: to be backed up, as it is all that proves what payers owe.
        operator_key: the private key (0x hex) of the operator: it signs redemptions, and its account earns nothing.
        oracle_token: who bears it may read private prompts and answers, as the oracle must; None: nobody may.
        operator_token: who bears it may have what is due redeemed, which costs gas; None: nobody may over HTTP.
        expiry_margin_seconds: how long a voucher must stay good after its answer, so that it can be redeemed in time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    database: Path
    operator_key: SecretStr
    oracle_token: SecretStr | None = None
    operator_token: SecretStr | None = None
    expiry_margin_seconds: int = Field(default=3_600, ge=0)
    max_prompt_tokens: int = Field(default=1_024, ge=1)
    max_answer_tokens: int = Field(default=512, ge=1)
    max_body_bytes: int = Field(default=262_144, ge=1)


class Answer(Protocol):
    """An answer and what it is metered by."""

    @property
    def text(self) -> str: ...
    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...


class Answerer(Protocol):
    """The model behind the gateway, such as trainer.serving.Answerer; the gateway calls it from one thread at a time.

    It answers with the very weights that ModelRegistry names for the adapter, or raises: a fee for another model under
    the adapter's name would be a fraud. Whatever it raises, no answer was made and nothing is charged.
    """

    def count_tokens(self, prompt: str) -> int:
        """The input tokens that an answer to `prompt` will be metered by."""

    def answer(self, adapter_id: int, prompt: str, max_new_tokens: int) -> Answer:
        """The adapter's answer, at most `max_new_tokens` long."""
