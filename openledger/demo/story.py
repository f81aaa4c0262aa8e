"""The demo's story, told on real parts: contribute, review, train, sell, attribute, claim, audit, attack.

Nothing about its outcome is written here: who is accepted, what the model learns, who is paid and what the audit says
follow from the files, the model and the contracts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
from openledger import contributions, datanets, epochs, governance, oracle_service, reviews, validators, verdicts
from openledger.answers import ask, deposit, redeem
from openledger.demo import attack, corpus, seeds
from openledger.demo.cast import Cast, Player
from openledger.demo.outcome import Refusal, Spread
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
LIMITS = datanets.Limits(
    contributor_bytes_per_day=13_312, datanet_bytes_per_day=262_144, contributor_files_per_day=5, file_bytes=12_288
)
# three seats a first round, so that the demo's three validators see every contribution from more than one side
TERMS = datanets.Terms(committee_size=3, review_fee_wei=3 * 10**17, review_reward_wei=10**18)
REVIEW_BUDGET_WEI = 500 * OPEN
SEATS = 3
# above the quorum's floor: in the demo the holder of the supply stands for everybody who staked
HOLDER_STAKE_WEI = 20_000_000 * OPEN


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
    first_epoch: int = 0
    second_epoch: int = 0
    adapter: RegisteredAdapter | None = None
    handed_in: dict[str, list[int]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    histories: list[verdicts.History] = field(default_factory=list)
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
            ("audit the false root, challenge, vote, void", self.defend),
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
            governance.stake(market, staker, 1_000 * OPEN)
        governance.stake(market, cast.holder, HOLDER_STAKE_WEI)
        for validator in cast.validators:
            validators.join(market, validator, modality=Modality.TEXT, seats=SEATS)
        self.datanet_id = datanets.create_datanet(
            market,
            cast.builder,
            name="Short answers",
            description="Questions and short answers on six topics, from chatterbot-corpus (BSD-3-Clause)",
            modality=Modality.TEXT,
            formats=format_of("a.md").mask | format_of("a.txt").mask,
            terms=TERMS,
            limits=LIMITS,
        )
        datanets.fund_reviews(market, cast.builder, datanet_id=self.datanet_id, amount_wei=REVIEW_BUDGET_WEI)
        for player, name, data in self._files():
            self._hand_in(player, name, data)

    def review(self) -> None:
        """Seats drawn by lot vote behind commitments and reveal; audits and appeals have their days, then it counts."""
        reviews.step_through(self.market, self.cast.validators, self.say)
        for contribution in contributions.contributions(self.market, datanet_id=self.datanet_id):
            history = verdicts.history_of(self.market, contribution.contribution_id)
            self.histories.append(history)
            self.say(f"contribution {contribution.contribution_id}: {history.describe()}")

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
        sold = self.sold.setdefault(self._current_epoch(), [])
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
        # the reviews took days, so it is not the first
        (self.first_epoch,) = self.sold
        self._pass_epoch(self.first_epoch)
        closed = oracle_service.close(self.market, self.first_epoch, poster=self.cast.builder, say=self.say)
        if not isinstance(closed, Closed):
            raise AppError(
                f"reward epoch {self.first_epoch} could not be closed: {closed.reason}; expected paid answers; "
                "run the demo again"
            )
        self.closed = closed

    def audit_first(self) -> None:
        """Somebody else recomputes everything from the chain and the pinned evidence."""
        self.audit = self._audit(self.first_epoch)
        if not isinstance(self.audit, Match):
            raise AppError(
                f"the audit of reward epoch {self.first_epoch} says {self.audit}; expected a match; please report this"
            )
        self.say(f"MATCH: root 0x{self.audit.audited.root.hex()}")

    def attack(self) -> None:
        """A second reward epoch, at the end of which the three keys are stolen."""
        self.second_epoch = self._current_epoch()
        self.sell(corpus.read_questions()[:SECOND_EPOCH_QUESTIONS])
        self._pass_epoch(self.second_epoch)
        inputs = oracle_service.gather_inputs(self.market, self.second_epoch)
        honest: EpochResult = recompute(
            inputs,
            store=self.market.store,
            bases=[self.market.base_model],
            work=self._work("thieves"),
            # whoever has the oracle's keys has its machine
            indexes=self.market.home.indexes("oracle"),
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
        """The audit finds the false leaf; a bonded challenge freezes the root; the holders of gOPEN vote to void it."""
        market, auditor, epoch = self.market, self.cast.auditor, self.second_epoch
        self.finding = self._audit(epoch)
        if not isinstance(self.finding, Mismatch):
            raise AppError("the audit did not find the false root; expected a mismatch; please report this")
        self.say(f"MISMATCH: {escape(self.finding.reason)}")
        challenge(market.chain, auditor, self.finding, market.store)
        # challenged at once: a vote and the Timelock take seventeen days, and the challenge waits no longer than twenty
        proposal = governance.propose_decision(market, auditor, reward_epoch=epoch, is_void=True)
        epochs.advance_past(market, proposal.vote_start)
        for voter in (*self.cast.validators, auditor):
            governance.vote(market, voter, proposal, governance.Support.FOR, because=self.finding.reason)
        epochs.advance_past(market, proposal.vote_end)
        epochs.advance_past(market, governance.queue(market, auditor, proposal))
        governance.execute(market, auditor, proposal)
        market.chain.send(auditor, "RewardDistributor", "withdraw_bond")
        self.say(f"proposal {proposal.proposal_id} passed: the root is void, the auditor has the bond back")

    def claim(self) -> None:
        """Once the challenge window is over, the root is final and everybody claims."""
        epochs.advance_past(self.market, epochs.challenge_window_end(self.market, self.first_epoch))
        epochs.finalize_all(self.market, self.cast.builder)
        oracle_service.wait_for_indexer(self.market)
        for player in self.cast.contributors:
            self.claimed[player.name] = epochs.claim(self.market, player.account, player.account.address)

    def measure_again(self) -> Spread:
        """How far the payouts depend on the seed of training: error bars for who reads them. Needs no service."""
        assert self.closed is not None, "close comes first"
        result = self.closed.result
        pools = {answer.paid.receipt.receipt_id: answer.paid.pool_wei for answer in result.answers}
        sisters = seeds.measure_sisters(
            self.market.base_model,
            self.training_examples(),
            [seeds.Given(s.question.prompt, s.answer, pools[s.receipt_id]) for s in self.sold[self.first_epoch]],
            read_train_spec(self.config),
            work=self._work("seeds"),
        )
        return self.spread(sisters)

    def spread(self, sisters: Sequence[Mapping[int, int]] = ()) -> Spread:
        """What was paid beside what sisters would have paid, by contributor, and what nobody gets."""
        assert self.closed is not None, "close comes first"
        paid = self.closed.result.payouts
        owners = {key: name for name, ids in self.handed_in.items() for key in ids}
        return seeds.with_remainder(seeds.spread_of(paid.payouts, sisters, owners), pool_wei=paid.pool_wei)

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
            indexes=self.market.home.indexes("auditor"),
            progress=self.say,
        )

    def _current_epoch(self) -> int:
        return int(self.market.chain.call("RewardDistributor", "current_epoch"))

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
