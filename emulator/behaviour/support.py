"""What the tests of BEHAVIOUR.md share: an emulator, boto3's clients of it, and short ways to a task."""

import atexit
import functools
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

ACCOUNT = "123456789012"
REGION = "eu-central-1"
CLUSTER = "tests"
LOG_GROUP = "/ecs/tests"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
AWSLOGS = {
    "logDriver": "awslogs",
    "options": {"awslogs-group": LOG_GROUP, "awslogs-region": REGION, "awslogs-stream-prefix": "ecs"},
}
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
JSON_TYPE = "application/x-amz-json-1.1"
TARGETS = {"ecs": "AmazonEC2ContainerServiceV20141113", "logs": "Logs_20140328"}

# An error that is answered must reach the test, so nothing is tried again. botocore would refuse what the emulator
# shall refuse, so it does not look at parameters.
CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


class Emulator:
    """An emulator of its own, and boto3's clients of it."""

    def __init__(self, *words: str, state=None, time_scale="0", env=None, ready=True):
        """Waits until it is ready, unless it is not going to be."""
        self.state = state or temporary_folder()
        self.image = temporary_folder()
        command = json.loads(os.environ["EMULATOR_COMMAND"])
        own = ["--exit-with-parent", "--state-dir", str(self.state), "--image", f"image:1={self.image}"]
        pace = ["--time-scale", time_scale] if time_scale else []
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        # Should the tests die, its standard input closes and it ends.
        self.process = subprocess.Popen(
            [*command, *own, *pace, *words],
            env={**clean, "WHERRY_S3_PYTHON": sys.executable, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if os.environ.get("EMULATOR_VERBOSE") else subprocess.DEVNULL,
        )
        if not ready:
            return
        # Standard output ends when it is ready.
        self.exports = dict(re.findall(r"^export (\w+)=(.*)$", self.process.stdout.read().decode(), re.MULTILINE))
        self.url = self.exports["AWS_ENDPOINT_URL_ECS"]
        self.ecs, self.logs, self.sts, self.s3 = (self.client(name) for name in ("ecs", "logs", "sts", "s3"))

    def client(self, service: str):
        variable = {"logs": "CLOUDWATCH_LOGS"}.get(service, service.upper())
        return session().client(service, endpoint_url=self.exports[f"AWS_ENDPOINT_URL_{variable}"], config=CONFIG)

    def s3_answers(self) -> bool:
        try:
            return bool(self.s3.list_buckets())
        except EndpointConnectionError:
            return False

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait()

    def open_account(self) -> "Emulator":
        """Makes the cluster and the log group that the functions below use."""
        self.ecs.create_cluster(clusterName=CLUSTER, capacityProviders=["FARGATE"])
        self.logs.create_log_group(logGroupName=LOG_GROUP)
        return self

    def register(self, family: str, *containers: dict, **more) -> dict:
        return self.ecs.register_task_definition(**definition(family, *containers, **more))["taskDefinition"]

    def run(self, family: str, **more) -> dict:
        return self.ecs.run_task(**request(family, **more))["tasks"][0]

    def described(self, task: dict) -> dict:
        return self.ecs.describe_tasks(cluster=CLUSTER, tasks=[task["taskArn"]], include=["TAGS"])["tasks"][0]

    def until(self, task: dict, status: str = "STOPPED") -> dict:
        """Waits until the task has this status or has stopped."""
        while (now := self.described(task))["lastStatus"] not in (status, "STOPPED"):
            time.sleep(0.005)
        return now

    def ran(self, *containers: dict, **more) -> dict:
        """Registers a family, runs it and waits for the end."""
        family = new_name()
        self.register(family, *containers, **more)
        return self.until(self.run(family))

    def lines(self, task: dict, container_name: str = "main") -> list[str]:
        stream = f"ecs/{container_name}/{id_of(task)}"
        found = self.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in found["events"]]

    def now(self) -> datetime:
        """By the emulator's clock."""
        return datetime.fromisoformat(self.ask("GET", "/_emulator/time")[2]["now"].replace("Z", "+00:00"))

    def first_line(self, task: dict) -> str:
        """Waits for it."""
        while True:
            try:
                return self.lines(task)[0]
            except self.logs.exceptions.ResourceNotFoundException:
                time.sleep(0.005)

    def ask(self, method: str, path: str, body: object = None, headers: dict | None = None):
        """A request as it stands: its status, headers and JSON."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, headers or {}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), AnyStatus())
        with opener.open(asked) as answer:
            return answer.status, answer.headers, json.loads(answer.read() or b"null")

    def call(self, service: str, operation: str, body: object):
        """An operation with a body that boto3 would not send."""
        return self.ask("POST", "/", body, {"X-Amz-Target": f"{TARGETS[service]}.{operation}", "Content-Type": JSON_TYPE})


class AnyStatus(urllib.request.HTTPErrorProcessor):
    def http_response(self, request, response):
        return response


def session() -> boto3.Session:
    return boto3.Session("any", "credentials", region_name=REGION)


@functools.cache
def shared() -> Emulator:
    """The emulator of all tests that need none of their own. A variable of its caller must not reach a container."""
    emulator = Emulator(env={"CALLERS_SECRET": "never"})
    atexit.register(emulator.end)
    return emulator.open_account()


def temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="wherry-behaviour-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def container(script: str = "exit 0", name: str = "main", **more) -> dict:
    """A container that runs a shell script; `more` replaces what it says, None leaves it out."""
    said = {"name": name, "image": "image:1", "entryPoint": ["sh", "-c"], "command": [script], "logConfiguration": AWSLOGS}
    return given({**said, **more})


def definition(family: str, *containers: dict, **more) -> dict:
    said = {
        "family": family,
        "requiresCompatibilities": ["FARGATE"],
        "networkMode": "awsvpc",
        "cpu": "256",
        "memory": "512",
        "executionRoleArn": ROLE,
        "containerDefinitions": list(containers) or [container()],
    }
    return given({**said, **more})


def request(family: str, **more) -> dict:
    said = {"cluster": CLUSTER, "taskDefinition": family, "launchType": "FARGATE", "networkConfiguration": NETWORK}
    return given({**said, **more})


def given(said: dict) -> dict:
    return {name: value for name, value in said.items() if value is not None}


counter = itertools.count(1)


def new_name() -> str:
    return f"name-{next(counter)}"


def id_of(task: dict) -> str:
    return task["taskArn"].split("/")[-1]


def codes(task: dict) -> dict:
    return {each["name"]: each.get("exitCode") for each in task["containers"]}


def is_alive(pid: int) -> bool:
    """Whether it runs; one that waits for its parent to ask how it ended does not."""
    try:
        return not re.match(r"\d+ \(.*\) Z", Path(f"/proc/{pid}/stat").read_text())
    except FileNotFoundError:
        return False


@contextmanager
def refused(code: str, words: str = ""):
    """Holds when the call in it is answered by this error, in words that this expression finds."""
    try:
        yield
    except ClientError as error:
        answered = error.response["Error"]
        assert answered["Code"] == code and re.search(words, answered["Message"]), answered
    else:
        raise AssertionError("it was not refused")


def rows(table: dict):
    """Makes each row of a table a test: its id, and what `check` is called with."""

    def add(tests):
        tests.table = table
        for name, row in table.items():
            setattr(tests, f"test_{name.replace('-', '_')}", lambda self, row=row: self.check(*row))
        return tests

    return add
