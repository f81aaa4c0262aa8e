"""`python -m indexer`: the engine and the API in one process, which is the database's one writer."""

import argparse
import logging
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from apscheduler.schedulers.background import BackgroundScheduler

from chain.contracts import Deployment, abi, load_deployment
from chain.errors import ChainError
from indexer.api.app import create_app
from indexer.api.service import Service
from indexer.database import Database
from indexer.decode import Decoder
from indexer.engine import DEFAULT_FINALITY_DEPTH, Engine
from indexer.errors import IndexerError, NodeUnavailable
from indexer.rewards import RewardBook
from indexer.source import Source
from indexer.store import Store

PROJECT_ROOT = Path(__file__).resolve().parent.parent
_DISTRIBUTOR = "RewardDistributor"


@dataclass(frozen=True, slots=True)
class Settings:
    """One run of the indexer."""

    rpc_url: str
    deployment_path: Path
    database_url: str
    host: str
    port: int
    poll_seconds: float
    finality_depth: int
    is_rebuild: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until SIGINT or SIGTERM; the exit status."""
    settings = _settings(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    try:
        with ExitStack() as stack:
            service = open_service(settings, stack)
            if settings.is_rebuild:
                print(f"rebuilt the projections from {service.engine.store.rebuild()} events")
            else:
                _serve(settings, service)
    except (ChainError, IndexerError, OSError) as error:
        print(f"indexer: {error}", file=sys.stderr)
        return 1
    return 0


def open_service(settings: Settings, stack: ExitStack) -> Service:
    """Lock and check the database and connect the parts; `stack` closes them.

    Raises:
        DatabaseInUse, SchemaChanged, DeploymentMissing, IndexerError (a node of another chain).
    """
    deployment = load_deployment(settings.deployment_path)
    decoder = decoder_of(deployment)
    database = Database(settings.database_url)
    stack.callback(database.close)
    database.lock()
    store = Store(database, decoder, chain_id=deployment.chain_id, start_block=deployment.block_number)
    store.open()
    contracts = {name: record.address for name, record in deployment.contracts.items()}
    source = Source(settings.rpc_url, contracts.values())
    stack.callback(source.close)
    _check_chain(source, deployment)
    engine = Engine(source, store, settings.finality_depth)
    rewards = RewardBook(database, chain_id=deployment.chain_id, distributor=deployment.address(_DISTRIBUTOR))
    return Service(database, engine, deployment.chain_id, contracts, rewards)


def decoder_of(deployment: Deployment, root: Path = PROJECT_ROOT) -> Decoder:
    """The decoder of every event of every deployed contract."""
    return Decoder({name: (record.address, abi(name, root)) for name, record in deployment.contracts.items()})


def _check_chain(source: Source, deployment: Deployment) -> None:
    try:
        found = source.chain_id()
    except NodeUnavailable:
        return  # the engine waits for it; whatever it is then, its blocks must stand on ours
    if found != deployment.chain_id:
        raise IndexerError(
            f"{source.rpc_url} is chain {found}, the deployment is on chain {deployment.chain_id}; "
            "expected the same; give the other node or the other file"
        )


def _serve(settings: Settings, service: Service) -> None:
    config = uvicorn.Config(create_app(service), log_level="warning", access_log=False, timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)

    def end(_signal: int, _frame: object) -> None:
        # also what uvicorn raises again once it is down: without a handler that would end us before the clean-up
        server.should_exit = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    with socket.create_server((settings.host, settings.port), reuse_port=False) as listener:
        # the job only kicks: the engine works until it is idle, and a kick that finds it at work returns
        scheduler = BackgroundScheduler()
        kick = service.engine.kick
        scheduler.add_job(kick, "interval", seconds=settings.poll_seconds, max_instances=1, coalesce=True)
        scheduler.add_job(kick)
        scheduler.start()
        host, port = listener.getsockname()[:2]
        print(f"indexer ready at http://{host}:{port}", flush=True)
        try:
            server.run(sockets=[listener])
        finally:
            service.engine.stop()
            scheduler.shutdown(wait=True)


def _settings(arguments: Sequence[str] | None) -> Settings:
    parser = argparse.ArgumentParser(prog="python -m indexer", description=__doc__)
    parser.add_argument("--rpc", required=True, help="URL of a node")
    parser.add_argument("--deployment", required=True, type=Path, help="deployments/CHAIN_ID.json")
    parser.add_argument("--database", required=True, help="such as sqlite:///indexer.db")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--poll-seconds", type=float, default=0.5)
    parser.add_argument("--finality-depth", type=int, default=DEFAULT_FINALITY_DEPTH, help="without a `finalized` tag")
    parser.add_argument("--rebuild", action="store_true", help="run the stored events through the projections, and end")
    given = parser.parse_args(arguments)
    return Settings(
        rpc_url=given.rpc,
        deployment_path=given.deployment,
        database_url=given.database,
        host=given.host,
        port=given.port,
        poll_seconds=given.poll_seconds,
        finality_depth=given.finality_depth,
        is_rebuild=given.rebuild,
    )


if __name__ == "__main__":
    sys.exit(main())
