"""What the demo prints: its stages while they run, and the tables at its end."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from openledger.demo.outcome import Outcome
from openledger.units import in_open, percent


def print_outcome(console: Console, outcome: Outcome) -> None:
    """All tables, in the order of the story."""
    tables = (_reviews, _validators, _contributors, _answers, _books, _spread, _hit_rates, _stages)
    for table in tables:
        console.print(table(outcome))
        console.print()
    console.print(f"[bold]Method of attribution[/bold]: {outcome.method}\n", highlight=False)
    _attack(console, outcome)


def _table(title: str, *columns: str, numbers: int = 0) -> Table:
    """A table whose last `numbers` columns are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", expand=False)
    for index, name in enumerate(columns):
        is_number = index >= len(columns) - numbers
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number)
    return table


def _reviews(outcome: Outcome) -> Table:
    table = _table("What was handed in, and how committees voted", "contribution", "from", "votes", "outcome")
    for row in outcome.reviews:
        table.add_row(str(row.contribution_id), row.contributor, row.votes, row.outcome)
    return table


def _validators(outcome: Outcome) -> Table:
    table = _table("What validators were paid (OPEN)", "", "votes", "earned", "lost", numbers=3)
    for row in outcome.validators:
        table.add_row(row.name, str(row.votes), in_open(row.earned_wei), in_open(row.lost_wei))
    return table


def _contributors(outcome: Outcome) -> Table:
    table = _table(
        "Who contributed, and what it earned (OPEN)",
        *("contributor", "role", "handed in", "accepted", "rejected", "refused", "influence", "paid", "claimed"),
        numbers=7,
    )
    for row in outcome.contributors:
        counts = (row.handed_in, row.accepted, row.rejected, row.refused)
        money = (percent(row.influence_ppm), in_open(row.paid_wei), in_open(row.claimed_wei))
        table.add_row(row.name, row.role, *map(str, counts), *money)
    return table


def _answers(outcome: Outcome) -> Table:
    table = _table("Each answer and its first three contributions", "question", "answer", "drawn from", "credited to")
    for answer in outcome.answers:
        credited = ", ".join(f"{credit.contributor} {percent(credit.share_ppm)}" for credit in answer.top)
        table.add_row(escape(answer.prompt), escape(answer.answer), answer.topic or "—", credited or "—")
    return table


def _books(outcome: Outcome) -> Table:
    books = outcome.balance
    table = _table("The books of the reward epoch (wei)", "", "wei", numbers=1)
    lines = {
        "fees in": books.fees_wei,
        "adapter owner": -books.owner_wei,
        "contributors": -books.contributors_wei,
        "treasury, unattributed part of the pool": -books.remainder_wei,
        "stakers and validators": -books.stakers_wei,
        "treasury, its part": -books.treasury_wei,
        "burned": -books.burned_wei,
    }
    for name, amount in lines.items():
        table.add_row(name, f"{amount:,}")
    table.add_section()
    table.add_row("difference", str(books.difference_wei))
    return table


def _spread(outcome: Outcome) -> Table:
    spread = outcome.spread
    pool_wei = outcome.balance.contributors_wei + outcome.balance.remainder_wei
    table = _table(
        f"How sure is the credit? (part of the pool, by {spread.seeds} adapters of different seeds)",
        *("contributor", "paid", "mean", "± over seeds"),
        numbers=3,
    )
    for line in spread.lines:
        parts = (amount * 1_000_000 // max(1, pool_wei) for amount in (line.by_seed_wei[0], line.mean_wei))
        deviation = percent(line.deviation_wei * 1_000_000 // max(1, pool_wei))
        table.add_row(line.name, *map(percent, parts), f"± {deviation}")
    return table


def _hit_rates(outcome: Outcome) -> Table:
    table = _table(
        "Does the credit find the source? (contributor of the question's topic)",
        *("method", "first", "among the first three", "questions"),
        numbers=3,
    )
    for rate in outcome.hit_rates:
        shares = (f"{count:.3g} ({count / rate.questions:.0%})" for count in (rate.first, rate.first_three))
        table.add_row(rate.method, *shares, str(rate.questions))
    return table


def _stages(outcome: Outcome) -> Table:
    table = _table("What it took", "stage", "wall (s)", "CPU (s)", "peak memory (MiB)", numbers=3)
    for stage in outcome.stages:
        table.add_row(stage.name, f"{stage.wall_seconds:.1f}", f"{stage.cpu_seconds:.1f}", f"{stage.peak_rss_mib:,.0f}")
    table.add_section()
    wall = sum(stage.wall_seconds for stage in outcome.stages)
    cpu = sum(stage.cpu_seconds for stage in outcome.stages)
    peak = max((stage.peak_rss_mib for stage in outcome.stages), default=0.0)
    table.add_row("all", f"{wall:.1f}", f"{cpu:.1f}", f"{peak:,.0f}")
    return table


def _attack(console: Console, outcome: Outcome) -> None:
    attack = outcome.attack
    console.print(
        f"[bold]The attack on reward epoch {attack.reward_epoch}[/bold] (all three oracle keys sign a false root)"
    )
    console.print(f"  audit             {escape(attack.finding)}", soft_wrap=True, highlight=False)
    console.print(f"  above the accrual {attack.overdraft_refusal}", highlight=False)
    console.print(f"  after challenge   {attack.status_after}; {in_open(attack.contract_balance_wei)} OPEN untouched")
    copies = [row for row in outcome.contributors if row.role == "copier"]
    for row in copies:
        console.print(
            f"  the copier got    {percent(row.influence_ppm)} of the influence, {in_open(row.paid_wei)} OPEN"
        )
