"""`openledger counterfactual`: what paid answers would have lost without each contribution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from openledger.commands import HomeOption, console, market_of, say
from openledger.errors import AppError
from openledger.home import DEFAULT_HOME

if TYPE_CHECKING:
    from attribution_oracle.counterfactual import Counterfactual

_HEADINGS = ("contribution", "contributor", "nats an answer", "of them all", "credited")


def counterfactual(
    reward_epoch: Annotated[int, typer.Argument(help="Number of the reward epoch.")],
    linear: Annotated[
        bool,
        typer.Option(
            "--linear",
            help="One training for all contributions in place of one for each; not for what is learned by heart.",
        ),
    ] = False,
    metagradient: Annotated[
        bool,
        typer.Option("--metagradient", help="Beside it the derivative through training; takes some trainings longer."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every answer.")] = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Train an epoch's adapters again, with and without each contribution, and ask what each paid answer owes to it.

    It says what this very adapter would have lost, which pays nothing; what is paid is in `audit`.
    """
    from attribution_oracle.chain_facts import post_of
    from attribution_oracle.counterfactual import counterfactuals
    from openledger.progress import training_bar

    market = market_of(home)
    post = post_of(market.chain, reward_epoch)
    if post is None:
        raise AppError(f"reward epoch {reward_epoch} has no root; expected a posted one; see openledger status")
    with training_bar(console) as show:
        found = counterfactuals(
            post,
            client=market.chain,
            store=market.store,
            bases=[market.base_model],
            is_linear=linear,
            with_metagradient=metagradient,
            say=(lambda _: None) if as_json else say,
            progress=(lambda _: None) if as_json else show,
        )
    if as_json:
        console.print_json(data=[_document(each) for each in found])
        return
    for each in found:
        _print(each)


def _print(found: Counterfactual) -> None:
    if found.is_reproduced:
        say(f"adapter {found.adapter_id} is what its manifest says: trained again, the same bytes")
    else:
        say(
            f"[bold red]adapter {found.adapter_id} trained again has sha-256 0x{found.trained_digest.hex()}, registered"
            f" is 0x{found.weights_digest.hex()}[/bold red]: another machine or library, or not what its manifest says"
        )
    columns = [*_HEADINGS, "metagradient"] if found.metagradient is not None else [*_HEADINGS]
    lines = [columns]
    whole = found.mean_nats.sum()
    for place in found.mean_nats.argsort()[::-1].tolist():
        nats = found.mean_nats[place]
        cells = [str(found.contribution_ids[place]), found.contributors[place], f"{nats:.3f}", f"{nats / whole:.1%}"]
        cells.append(f"{found.mean_share[place]:.1%}")
        if found.metagradient is not None:
            cells.append(f"{found.metagradient[place]:.3f}")
        lines.append(cells)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say(escape("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()))
    private = f", {found.private_count} private ones left out" if found.private_count else ""
    say(
        f"fee-weighted means over {len(found.receipt_ids)} public answers{private}. Nats: the loss that an answer "
        "gains without the contribution; credited: its part of these answers' pools in the published evidence"
    )


def _document(found: Counterfactual) -> dict[str, Any]:
    answers = zip(found.receipt_ids, found.fees_wei, found.nats.tolist(), found.shares_ppm.tolist(), strict=True)
    return {
        "adapter_id": found.adapter_id,
        "weights_digest": "0x" + found.weights_digest.hex(),
        "trained_digest": "0x" + found.trained_digest.hex(),
        "contribution_ids": list(found.contribution_ids),
        "contributors": list(found.contributors),
        "mean_nats": found.mean_nats.tolist(),
        "mean_share": found.mean_share.tolist(),
        "metagradient": None if found.metagradient is None else found.metagradient.tolist(),
        "private_count": found.private_count,
        "answers": [
            {"receipt_id": "0x" + key.hex(), "fee_wei": str(fee), "nats": nats, "shares_ppm": shares}
            for key, fee, nats, shares in answers
        ],
    }
