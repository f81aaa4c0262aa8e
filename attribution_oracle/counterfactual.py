"""What a reward epoch's answers would have lost without each contribution: the question of the served adapter itself.

It pays nothing (docs/adr/0013): who contributed is paid for what any adapter would have learned, this asks what this
very one did. The adapter is trained again from its manifest, which also shows whether it is what the manifest says;
then once more without each contribution, whose places in the batches stay empty, and the answers that were paid for are
asked again. Where that is too many trainings, linear retraining (`influence/retraining.py`) takes all contributions out
of one; where training has learned its examples by heart, it foretells little (docs/adr/0016). The metagradient, an
exact derivative through the same training of the fee-weighted loss, stands beside either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from attribution_oracle import wire
from attribution_oracle.chain_facts import Log, read_facts
from attribution_oracle.evidence import SHARES, read_bundle
from attribution_oracle.inputs import inputs_of_bundle
from attribution_oracle.receipts import PaidReceipt, Receipt, cover
from attribution_oracle.recording import Recorded, record, train_without
from attribution_oracle.scoring import encoded_answer
from attribution_oracle.sources import AdapterSource, fetch_source
from chain.client import ChainClient
from content.store import ContentStore
from trainer.examples import Encoded, encode
from trainer.lora import ReportProgress

if TYPE_CHECKING:
    from torch import Tensor

# What the second moment is smoothed by in a replay: docs/adr/0013-served-adapter.md.
_ROOT = 1e-8
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """One adapter's public answers: `nats` `(n_receipt, n_contribution)` is what each lost without each contribution.

    `shares_ppm`, of the same shape, is what the published evidence gave. `metagradient` `(n_contribution,)` is in nats
    of the fee-weighted mean loss, None where it was not asked for. `trained_digest` is `weights_digest` if the adapter
    is what its manifest says, and this machine computes as its owner's did.
    """

    adapter_id: int
    weights_digest: bytes
    trained_digest: bytes
    contribution_ids: tuple[int, ...]
    contributors: tuple[str, ...]
    receipt_ids: tuple[bytes, ...]
    fees_wei: tuple[int, ...]
    nats: NDArray[np.float64]
    shares_ppm: NDArray[np.int64]
    metagradient: NDArray[np.float64] | None
    private_count: int

    @property
    def is_reproduced(self) -> bool:
        """Whether training again gave the registered bytes."""
        return self.trained_digest == self.weights_digest

    @property
    def mean_nats(self) -> NDArray[np.float64]:
        """The fee-weighted mean over answers of what they lost, `(n_contribution,)`."""
        return self._weights @ self.nats

    @property
    def mean_share(self) -> NDArray[np.float64]:
        """The part of these answers' fees that each contribution was credited with, `(n_contribution,)`."""
        credited: NDArray[np.float64] = self._weights @ self.shares_ppm / 1e6
        return credited

    @property
    def _weights(self) -> NDArray[np.float64]:
        return fee_weights(self.fees_wei)


def fee_weights(fees_wei: Sequence[int]) -> NDArray[np.float64]:
    """Each fee's part of their sum; fees are integers past what a float holds."""
    total = sum(fees_wei)
    return np.array([fee / total for fee in fees_wei])


def counterfactuals(
    post: Log,
    *,
    client: ChainClient,
    store: ContentStore,
    bases: Sequence[Path],
    is_linear: bool = False,
    with_metagradient: bool = False,
    say: Say = lambda _: None,
    progress: ReportProgress = lambda _: None,
) -> list[Counterfactual]:
    """One for each adapter with public answers in the reward epoch of a posted root.

    `is_linear`: by linear retraining, in place of a training without each contribution.

    Raises:
        FileDiffers, EvidenceInvalid, ReceiptInvalid, SourceLied: the evidence, or what it leads to, is not to be had.
        ModelUnavailable: no base in `bases` is the one that an adapter names.
        TrainerError: an adapter cannot be trained again.
    """
    bundle = read_bundle(post["evidence_digest"], store)
    facts = read_facts(client, bundle.reward_epoch, block=bundle.block, before=post)
    inputs = inputs_of_bundle(bundle, facts, store)
    # without those of adapters that the epoch skipped
    paid = cover(inputs.redemptions, inputs.receipts)
    shares = {wire.bytes32(line, "receipt_id"): dict(line["shares"]) for line in bundle.lines(SHARES)}
    owners = {key: fact.contributor for key, fact in facts.contributions.items()}
    found = []
    for adapter_id in sorted({item.receipt.adapter_id for item in paid}):
        mine = [item for item in paid if item.receipt.adapter_id == adapter_id]
        if not any(item.receipt.is_public for item in mine):
            say(f"adapter {adapter_id}: all of its {len(mine)} answers are private; nothing can be asked again")
            continue
        with TemporaryDirectory() as work:
            source = fetch_source(
                facts.adapters[adapter_id], facts.contributions, store=store, bases=bases, work=Path(work)
            )
            say(f"adapter {adapter_id}: training it again on {len(source.examples)} examples")
            recorded = record(source, work=Path(work) / "again", progress=progress)
            ids = tuple(dict.fromkeys(example.contribution_id for example in source.examples))
            retrained = None
            if not is_linear:
                retrained = {}
                for key in ids:
                    say(f"adapter {adapter_id}: training it without contribution {key}")
                    retrained[key] = train_without(source, key, work=Path(work) / str(key), progress=progress)
            say(f"adapter {adapter_id}: asking it again without each of {len(ids)} contributions")
            found.append(
                counterfactual_of(
                    source, recorded, mine, shares, owners, retrained=retrained, with_metagradient=with_metagradient
                )
            )
    return found


