"""The demo's story, told on real parts: contribute, review, train, sell, attribute, claim, audit, attack.

Nothing about its outcome is written here: who is accepted, what the model learns, who is paid and what the audit says
follow from the files, the model and the contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.markup import escape

from attribution_oracle.audit import AuditReport, Match, Mismatch, audit_epoch, challenge
from attribution_oracle.epoch import EpochResult, recompute
from attribution_oracle.oracle import Closed
from chain.errors import Reverted
from content.errors import FileRefused
from content.formats import Modality, format_of
from openledger import contributions, epochs, oracle_service
from openledger.answers import ask, deposit, redeem
from openledger.demo import attack, corpus
from openledger.demo.cast import Cast, Player
from openledger.demo.outcome import Refusal
from openledger.demo.resources import Meter
from openledger.errors import AppError
from openledger.market import Market
from openledger.training import DEFAULT_PRICES, RegisteredAdapter, read_train_spec, train_and_register
from trainer.examples import Example
from trainer.lora import TrainProgress
from trainer.snapshot import load_examples

Say = Callable[[str], None]
OPEN = 10**18
MAX_ANSWER_TOKENS = 40
SECOND_EPOCH_QUESTIONS = 6
# small enough that one eager contributor meets the limit of the day within the demo
LIMITS = contributions.Limits(
    contributor_bytes_per_day=13_312, datanet_bytes_per_day=262_144, contributor_files_per_day=5, file_bytes=12_288
)


@dataclass(frozen=True, slots=True)
class Sold:
    """One paid answer, as its payer got it."""

    question: corpus.Question
    answer: str
    receipt_id: bytes
    fee_wei: int


@dataclass(slots=True)
class Story:
    """The state of the running demo; each method is one stage and fills what the next ones need."""

    market: Market
    cast: Cast
    config: Path
    cache: Path
    say: Say
    show_training: Callable[[TrainProgress], None]
    meter: Meter = field(default_factory=Meter)
    datanet_id: int = 0
    adapter: RegisteredAdapter | None = None
    handed_in: dict[str, list[int]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    sold: dict[int, list[Sold]] = field(default_factory=dict)
    closed: Closed | None = None
    audit: AuditReport | None = None
    attempted: attack.Attempted | None = None
    finding: AuditReport | None = None
    claimed: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        """All stages in order."""
        for name, stage in (
            ("contribute", self.contribute),
            ("review", self.review),
            ("train", self.train),
            ("sell answers", lambda: self.sell(corpus.read_questions())),
            ("close the epoch: oracle and three signers", self.close),
            ("audit", self.audit_first),
            ("attack", self.attack),
            ("audit the false root, challenge, void", self.defend),
            ("claim", self.claim),
        ):
            with self._stage(name):
                stage()

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        self.say(f"[bold]{name}[/bold]")
        with self.meter.stage(name):
            yield

    # stages

    def contribute(self) -> None:
        """Create the Datanet; everybody hands in files, some against the rules."""
        cast, market = self.cast, self.market
        for staker in (*cast.validators, cast.builder):
            market.chain.send(staker, "OpenToken", "approve", market.address("StakedOpen"), 1_000 * OPEN)
            market.chain.send(staker, "StakedOpen", "stake", 1_000 * OPEN)
        self.datanet_id = contributions.create_datanet(
            market,
            cast.builder,
            name="Short answers",
            description="Questions and short answers on six topics, from chatterbot-corpus (BSD-3-Clause)",
            modality=Modality.TEXT,
            formats=format_of("a.md").mask | format_of("a.txt").mask,
            limits=LIMITS,
            quorum=2,
        )
        for validator in cast.validators:
            market.chain.send(
                cast.builder, "DatanetRegistry", "set_validator", self.datanet_id, validator.address, True
            )
        for player, name, data in self._files():
            self._hand_in(player, name, data)

    def review(self) -> None:
        """Every validator checks every pending contribution, until two agree."""
        for ids in self.handed_in.values():
            for contribution_id in ids:
                verdict = contributions.check_contribution(self.market, contribution_id)
                for validator in self.cast.validators[:2]:
                    contributions.review(self.market, validator, contribution_id=contribution_id, verdict=verdict)
                outcome = (
                    f"accepted, {verdict.score} points" if verdict.is_accepted else f"rejected: {verdict.reason.name}"
                )
                self.say(f"contribution {contribution_id}: {outcome} ({verdict.explanation})")

    def train(self) -> None:
        """Snapshot, train, pin, register."""
        self.adapter = train_and_register(
            self.market,
            self.cast.builder,
            datanet_id=self.datanet_id,
            spec=read_train_spec(self.config),
            prices=DEFAULT_PRICES,
            progress=self.show_training,
            threads=2,
        )
        self.say(
            f"adapter {self.adapter.adapter_id} on {self.adapter.examples} examples: loss "
            f"{self.adapter.losses[0]:.2f} → {self.adapter.losses[-1]:.2f} nats a token"
        )

    def sell(self, questions: Sequence[corpus.Question]) -> None:
        """Two payers take turns; then the operator redeems what is due."""
        assert self.adapter is not None, "train comes first"
        epoch = int(self.market.chain.call("RewardDistributor", "current_epoch"))
        sold = self.sold.setdefault(epoch, [])
        for payer in self.cast.payers:
            deposit(self.market, payer, 100 * OPEN)
        for number, question in enumerate(questions):
            payer = self.cast.payers[number % len(self.cast.payers)]
            paid = ask(
                self.market,
                payer,
                adapter_id=self.adapter.adapter_id,
                prompt=question.prompt,
                max_tokens=MAX_ANSWER_TOKENS,
                is_public=question.is_public,
            )
            assert paid.receipt_id is not None, "the adapter has a price"
            sold.append(Sold(question, paid.answer, paid.receipt_id, paid.fee_wei))
            self.say(f"{escape(question.prompt)}  [dim]→[/dim] {escape(paid.answer)}")
        redeem(self.market, self.cast.payers[0])

    def close(self) -> None:
        """Past the end of the reward epoch, the oracle measures and the signers recompute, each in its own process."""
        self._pass_epoch(1)
        closed = oracle_service.close(self.market, 1, poster=self.cast.builder, say=self.say)
        if not isinstance(closed, Closed):
            raise AppError(
                f"reward epoch 1 could not be closed: {closed.reason}; expected paid answers; run the demo again"
            )
        self.closed = closed

    def audit_first(self) -> None:
        """Somebody else recomputes everything from the chain and the pinned evidence."""
        self.audit = self._audit(1)
        if not isinstance(self.audit, Match):
            raise AppError(f"the audit of reward epoch 1 says {self.audit}; expected a match; please report this")
        self.say(f"MATCH: root 0x{self.audit.audited.root.hex()}")

    def attack(self) -> None:
        """A second reward epoch, at the end of which the three keys are stolen."""
        self.sell(corpus.read_questions()[:SECOND_EPOCH_QUESTIONS])
        self._pass_epoch(2)
        inputs = oracle_service.gather_inputs(self.market, 2)
        honest: EpochResult = recompute(
            inputs, store=self.market.store, bases=[self.market.base_model], work=self._work("thieves")
        )
        thief = next(player for player in self.cast.contributors if player.role == "junk")
        self.attempted = attack.post_false_root(
            self.market,
            inputs,
            honest,
            thief=thief.account.address,
            keys=self.cast.signers,
            poster=thief.account,
        )
        self.say(f"a root above the accrual was refused: {self.attempted.overdraft_refusal}")
        self.say(f"a false root within it was posted: 0x{self.attempted.reward_root.root.hex()}")

    def defend(self) -> None:
        """The audit finds the false leaf; a bonded challenge freezes the root; the timelock voids it."""
        self.finding = self._audit(2)
        if not isinstance(self.finding, Mismatch):
            raise AppError(
                "the audit of reward epoch 2 did not find the false root; expected a mismatch; please report this"
            )
        self.say(f"MISMATCH: {escape(self.finding.reason)}")
        challenge(self.market.chain, self.cast.auditor, self.finding, self.market.store)
        salt = epochs.decide_challenge(self.market, self.cast.council, reward_epoch=2, is_void=True)
        epochs.advance_time(self.market, int(self.market.chain.call("Timelock", "get_minimum_delay")))
        epochs.execute_decision(self.market, self.cast.council, reward_epoch=2, is_void=True, salt=salt)
        self.market.chain.send(self.cast.auditor, "RewardDistributor", "withdraw_bond")
        self.say("the root is void, the auditor has the bond back")

    def claim(self) -> None:
        """Once the challenge window is over, the root is final and everybody claims."""
        epochs.advance_past(self.market, epochs.challenge_window_end(self.market, 1))
        epochs.finalize_all(self.market, self.cast.builder)
        oracle_service.wait_for_indexer(self.market)
        for player in self.cast.contributors:
            self.claimed[player.name] = epochs.claim(self.market, player.account, player.account.address)

    def training_examples(self) -> list[Example]:
        """What the adapter was trained on, in order."""
        assert self.adapter is not None, "train comes first"
        return load_examples(self.adapter.snapshot, self.market.store)

    # parts of stages

    def _files(self) -> Iterator[tuple[Player, str, bytes]]:
        """Everything that is handed in, in order."""
        players = {player.name: player for player in self.cast.contributors}
        for topic in corpus.TOPICS:
            yield players[topic], f"{topic}.txt", corpus.as_text(corpus.read_pairs(topic)).encode()
        science = corpus.as_text(corpus.read_pairs("science"))
        yield players["copier"], "copy.txt", science.encode()
        yield players["copier"], "edited-copy.txt", corpus.lightly_edited(science).encode()
        yield players["junk"], "junk.txt", "".join(corpus.junk_text(seed=seed) for seed in range(4)).encode()
        yield players["junk"], "picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(64)
        yield players["trivia"], "more-trivia.txt", _as_much_as_fits(LIMITS.file_bytes)

    def _hand_in(self, player: Player, name: str, data: bytes) -> None:
        path = self._work("files") / player.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        try:
            done = contributions.contribute(self.market, player.account, datanet_id=self.datanet_id, path=path)
        except (FileRefused, Reverted) as error:
            reason = error.reason if isinstance(error, Reverted) else str(error).replace(str(path), name)
            self.refusals.append(Refusal(player.name, name, reason))
            self.say(f"{player.name}: {name} refused: {reason}")
            return
        self.handed_in.setdefault(player.name, []).append(done.contribution_id)
        self.say(f"{player.name}: {name} is contribution {done.contribution_id}, {done.cid}")

    def _audit(self, reward_epoch: int) -> AuditReport:
        return audit_epoch(
            reward_epoch,
            client=self.market.chain,
            store=self.market.store,
            bases=[self.market.base_model],
            progress=self.say,
        )

    def _pass_epoch(self, reward_epoch: int) -> None:
        epochs.advance_past(self.market, int(self.market.chain.call("RewardDistributor", "epoch_end", reward_epoch)))
        oracle_service.wait_for_indexer(self.market)

    def _work(self, name: str) -> Path:
        path = self.market.home.path / "work" / name
        path.mkdir(parents=True, exist_ok=True)
        return path


def _as_much_as_fits(byte_count: int) -> bytes:
    """More trivia, up to the cap of a file: alone it fits, after an earlier file it passes the limit of the day."""
    pairs = corpus.read_pairs("trivia", limit=None)[corpus.PAIRS_PER_TOPIC :]
    while len(text := corpus.as_text(pairs).encode()) > byte_count:
        pairs.pop()
    return text
