"""The command line of delivery: `python -m delivery --help`. Credentials and region are boto3's own chain."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

import boto3
from botocore.config import Config

from delivery import capacity, plans, tags
from delivery.commands import Environment
from delivery.release import ReleaseError, Trials
from delivery.tags import TagError

_PYPROJECT: Final = Path(__file__).resolve().parents[2] / "pyproject.toml"
#: A trial may take the worker's whole timeout; trials may run twice, so everything may be tried again.
_PATIENT: Final = Config(
    connect_timeout=10, read_timeout=910, retries={"mode": "standard", "total_max_attempts": 3}
)
_WATCH_SECONDS: Final = 180.0


def main(arguments: Sequence[str], client: Callable[[str], Any] | None = None) -> int:
    """Run one command and return the exit status: 0 done, 1 failed, 2 wrongly used."""
    options = _parser().parse_args(arguments)
    options.client = client or _client
    try:
        options.run(options)
    except (ReleaseError, TagError, capacity.BenchmarkError) as exc:
        print(f"✗ {exc}", file=sys.stderr)
        return 1
    return 0


def _client(service: str) -> Any:
    session: Any = boto3.session.Session()
    return session.client(service, config=_PATIENT)


def _staging_tag(options: argparse.Namespace) -> None:
    print(tags.staging_tag(tags.project_version(_PYPROJECT), options.commit))


def _release_tag(options: argparse.Namespace) -> None:
    print(tags.release_tag(tags.project_version(_PYPROJECT), options.git_tag))


def _image_uri(options: argparse.Namespace) -> None:
    print(f"{_environment(options).repository.uri()}:{tags.require_tag(options.tag)}")


def _image_exists(options: argparse.Namespace) -> None:
    print("yes" if _environment(options).repository.has(tags.require_tag(options.tag)) else "no")


def _registry_password(options: argparse.Namespace) -> None:
    print(_environment(options).repository.password())


def _deploy(options: argparse.Namespace) -> None:
    _ship(options, Trials.DEPLOY)


def _roll_back(options: argparse.Namespace) -> None:
    _ship(options, Trials.AS_IT_IS)


def _ship(options: argparse.Namespace, trials: Trials) -> None:
    environment = _environment(options)
    if not environment.worker.exists():
        raise ReleaseError("there is no function yet: apply Terraform with this image_tag first")
    candidate = environment.candidate(options.tag, options.commit, trials)
    environment.release(_tell, options.watch_seconds).ship(candidate)


def _settle(options: argparse.Namespace) -> None:
    environment = _environment(options)
    candidate = environment.running()
    if candidate is None:
        _tell("no function yet: nothing to settle")
        return
    environment.release(_tell, options.watch_seconds).ship(candidate)


def _check_plan(options: argparse.Namespace) -> None:
    plan = json.loads(Path(options.plan).read_text())
    lost = plans.losses(plan)
    if lost:
        raise ReleaseError("the plan would delete what must stay: " + ", ".join(lost))
    _tell(", ".join(f"{count} to {action}" for action, count in plans.changes(plan).items()))


def _backfill(options: argparse.Namespace) -> None:
    print(capacity.table(capacity.read_benchmark(Path(options.bench)), options.concurrency))


def _environment(options: argparse.Namespace) -> Environment:
    return Environment.connect(options.prefix, options.client)


def _tell(line: str) -> None:
    print(line, flush=True)


def _above_zero(text: str) -> float:
    if (value := float(text)) <= 0:
        raise ValueError(text)
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m delivery", description="Delivery of the image processor."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str, run: Callable[[argparse.Namespace], None], text: str, *names: str
    ) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        for option in names:
            command.add_argument(option, required=True)
        return command

    add("staging-tag", _staging_tag, "print the image tag of a commit", "--commit")
    add("release-tag", _release_tag, "print the image tag of a release", "--git-tag")
    add("image-uri", _image_uri, "print an image's address", "--prefix", "--tag")
    add("image-exists", _image_exists, "print yes or no", "--prefix", "--tag")
    add("registry-password", _registry_password, "print docker's password", "--prefix")
    deploy = add("deploy", _deploy, "migrate, try, go live, watch", "--prefix", "--tag", "--commit")
    roll_back = add("roll-back", _roll_back, "go live with an older image", "--prefix", "--tag", "--commit")
    settle = add("settle", _settle, "bring new settings live with the running image", "--prefix")
    for command in (deploy, roll_back, settle):
        command.add_argument("--watch-seconds", type=_above_zero, default=_WATCH_SECONDS)
    check_plan = add("check-plan", _check_plan, "refuse a plan that deletes what must stay")
    check_plan.add_argument("plan", help="`terraform show -json` of a saved plan")
    backfill = add("backfill", _backfill, "print what a million photos take")
    backfill.add_argument("--bench", default="out/bench.json")
    backfill.add_argument("--concurrency", type=int, default=10)
    return parser


def _interrupt(_: int, __: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    # A cancelled workflow ends us politely first: a release that was not watched to its end moves back.
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main(sys.argv[1:]))
