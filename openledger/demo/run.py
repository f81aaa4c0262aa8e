"""`openledger demo`: start everything, tell the story, show what came out, stop everything."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from openledger.demo import cast
from openledger.demo.assemble import outcome_of
from openledger.demo.outcome import Outcome
from openledger.demo.report import write_report
from openledger.demo.resources import Meter
from openledger.demo.story import Story
from openledger.demo.terminal import print_outcome
from openledger.home import Home
from openledger.market import PROJECT_ROOT, Market
from openledger.progress import training_bar
from openledger.services import Services
from openledger.setting_up import cache_folder, give_open
from trainer.base_model import prepare_smollm2


def run_demo(home_path: Path, report: Path, console: Console) -> Outcome:
    """Run the demo in an empty home; writes the report and, beside it, the same outcome as JSON."""
    shutil.rmtree(home_path, ignore_errors=True)
    cache = cache_folder()
    meter = Meter()
    with meter.stage("base model (prepared once)"):
        base = prepare_smollm2(cache, console.print)
    home = Home(home_path)
    with Services(home, base_model=base) as services, training_bar(console) as show_training:
        with meter.stage("start and deploy"):
            services.start(console.print)
            market = Market.open(home)
            give_open(market)
        story = Story(
            market=market,
            cast=cast.gather(),
            config=PROJECT_ROOT / "configs" / "demo.toml",
            cache=cache,
            say=lambda text: console.print(text, soft_wrap=True),
            show_training=show_training,
            meter=meter,
        )
        story.run()
        outcome = outcome_of(story)
    # only now: two more adapters take the memory that the services had
    console.print("[bold]measure again with other seeds[/bold]")
    with meter.stage("measure again with other seeds"):
        spread = story.measure_again()
    outcome = replace(outcome, spread=spread, stages=tuple(meter.stages))
    console.print()
    print_outcome(console, outcome)
    write_report(outcome, report)
    report.with_suffix(".json").write_text(json.dumps(outcome.as_json(), indent=1, ensure_ascii=False) + "\n")
    console.print(f"report: {report}")
    return outcome
