"""A gateway in a process of its own, so that it can be killed: `python echo_server.py SETTINGS.json`.

Everything is real but the model, which answers a prompt with its words in reverse. Some prompts try the gateway:
`fail …` makes the model raise, `wait …` takes a while, `greedy …` claims more tokens than were asked for.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from chain.client import ChainClient
from chain.contracts import load_deployment
from openledger.gateway.app import create_app
from openledger.gateway.settings import GatewaySettings

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 1.5


@dataclass(frozen=True)
class Echo:
    text: str
    input_tokens: int
    output_tokens: int


class EchoAnswerer:
    """One word is one token. It notices when it is asked by two at once."""

    def __init__(self) -> None:
        self._is_busy = False

    def count_tokens(self, prompt: str) -> int:
        return len(prompt.split())

    def answer(self, adapter_id: int, prompt: str, max_new_tokens: int) -> Echo:
        assert not self._is_busy, "two answers at once"
        self._is_busy = True
        try:
            return self._answer(adapter_id, prompt.split(), max_new_tokens)
        finally:
            self._is_busy = False

    def _answer(self, adapter_id: int, words: list[str], max_new_tokens: int) -> Echo:
        if words[0] == "fail":
            raise RuntimeError("the weights do not load")
        if words[0] == "wait":
            time.sleep(WAIT_SECONDS)
        said = [f"{adapter_id}:", *reversed(words)][:max_new_tokens]
        return Echo(" ".join(said), len(words), 10**6 if words[0] == "greedy" else len(said))


def main() -> None:
    options = json.loads(Path(sys.argv[1]).read_text())
    chain = ChainClient(options["rpc_url"], root=ROOT, deployment=load_deployment(Path(options["deployment"])))
    app = create_app(GatewaySettings(**options["settings"]), chain, EchoAnswerer())
    uvicorn.run(app, host="127.0.0.1", port=options["port"], log_level="warning")


if __name__ == "__main__":
    main()
