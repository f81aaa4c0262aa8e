"""The report's three pictures as inline SVG. Colours come from the page's CSS variables, so both themes work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Bar:
    """A labelled amount; `note` is shown behind it, `tone` names a CSS class."""

    label: str
    value: float
    note: str
    tone: str


@dataclass(frozen=True, slots=True)
class Flow:
    """One outgoing stream of the money flow."""

    label: str
    value: float
    note: str
    tone: str


@dataclass(frozen=True, slots=True)
class Interval:
    """Amounts of one thing by several measurements, the first of which counts, with their mean and deviation."""

    label: str
    values: Sequence[float]
    mean: float
    deviation: float
    note: str


def bars(items: Sequence[Bar], *, width: int = 860) -> str:
    """Horizontal bars, the longest as wide as the room between label and note."""
    row, label_width, note_width = 30, 150, 170
    room = width - label_width - note_width
    longest = max((item.value for item in items), default=0) or 1
    parts = []
    for index, item in enumerate(items):
        y = index * row
        length = max(1.5, room * item.value / longest)
        parts.append(
            f'<text class="label" x="{label_width - 10}" y="{y + 19}" text-anchor="end">{escape(item.label)}</text>'
            f'<rect class="{item.tone}" x="{label_width}" y="{y + 6}" width="{length:.1f}" height="18" rx="3">'
            f"<title>{escape(item.label)}: {escape(item.note)}</title></rect>"
            f'<text class="note" x="{label_width + length + 8:.1f}" y="{y + 19}">{escape(item.note)}</text>'
        )
    return _svg("".join(parts), width=width, height=row * len(items) + 4, title="Payouts by contributor")


def intervals(items: Sequence[Interval], *, width: int = 860) -> str:
    """One line an item: a dot for each value, the first one filled, over the mean with a deviation to either side."""
    row, label_width, note_width = 30, 150, 230
    room = width - label_width - note_width
    longest = max((max(*item.values, item.mean + item.deviation) for item in items), default=0) or 1

    def place(value: float) -> float:
        return label_width + room * max(0.0, value) / longest

    parts = []
    for index, item in enumerate(items):
        y = index * row + 15
        low, high = place(item.mean - item.deviation), place(item.mean + item.deviation)
        dots = "".join(
            f'<circle class="{"dot" if number == 0 else "dot sister"}" cx="{place(value):.1f}" cy="{y}" r="5"/>'
            for number, value in reversed(list(enumerate(item.values)))
        )
        parts.append(
            f'<text class="label" x="{label_width - 10}" y="{y + 4}" text-anchor="end">{escape(item.label)}</text>'
            f'<line class="axis" x1="{label_width}" y1="{y}" x2="{label_width + room}" y2="{y}"/>'
            f'<line class="range" x1="{low:.1f}" y1="{y}" x2="{high:.1f}" y2="{y}"/>'
            f'<line class="range" x1="{place(item.mean):.1f}" y1="{y - 8}" x2="{place(item.mean):.1f}" y2="{y + 8}"/>{dots}'
            f'<text class="note" x="{width - note_width + 14}" y="{y + 4}">{escape(item.note)}</text>'
        )
    return _svg("".join(parts), width=width, height=row * len(items) + 4, title="Payouts by contributor over seeds")


def heat_map(
    values: Sequence[Sequence[int]],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    marks: Sequence[int | None],
    width: int = 1040,
) -> str:
    """Signed shares in ppm, one row a question and one column a contribution; `marks[row]` is the column that holds the known source."""
    # the slanted name of the last column needs room to its right
    label_width, head, row, room = 390, 96, 24, 70
    cell = (width - label_width - room) / max(1, len(columns))
    parts = [
        f'<text class="label" transform="translate({label_width + (index + 0.5) * cell:.1f},{head - 10}) rotate(-35)">'
        f"{escape(name)}</text>"
        for index, name in enumerate(columns)
    ]
    for y, (name, line) in enumerate(zip(rows, values, strict=True)):
        top = head + y * row
        parts.append(
            f'<text class="label" x="{label_width - 10}" y="{top + 16}" text-anchor="end">{escape(_cut(name, 52))}'
            f"<title>{escape(name)}</title></text>"
        )
        for x, share_ppm in enumerate(line):
            parts.append(
                _cell(
                    share_ppm,
                    x=label_width + x * cell,
                    y=top,
                    width=cell,
                    height=row,
                    is_marked=marks[y] == x,
                    title=f"{columns[x]}: {share_ppm / 10_000:.1f} % of “{name}”",
                )
            )
    return _svg("".join(parts), width=width, height=head + row * len(rows) + 4, title="Influence heat map")


def _cell(share_ppm: int, *, x: float, y: float, width: float, height: float, is_marked: bool, title: str) -> str:
    tone = "heat" if share_ppm >= 0 else "cold"
    # the square root keeps small shares visible beside large ones
    opacity = min(1.0, (abs(share_ppm) / 1_000_000) ** 0.5)
    ring = ' class="ring"' if is_marked else ' class="grid"'
    return (
        f'<g><title>{escape(title)}</title><rect class="{tone}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{height}" '
        f'fill-opacity="{opacity:.3f}"/><rect{ring} x="{x + 1:.1f}" y="{y + 1}" width="{width - 2:.1f}" '
        f'height="{height - 2}" rx="3"/></g>'
    )


def money_flow(source: Flow, targets: Sequence[Flow], *, width: int = 1040) -> str:
    """One bar on the left that parts into streams to the right, heights to scale."""
    height, gap, left, right = 300, 14, 190, width - 330
    total = source.value or 1
    scale = (height - gap * (len(targets) - 1)) / total
    parts = [
        f'<rect class="{source.tone}" x="{left - 16}" y="{(height - total * scale) / 2:.1f}" width="16" height="{total * scale:.1f}" rx="3"/>'
        f'<text class="label strong" x="{left - 26}" y="{height / 2 - 4}" text-anchor="end">{escape(source.label)}</text>'
        f'<text class="note" x="{left - 26}" y="{height / 2 + 15}" text-anchor="end">{escape(source.note)}</text>'
    ]
    start, end = (height - total * scale) / 2, 0.0
    for target in targets:
        thick = target.value * scale
        parts.append(_stream(target, x0=left, y0=start, x1=right, y1=end, thick=thick))
        start, end = start + thick, end + thick + gap
    return _svg("".join(parts), width=width, height=height + 10, title="Money flow")


def _stream(target: Flow, *, x0: float, y0: float, x1: float, y1: float, thick: float) -> str:
    middle = (x0 + x1) / 2
    path = (
        f"M{x0:.1f},{y0:.1f} C{middle:.1f},{y0:.1f} {middle:.1f},{y1:.1f} {x1:.1f},{y1:.1f} L{x1:.1f},{y1 + thick:.1f} "
        f"C{middle:.1f},{y1 + thick:.1f} {middle:.1f},{y0 + thick:.1f} {x0:.1f},{y0 + thick:.1f} Z"
    )
    centre = y1 + thick / 2
    return (
        f'<path class="{target.tone} stream" d="{path}"><title>{escape(target.label)}: {escape(target.note)}</title></path>'
        f'<rect class="{target.tone}" x="{x1:.1f}" y="{y1:.1f}" width="14" height="{max(1.0, thick):.1f}" rx="2"/>'
        f'<text class="label" x="{x1 + 24:.1f}" y="{centre + 5:.1f}"><tspan class="strong">{escape(target.label)}</tspan>'
        f'<tspan class="note" dx="8">{escape(target.note)}</tspan></text>'
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _svg(body: str, *, width: int, height: int, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}" '
        f'preserveAspectRatio="xMinYMin meet">{body}</svg>'
    )