def counterfactual_of(
    source: AdapterSource,
    recorded: Recorded,
    paid: Sequence[PaidReceipt],
    shares: Mapping[bytes, Mapping[int, int]],
    owners: Mapping[int, str],
    *,
    retrained: Mapping[int, Mapping[str, Tensor]] | None = None,
    with_metagradient: bool = False,
) -> Counterfactual:
    """Of one adapter's paid receipts, some of them public: their published `shares`, in ppm, by receipt id.

    `retrained` are the tensors of adapters trained without each contribution (`recording.train_without`), by its id;
    None: by linear retraining.
    """
    public = [item.receipt for item in paid if item.receipt.is_public]
    ids, nats, derivative = _asked(source, recorded, public, retrained, with_metagradient)
    return Counterfactual(
        adapter_id=source.fact.adapter_id,
        weights_digest=source.fact.weights_digest,
        trained_digest=recorded.weights_digest,
        contribution_ids=ids,
        contributors=tuple(owners[key] for key in ids),
        receipt_ids=tuple(receipt.receipt_id for receipt in public),
        fees_wei=tuple(receipt.fee_wei for receipt in public),
        nats=nats,
        shares_ppm=np.array([[shares[receipt.receipt_id].get(key, 0) for key in ids] for receipt in public]),
        metagradient=derivative,
        private_count=len(paid) - len(public),
    )


def _asked(
    source: AdapterSource,
    recorded: Recorded,
    public: Sequence[Receipt],
    retrained: Mapping[int, Mapping[str, Tensor]] | None,
    with_metagradient: bool,
) -> tuple[tuple[int, ...], NDArray[np.float64], NDArray[np.float64] | None]:
    import torch

    from attribution_oracle.influence.retraining import RetrainingSpec, displacements, effects

    model, tokenizer = source.load()
    train = [encode(example, tokenizer, source.max_tokens) for example in source.examples]
    answers = [encoded_answer(receipt, tokenizer, source.max_tokens) for receipt in public]
    owners = [example.contribution_id for example in source.examples]
    ids = tuple(dict.fromkeys(owners))
    groups = torch.tensor([[owner == key for owner in owners] for key in ids])
    if retrained is None:
        moved = displacements(model, train, recorded.trajectory, groups, RetrainingSpec())
    else:
        moved = torch.stack([_displaced(model, retrained[key]) for key in ids])
    nats = effects(model, answers, moved).double().numpy()
    derivative = None
    if with_metagradient:
        weights = torch.from_numpy(fee_weights([receipt.fee_wei for receipt in public])).float()
        derivative = _metagradient(model, train, answers, recorded, weights) @ groups.double().numpy().T
    return ids, nats, derivative


def _displaced(model: Any, tensors: Mapping[str, Tensor]) -> Tensor:
    """How far the parameters of an adapter's file are from the model's, `(P,)`."""
    import torch

    from attribution_oracle.influence.gradients import lora_matrices

    parts = []
    for matrix in lora_matrices(model):
        # a file leaves out the name under which a model holds the adapter
        name = f"{matrix.name.removesuffix(f'.{model.active_adapter}')}.weight"
        parts.append((tensors[name].float() - matrix.module.weight.detach()).flatten())
    return torch.cat(parts)


def _metagradient(
    model: Any, train: Sequence[Encoded], answers: Sequence[Encoded], recorded: Recorded, weights: Tensor
) -> NDArray[np.float64]:
    """One derivative through training of the weighted loss of all answers: `(n_train,)`."""
    from attribution_oracle.influence.metagradient import metagradient, secant
    from attribution_oracle.influence.text_run import text_losses, text_run, twice_differentiable

    run = text_run(model, train, recorded.trajectory, root=_ROOT)

    def objective(parameters: Tensor) -> Tensor:
        return (weights * text_losses(model, parameters, answers)).sum()[None]

    with twice_differentiable(model):
        found = metagradient(run, secant(run, objective), len(train))
    scores: NDArray[np.float64] = found.scores[0].double().numpy()
    return scores
