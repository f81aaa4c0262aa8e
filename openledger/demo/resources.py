"""What each stage of a run costs: wall time, CPU time and peak memory of this process and all its children."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from openledger.demo.outcome import StageCost

_SAMPLE_SECONDS = 0.5
_MIB = 1024 * 1024


class Meter:
    """Measures stages one after the other; memory is sampled twice a second."""

    def __init__(self) -> None:
        self.stages: list[StageCost] = []
        self._process = psutil.Process()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the body of the `with` block as one stage, also when it fails."""
        started, cpu = time.monotonic(), self._cpu_seconds()
        peak = _Peak(self._process)
        peak.start()
        try:
            yield
        finally:
            peak.stop()
            self.stages.append(
                StageCost(name, time.monotonic() - started, self._cpu_seconds() - cpu, peak.highest_bytes / _MIB)
            )

    def _cpu_seconds(self) -> float:
        """CPU time of this process, of its children that have ended, and of those alive with what they reaped."""
        own = self._process.cpu_times()
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        total = own.user + own.system + ended.ru_utime + ended.ru_stime
        for child in self._process.children(recursive=True):
            try:
                times = child.cpu_times()
            except psutil.Error:
                continue
            total += times.user + times.system + times.children_user + times.children_system
        return float(total)


class _Peak(threading.Thread):
    def __init__(self, process: psutil.Process) -> None:
        super().__init__(daemon=True)
        self.highest_bytes = 0
        self._process = process
        self._ended = threading.Event()

    def run(self) -> None:
        while True:
            family = [self._process, *self._process.children(recursive=True)]
            self.highest_bytes = max(self.highest_bytes, sum(_memory_bytes(member) for member in family))
            if self._ended.wait(_SAMPLE_SECONDS):
                return

    def stop(self) -> None:
        self._ended.set()
        self.join()


def _memory_bytes(process: psutil.Process) -> int:
    """Proportional set size where the system tells it (shared pages count once in all), else resident size."""
    try:
        info = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(info, "pss", 0) or info.rss)
