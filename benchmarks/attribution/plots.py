"""The report's plots: accuracy of each method, its price, the number of adapters, predicted against measured."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from benchmarks.attribution.bank import SEEN_SEEDS, load_bank
from benchmarks.attribution.peers import PEERS
from benchmarks.attribution.run import Run
from benchmarks.attribution.same_order import effects
from benchmarks.attribution.sections import ANCHOR, OURS
from benchmarks.attribution.served_adapter import by_contributor
from benchmarks.attribution.served_section import LINEAR, with_training

matplotlib.use("Agg")

from matplotlib import pyplot

# methods whose price is shown: the others lie on top of these
_PRICED = (
    *("path", "path-midpoint", "ekfac", "datainf", "grad-dot", "trak", "bm25", "embedding"),
    *("kronfluence EK-FAC", "bergson grad-dot", "dattri DataInf", "dattri TRAK-4096"),
)
_SIDES = ((7, 0, "left"), (-7, 0, "right"), (5, 8, "left"), (5, -8, "left"), (-5, 8, "right"), (-5, -8, "right"))
_INK, _OWN, _PEER, _QUIET = "#222222", "#2a6f97", "#c9752d", "#8a8a8a"


def draw_all(run: Run, data: dict[str, Any], folder: Path, kind: str = "svg") -> list[Path]:
    """Writes the plots into a folder and returns their paths. `data` is that of the sections, by function name."""
    folder.mkdir(parents=True, exist_ok=True)
    # text stays text, and the same numbers give the same bytes
    style = {"svg.fonttype": "none", "svg.hashsalt": "openledger", "font.size": 10, "axes.spines.top": False,
             "axes.spines.right": False, "text.color": _INK, "axes.labelcolor": _INK}  # fmt: skip
    figures = {
        "lds": lambda: _bars(data["one_model"]),
        "lds_cost": lambda: _cost(data["one_model"], data["several_models"]),
        "lds_adapters": lambda: _adapters(data["one_model"], data["several_models"]),
        "removal": lambda: _removal(run),
    }
    paths = []
    with pyplot.rc_context(style):
        for name, draw in figures.items():
            figure = draw()
            paths.append(folder / f"{name}.{kind}")
            metadata = {"Date": None} if kind == "svg" else None
            figure.savefig(paths[-1], bbox_inches="tight", dpi=120, metadata=metadata)
            pyplot.close(figure)
    return paths


def _colour(method: str) -> str:
    return _PEER if method.split()[0] in PEERS else _OWN


def _whiskers(values: list[dict[str, float]]) -> list[list[float]]:
    return [[v["value"] - v["low"] for v in values], [v["high"] - v["value"] for v in values]]


def _bars(one: dict[str, Any]) -> Any:
    rows = list(reversed(one["rows"]))
    values = [row["unseen"]["LDS"] for row in rows]
    figure, axes = pyplot.subplots(figsize=(7.5, 0.8 + 0.34 * len(rows)))
    axes.barh(
        range(len(rows)), [v["value"] for v in values], color=[_colour(row["method"]) for row in rows], height=0.7
    )
    axes.errorbar([v["value"] for v in values], range(len(rows)), xerr=_whiskers(values), fmt="none", ecolor=_INK,
                  elinewidth=1, capsize=2)  # fmt: skip
    for place, value in enumerate(values):
        axes.annotate(f"{value['value']:.3f}", (0.99, place), ha="right", va="center", fontsize=9)
    axes.axvline(one["ceilings"]["LDS"], color=_QUIET, linestyle="--", linewidth=1)
    axes.annotate(f"perfect predictor {one['ceilings']['LDS']:.3f}", (one["ceilings"]["LDS"], len(rows) - 0.4),
                  ha="center", va="bottom", color=_QUIET, fontsize=9)  # fmt: skip
    axes.set_yticks(range(len(rows)), [row["method"] for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlim(min(0, *(v["low"] for v in values)) - 0.02, 1)
    axes.set_xlabel("LDS of one adapter (95 % interval); orange: other libraries")
    return figure


def _cost(one: dict[str, Any], several: list[dict[str, Any]]) -> Any:
    figure, axes = pyplot.subplots(figsize=(7.5, 4.4))
    shown = [row for row in one["rows"] if row["method"] in _PRICED]
    points = [(row["method"], row["cpu_seconds"], row["unseen"]["LDS"]["value"]) for row in shown]
    points += [(f"{row['method']} × {row['adapters']}", row["cpu_seconds"], row["LDS"]["value"])
               for row in several if row["method"] in (OURS, "ekfac") and row["adapters"] == 4]  # fmt: skip
    axes.set_xscale("log")
    axes.scatter([p[1] for p in points], [p[2] for p in points], c=[_colour(p[0]) for p in points], s=28, zorder=3)
    axes.axhline(one["ceilings"]["LDS"], color=_QUIET, linestyle="--", linewidth=1)
    axes.set_xlim(min(p[1] for p in points) / 1.6, max(p[1] for p in points) * 4)
    axes.set_ylim(0.1, 0.95)
    axes.annotate("perfect predictor", (axes.get_xlim()[0] * 1.1, one["ceilings"]["LDS"]), va="bottom", fontsize=8,
                  color=_QUIET)  # fmt: skip
    axes.set_xlabel("CPU-seconds of one thread, gradients included, training of the adapters left out")
    axes.set_ylabel("LDS, unseen seeds")
    _label(figure, axes, points)
    return figure


def _label(figure: Any, axes: Any, points: list[tuple[str, float, float]]) -> None:
    """Names beside their points, each at the first place where it covers neither a point nor another name."""
    renderer = figure.canvas.get_renderer()
    dots = [axes.transData.transform((x, y)) for _, x, y in points]
    taken: list[Any] = []
    for name, x, y in sorted(points, key=lambda point: -point[2]):
        for far, (across, up, side) in product((1, 2, 3), _SIDES):
            text = axes.annotate(name, (x, y), xytext=(across * far, up * far), textcoords="offset points", ha=side,
                                 va="center", fontsize=8)  # fmt: skip
            box = text.get_window_extent(renderer)
            if not any(box.overlaps(other) for other in taken) and not any(box.contains(*dot) for dot in dots):
                break
            text.remove()
        else:
            raise ValueError(f"no room for {name} in the plot; expected some; show fewer methods")
        taken.append(box)


def _adapters(one: dict[str, Any], several: list[dict[str, Any]]) -> Any:
    figure, axes = pyplot.subplots(figsize=(7.5, 4.0))
    methods = list(dict.fromkeys(row["method"] for row in several))
    best = sorted(methods, key=lambda m: -max(r["LDS"]["value"] for r in several if r["method"] == m))[:5]
    shades = pyplot.get_cmap("viridis")(np.linspace(0, 0.85, len(best)))
    for shift, (method, shade) in enumerate(zip(best, shades, strict=True)):
        rows = [row for row in several if row["method"] == method]
        values = [row["LDS"] for row in rows]
        places = [np.log2(row["adapters"]) + 0.03 * (shift - len(best) / 2) for row in rows]
        axes.errorbar(places, [v["value"] for v in values], yerr=_whiskers(values), marker="o", capsize=2, color=shade,
                      linewidth=1.2, markersize=4, label=method)  # fmt: skip
    anchor = next(row for row in one["rows"] if row["method"] == ANCHOR)["unseen"]["LDS"]["value"]
    for value, name in ((one["ceilings"]["LDS"], "perfect predictor"), (anchor, f"{ANCHOR}, one adapter")):
        axes.axhline(value, color=_QUIET, linestyle="--", linewidth=1)
        axes.annotate(name, (1.5, value), ha="center", va="bottom", fontsize=8, color=_QUIET)
    axes.set_xticks([0, 1, 2], ["1", "2", "4"])
    axes.set_xlim(-0.15, 2.2)
    axes.set_xlabel("adapters of unseen seeds, scores added")
    axes.set_ylabel("LDS (95 % interval)")
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def _removal(run: Run) -> Any:
    """Every pair of a query and a contributor, of the adapter retrained with its own order without him."""
    seed, bank = SEEN_SEEDS[0], run.bank
    chosen = (LINEAR, ANCHOR, OURS, "bm25")
    figure, panels = pyplot.subplots(1, len(chosen), figsize=(3.2 * len(chosen), 3.8), squeeze=False, sharey=True)
    owners = np.array([bank.contributors.index(row.contributor or "") for row in bank.queries])
    own = owners[:, None] == np.arange(len(bank.contributors))[None, :]
    measured = effects()[seed].astype(np.float64)
    for axes, method in zip(panels[0], chosen, strict=True):
        scores = with_training(seed)[method][0] if method == LINEAR else run.of(method, (seed,))[0].scores
        predicted = by_contributor(load_bank(), scores)
        # units differ from method to method; only the shape counts
        predicted = predicted / np.abs(predicted).max()
        kinds = ((~own, _QUIET, "somebody else", 6), (own, _PEER, "the query's owner", 14))
        for mask, colour, name, size in kinds:
            # thousands of dots are smaller as pixels than as shapes
            axes.scatter(predicted[mask], measured[mask], s=size, c=colour, alpha=0.7, linewidths=0, label=name,
                         rasterized=True)  # fmt: skip
        axes.axhline(0, color=_QUIET, linewidth=0.6)
        axes.set_title(method, fontsize=10)
        axes.set_xlabel("predicted, of its largest")
    panels[0][0].set_ylabel(f"measured rise of the loss (nats, seed {seed})")
    panels[0][0].legend(frameon=False, fontsize=8, loc="upper left", title="without …", title_fontsize=8)
    figure.tight_layout()
    return figure
