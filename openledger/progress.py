"""Progress on the terminal for long work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trainer.lora import TrainProgress


@contextmanager
def training_bar(console: Console) -> Iterator[Callable[[TrainProgress], None]]:
    """A bar that follows a training run: step, loss, time left. Off a terminal it prints every tenth step instead."""
    if not console.is_terminal:
        yield lambda at: _print_some(console, at)
        return
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TextColumn("loss {task.fields[loss]:.3f}"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as progress:
        task = progress.add_task("training", total=None, loss=float("nan"))
        yield lambda at: progress.update(task, completed=at.step, total=at.steps, loss=at.loss)


def _print_some(console: Console, at: TrainProgress) -> None:
    if at.step in (1, at.steps) or at.step % 20 == 0:
        console.print(f"training: step {at.step} of {at.steps}, loss {at.loss:.3f}")
