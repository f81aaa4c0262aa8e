"""`openledger eval`: what methods of influence are worth on a bank of retrained adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from openledger.commands import console, say
from openledger.errors import AppError

if TYPE_CHECKING:
    from attribution_oracle.evaluation.bank import RetrainBank
    from attribution_oracle.evaluation.bootstrap import Estimate
    from attribution_oracle.evaluation.evaluate import Row
    from attribution_oracle.evaluation.methods import Table

eval_app = typer.Typer(help="Measure methods of influence against retraining.", no_args_is_help=True)

BankOption = Annotated[Path, typer.Option("--bank", help="Folder of a retrain bank (docs/attribution.md).")]
MethodOption = Annotated[
    list[str], typer.Option("--method", help="A method by name; repeat it to compare. The first is the reference.")
]
SeedsOption = Annotated[str, typer.Option("--seeds", help="Adapters of the bank, parted by commas; all by default.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@eval_app.command("lds")
def eval_lds(bank: BankOption, method: MethodOption, seeds: SeedsOption = "", as_json: JsonOption = False) -> None:
    """Linear datamodeling score: does a sum of scores rank random subsets as retraining on them does?"""
    from attribution_oracle.evaluation.evaluate import ceilings, lds_rows

    found, tables = _measured(bank, method, seeds)
    _show(found, lds_rows(found, tables), as_json, ceilings=ceilings(found))


@eval_app.command("loo")
def eval_loo(
    bank: BankOption,
    method: MethodOption,
    seeds: SeedsOption = "",
    served: Annotated[
        bool, typer.Option("--served", help="Against retraining with the adapter's own seed, not the seed average.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Leave one contributor out: do scores foretell what each query loses with each contributor?"""
    from attribution_oracle.evaluation.evaluate import effects_of, loo_rows

    found, tables = _measured(bank, method, seeds, check=lambda bank, seed: effects_of(bank, seed) if served else None)
    _show(found, loo_rows(found, tables, served=served), as_json)


@eval_app.command("provenance")
def eval_provenance(
    bank: BankOption,
    method: MethodOption,
    seeds: SeedsOption = "",
    tag: Annotated[str, typer.Option(help="Only queries with this tag.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Does the contributor of a query come first? A test of retrieval, not of counterfactuals."""
    from attribution_oracle.evaluation.evaluate import provenance_rows

    found, tables = _measured(bank, method, seeds)
    _show(found, provenance_rows(found, tables, tag=tag), as_json)


def _measured(
    folder: Path,
    methods: Sequence[str],
    seeds: str,
    check: Callable[[RetrainBank, int], object] = lambda _bank, _seed: None,
) -> tuple[RetrainBank, list[Table]]:
    """The bank and its tables; everything that can be refused is refused before anything is measured."""
    from attribution_oracle.evaluation.bank import load_bank
    from attribution_oracle.evaluation.methods import check_names, group_table, score_tables

    check_names(methods)
    bank = load_bank(folder)
    chosen = _numbers(seeds) or bank.adapter_seeds
    for seed in chosen:
        bank.adapter_folder(seed)
        check(bank, seed)
    names = list(dict.fromkeys(methods))
    alone = list(score_tables(bank, names, chosen))
    if len(chosen) == 1:
        return bank, alone
    groups = [group_table(bank, name, chosen, alone) for name in names]
    return bank, [*alone, *(table for table in groups if table)]


def _numbers(seeds: str) -> tuple[int, ...]:
    parts = [part.strip() for part in seeds.split(",") if part.strip()]
    if not all(part.isdecimal() for part in parts):
        raise AppError(f'--seeds is "{seeds}"; expected numbers parted by commas; for instance --seeds 10,11')
    return tuple(dict.fromkeys(int(part) for part in parts))


def _show(bank: RetrainBank, rows: Sequence[Row], as_json: bool, ceilings: dict[str, float] | None = None) -> None:
    from attribution_oracle.evaluation.evaluate import differences

    gaps = differences(rows)
    if as_json:
        lines = [
            {
                "method": row.method,
                "adapters": row.adapters,
                "cpu_seconds": round(row.cpu_seconds, 3),
                **{metric: _numbers_of(value) for metric, value in row.values.items()},
                "less_the_first": {metric: _numbers_of(value) for metric, value in gap.items()},
            }
            for row, gap in zip(rows, gaps, strict=True)
        ]
        console.print_json(data={"bank": bank.digest, "ceilings": ceilings or {}, "rows": lines})
        return
    _print_lines(rows, gaps)
    for metric, value in (ceilings or {}).items():
        say(f"{metric} of a perfect predictor: {value:.3f}")
    say(f"95 % intervals over queries and subsets; bank {bank.digest[:12]}")


def _print_lines(rows: Sequence[Row], gaps: Sequence[dict[str, Estimate]]) -> None:
    metrics = list(rows[0].values)
    lines = [["method", "adapters", *metrics, f"{metrics[0]} less the first", "CPU-s"]]
    for row, gap in zip(rows, gaps, strict=True):
        less = "" if row is rows[0] else _interval(gap[metrics[0]], sign="+")
        values = [_interval(value) for value in row.values.values()]
        lines.append([row.method, str(row.adapters), *values, less, f"{row.cpu_seconds:.1f}"])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say(escape("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()))


def _interval(value: Estimate, sign: str = "") -> str:
    return f"{value.value:{sign}.3f} [{value.low:{sign}.3f}, {value.high:{sign}.3f}]"


def _numbers_of(value: Estimate) -> dict[str, Any]:
    return {"value": value.value, "low": value.low, "high": value.high}
