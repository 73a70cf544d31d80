"""The life of an environment on the emulator, by the scripts that deliveries run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.infra import terraform
from tests.infra.account import Account

PREFIX: Final = "bluemoxon-staging"
REPOSITORY: Final = f"{PREFIX}-image-processor"
#: Nowhere but in the secret itself.
PASSWORD: Final = "canary-4711"
COMMIT: Final = "0a1b2c3" + 33 * "d"
_STATE_BUCKET, _STATE_KEY = f"{PREFIX}-terraform-state", "image-processor/terraform.tfstate"


@dataclass(frozen=True)
class Rehearsal(Account):
    """A copy of infra/ on one emulator, which holds the state too."""

    root: Path

    def prepare(self) -> str:
        """Make what exists already: two buckets, the API's role, the secret, whose ARN is returned."""
        shutil.copytree(
            terraform.ROOT / "infra",
            self.root / "infra",
            ignore=shutil.ignore_patterns(".terraform", "tests"),
        )
        shutil.copy(terraform.ROOT / "pyproject.toml", self.root)
        place = {"LocationConstraint": REGION}
        for bucket in (f"{PREFIX}-images", _STATE_BUCKET):
            self.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
        self.client("iam").create_role(RoleName=f"{PREFIX}-api", AssumeRolePolicyDocument="{}")
        secret = json.dumps({"username": "worker", "password": PASSWORD, "host": "db", "dbname": "books"})
        made = self.client("secretsmanager").create_secret(Name=f"{PREFIX}-database", SecretString=secret)
        self._edit_settings("database_secret_arn", made["ARN"])
        return str(made["ARN"])

    def name_image(self, tag: str | None) -> None:
        """Write image_tag into staging's settings, or remove it."""
        self._edit_settings("image_tag", tag)

    def script(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one of infra/scripts against the emulator."""
        return self._run([str(self.root / "infra" / "scripts" / name), *arguments])

    def deliver(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of delivery against the emulator."""
        return self._run([sys.executable, "-m", "delivery", *arguments])

    def terraform(self, *arguments: str) -> str:
        """Run Terraform in the configuration and return what it printed."""
        done = self._run(["terraform", f"-chdir={self.root / 'infra' / 'terraform'}", *arguments])
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def state(self) -> str:
        """Return the state's text."""
        answer = self.client("s3").get_object(Bucket=_STATE_BUCKET, Key=_STATE_KEY)
        return str(answer["Body"].read().decode())

    def left(self) -> dict[str, list[str]]:
        """Return the names of everything that an environment could leave behind, by kind."""
        asked: dict[str, Callable[[], list[str]]] = {
            "queues": lambda: self.client("sqs").list_queues().get("QueueUrls", []),
            "role_policies": lambda: self.client("iam").list_role_policies(RoleName=f"{PREFIX}-api")[
                "PolicyNames"
            ],
        }
        lists = {
            "functions": ("lambda", "list_functions", "Functions", "FunctionName"),
            "mappings": ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
            "repositories": ("ecr", "describe_repositories", "repositories", "repositoryName"),
            "roles": ("iam", "list_roles", "Roles", "RoleName"),
            "alarms": ("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
            "dashboards": ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
            "topics": ("sns", "list_topics", "Topics", "TopicArn"),
            "log_groups": ("logs", "describe_log_groups", "logGroups", "logGroupName"),
            "schedules": ("scheduler", "list_schedules", "Schedules", "Name"),
        }
        found = {name: ask() for name, ask in asked.items()}
        for kind, (service, operation, key, name) in lists.items():
            found[kind] = [row[name] for row in getattr(self.client(service), operation)()[key]]
        return found

    def _edit_settings(self, name: str, value: str | None) -> None:
        path = self.root / "infra" / "terraform" / "envs" / "staging.tfvars"
        kept = [line for line in path.read_text().splitlines() if not re.match(rf"{name}\s*=", line)]
        path.write_text("\n".join(kept + ([f'{name} = "{value}"'] if value else [])) + "\n")

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        variables = terraform.environment() | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "PYTHON": sys.executable,
            "PYTHONPATH": str(self.root / "infra"),
            "WATCH_SECONDS": "1",
        }
        return subprocess.run(command, env=variables, check=False, capture_output=True, text=True)
