"""report.html: the demo's outcome as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path

from openledger.demo import svg
from openledger.demo.outcome import Answer, Outcome
from openledger.units import in_open, percent

_TONES = {"honest": "honest", "copier": "copier", "junk": "junk"}


def write_report(outcome: Outcome, path: Path) -> None:
    """Write the page; it needs no network and no script."""
    style = resources.files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    sections = (
        _head,
        _flow,
        _payouts,
        _spread,
        _influence,
        _answers,
        _books,
        _hits,
        _reviews,
        _refused,
        _attack,
        _costs,
    )
    body = "\n".join(section(outcome) for section in sections)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        '<link rel="icon" href="data:,"><title>OpenLedger: who earned what, and why</title>'
        f"<style>{style}</style></head><body><main>\n{body}\n</main></body></html>\n",
        encoding="utf-8",
    )


def _head(outcome: Outcome) -> str:
    cards = (
        (str(len(outcome.answers)), "paid answers"),
        (f"{in_open(outcome.balance.fees_wei)}", "OPEN in fees"),
        (f"{in_open(outcome.balance.contributors_wei)}", "OPEN to contributors"),
        (outcome.audit.split(":")[0], "the auditor's recomputation"),
        (f"{outcome.balance.difference_wei} wei", "difference in the books"),
    )
    tiles = "".join(f'<div class="card"><b>{escape(big)}</b><span>{escape(small)}</span></div>' for big, small in cards)
    return (
        "<h1>Who earned what, and why</h1>"
        f'<p class="lead">One reward epoch on a local chain: {outcome.examples} examples taught {escape(outcome.base_model)} '
        f"an adapter (loss {outcome.loss_before:.2f} → {outcome.loss_after:.2f} nats a token); users paid for its answers; each fee went to the "
        "contributions that shaped the answer.</p>"
        f'<div class="cards">{tiles}</div>'
        f'<p class="quiet">Evidence <code>{escape(outcome.evidence_cid)}</code><br>Reward root <code>{escape(outcome.reward_root)}</code></p>'
    )


def _flow(outcome: Outcome) -> str:
    books = outcome.balance
    parts = (
        ("adapter owner", books.owner_wei, "owner"),
        ("contributors", books.contributors_wei, "honest"),
        ("treasury: unattributed", books.remainder_wei, "treasury"),
        ("treasury: its part", books.treasury_wei, "treasury"),
        ("stakers", books.stakers_wei, "stakers"),
        ("burned", books.burned_wei, "burn"),
    )
    targets = [svg.Flow(label, amount / 1e18, f"{in_open(amount)} OPEN", tone) for label, amount, tone in parts]
    source = svg.Flow("fees", books.fees_wei / 1e18, f"{in_open(books.fees_wei)} OPEN", "fees")
    return f'<h2>Where the fees went</h2><div class="wide">{svg.money_flow(source, targets)}</div>'


def _payouts(outcome: Outcome) -> str:
    items = [
        svg.Bar(row.name, row.paid_wei / 1e18, f"{in_open(row.paid_wei)} OPEN", _TONES[row.role])
        for row in outcome.contributors
    ]
    table = _table(
        (
            "contributor",
            "role",
            "handed in",
            "accepted",
            "rejected",
            "refused",
            "influence",
            "paid (OPEN)",
            "claimed (OPEN)",
        ),
        [
            (
                row.name,
                row.role,
                row.handed_in,
                row.accepted,
                row.rejected,
                row.refused,
                percent(row.influence_ppm),
                in_open(row.paid_wei),
                in_open(row.claimed_wei),
            )
            for row in outcome.contributors
        ],
        numbers=range(2, 9),
    )
    return (
        f'<h2>Payouts</h2><div class="wide">{svg.bars(items)}</div>{table}'
        '<p class="quiet">Influence is the fee-weighted share of all answers, signed: what works against an answer counts against the contribution. '
        "It is clipped at zero once per epoch and never scaled up; the rest stays in the treasury.</p>"
    )


def _spread(outcome: Outcome) -> str:
    spread = outcome.spread
    items = [
        svg.Interval(
            line.name,
            [amount / 1e18 for amount in line.by_seed_wei],
            line.mean_wei / 1e18,
            line.deviation_wei / 1e18,
            f"{in_open(line.mean_wei)} ± {in_open(line.deviation_wei)} OPEN",
        )
        for line in spread.lines
    ]
    return (
        f'<h2>How sure is the credit?</h2><p class="quiet">The same answers, measured on {spread.seeds} adapters that differ in the seed of their training alone. '
        "Filled: the served adapter, which is what is paid. Hollow: its sisters. The line is the mean with one standard deviation to either side. "
        f'Method: {escape(outcome.method)}.</p><div class="wide">{svg.intervals(items)}</div>'
    )


def _influence(outcome: Outcome) -> str:
    names = {credit.contribution_id: credit.contributor for answer in outcome.answers for credit in answer.credits}
    columns = sorted(names)
    values, marks = [], []
    for answer in outcome.answers:
        shares = {credit.contribution_id: credit.share_ppm for credit in answer.credits}
        values.append([shares.get(column, 0) for column in columns])
        known = [index for index, column in enumerate(columns) if names[column] == answer.topic]
        marks.append(known[0] if known else None)
    picture = svg.heat_map(
        values,
        rows=[answer.prompt for answer in outcome.answers],
        columns=[f"{names[c]} #{c}" for c in columns],
        marks=marks,
    )
    return (
        '<h2>Influence of each contribution on each answer</h2><p class="quiet">The stronger the colour, the larger the share (square-root scale); red worked against the answer. '
        "The ringed cell is the contribution that the question was drawn from; the last questions are about things that nobody contributed.</p>"
        f'<div class="wide">{picture}</div>'
    )


def _answers(outcome: Outcome) -> str:
    rows = "".join(
        f"<tr><td>{escape(answer.prompt)}{'' if answer.is_public else ' <i>(its evidence holds no text)</i>'}<br>"
        f'<span class="quiet">{escape(answer.answer)}</span></td>'
        f"<td>{escape(answer.topic or '—')}</td><td>{_chips(answer)}</td>"
        f'<td class="n">{percent(answer.unattributed_ppm)}</td><td class="n">{in_open(answer.fee_wei)}</td></tr>'
        for answer in outcome.answers
    )
    return (
        '<h2>Each answer and its first three contributions</h2><div class="wide"><table><thead><tr><th>question and answer</th><th>drawn from</th>'
        '<th>credited to</th><th class="n">unattributed</th><th class="n">fee (OPEN)</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _chips(answer: Answer) -> str:
    chips = (
        f'<span class="chip">{escape(credit.contributor)} <i>#{credit.contribution_id}</i> {percent(credit.share_ppm)}</span>'
        for credit in answer.top
    )
    return " ".join(chips) or "—"


def _books(outcome: Outcome) -> str:
    books = outcome.balance
    lines = [
        ("fees in", books.fees_wei),
        ("adapter owner", -books.owner_wei),
        ("contributors", -books.contributors_wei),
        ("treasury, unattributed part of the pool", -books.remainder_wei),
        ("treasury, its part", -books.treasury_wei),
        ("stakers and validators", -books.stakers_wei),
        ("burned", -books.burned_wei),
    ]
    rows = "".join(f'<tr><td>{label}</td><td class="n">{amount:,}</td></tr>' for label, amount in lines)
    return (
        f'<h2>The books, in wei</h2><div class="wide"><table><tbody>{rows}<tr class="total"><td>difference</td>'
        f'<td class="n">{books.difference_wei}</td></tr></tbody></table></div>'
    )


def _hits(outcome: Outcome) -> str:
    table = _table(
        ("method", "first", "among the first three", "questions"),
        [
            (
                rate.method,
                f"{rate.first:.3g} ({rate.first / rate.questions:.0%})",
                f"{rate.first_three:.3g} ({rate.first_three / rate.questions:.0%})",
                rate.questions,
            )
            for rate in outcome.hit_rates
        ],
        numbers=range(1, 4),
    )
    return (
        '<h2>Does the credit find the source?</h2><p class="quiet">How often the contributor whose topic a question was drawn from comes out first, or among the '
        "first three. The baselines compare texts and never see the model: they tell what a question resembles, not what shaped the answer.</p>"
        + table
    )


def _reviews(outcome: Outcome) -> str:
    rows = [(row.contribution_id, row.contributor, row.votes, row.outcome) for row in outcome.reviews]
    pay = [(row.name, row.votes, in_open(row.earned_wei), in_open(row.lost_wei)) for row in outcome.validators]
    return (
        '<h2>How committees voted</h2><p class="quiet">Seats are drawn by lot, votes are hidden until all are cast, one outcome in ten is voted on again by a larger committee.</p>'
        + _table(("contribution", "from", "votes", "outcome"), rows)
        + _table(("validator", "votes", "earned (OPEN)", "lost (OPEN)"), pay, numbers=range(1, 4))
    )


def _refused(outcome: Outcome) -> str:
    rows = [(refusal.contributor, refusal.file_name, refusal.reason) for refusal in outcome.refusals]
    return "<h2>Refused, with reasons</h2>" + _table(("contributor", "file", "reason"), rows)


def _attack(outcome: Outcome) -> str:
    attack = outcome.attack
    lines = (
        ("accrued in that epoch", f"{in_open(attack.accrued_wei)} OPEN"),
        ("growth that the false root claimed", f"{in_open(attack.false_total_wei)} OPEN"),
        ("the audit", attack.finding),
        ("a total above the accrual", attack.overdraft_refusal),
        ("status of the root after the challenge", attack.status_after),
        ("OPEN in the contract, untouched", f"{in_open(attack.contract_balance_wei)} OPEN"),
    )
    return (
        f'<h2>The attack on reward epoch {attack.reward_epoch}</h2><p class="quiet">All three oracle keys sign a root that pays the wrong account. The holders of gOPEN voted on the challenge.</p>'
        + _table(("", ""), lines)
    )


def _costs(outcome: Outcome) -> str:
    rows = [
        (stage.name, f"{stage.wall_seconds:.1f}", f"{stage.cpu_seconds:.1f}", f"{stage.peak_rss_mib:,.0f}")
        for stage in outcome.stages
    ]
    versions = ", ".join(f"{name} {version}" for name, version in outcome.versions.items())
    return (
        "<h2>What it took</h2>"
        + _table(("stage", "wall (s)", "CPU (s)", "peak memory of all processes (MiB)"), rows, numbers=range(1, 4))
        + f'<p class="quiet">{escape(versions)}</p>'
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], *, numbers: Iterable[int] = ()) -> str:
    right = set(numbers)
    mark = ['class="n"' if index in right else "" for index in range(len(head))]
    top = "".join(f"<th {mark[i]}>{escape(name)}</th>" for i, name in enumerate(head))
    body = "".join(
        "<tr>" + "".join(f"<td {mark[i]}>{escape(str(cell))}</td>" for i, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
