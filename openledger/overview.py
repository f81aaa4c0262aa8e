"""What `openledger status` shows."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from attribution_oracle.audit import STATUS
from content.formats import Modality
from openledger.market import Market
from openledger.units import in_open


def print_status(market: Market, console: Console) -> None:
    """The chain's head, counts, and every reward epoch so far."""
    chain = market.chain
    block = chain.block("latest")
    console.print(f"chain {chain.chain_id} at block {block.number}, block time {block.timestamp}")
    counts = {
        "Datanets": chain.call("DatanetRegistry", "datanet_count"),
        "contributions": chain.call("DatanetRegistry", "contribution_count"),
        "validator seats": sum(chain.call("ValidatorPool", "seat_count", int(modality)) for modality in Modality),
        "base models": chain.call("ModelRegistry", "base_count"),
        "adapters": chain.call("ModelRegistry", "adapter_count"),
        "pinned files": len(market.store.pins()),
    }
    console.print(", ".join(f"{count} {name}" for name, count in counts.items()))
    console.print(_epochs(market))


def _epochs(market: Market) -> Table:
    chain = market.chain
    table = Table("reward epoch", "accrued (OPEN)", "root", "total (OPEN)", "state", header_style="dim")
    for epoch in range(1, chain.call("RewardDistributor", "current_epoch") + 1):
        accrued = chain.call("RewardDistributor", "accrued", epoch)
        record = chain.call("RewardDistributor", "root", epoch)
        if not accrued and not record.status:
            continue
        root = f"0x{record.root.hex()[:16]}…" if record.status else "—"
        table.add_row(str(epoch), in_open(accrued), root, in_open(record.total_wei), STATUS.get(record.status, "open"))
    return table
