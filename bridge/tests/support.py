"""What the bridge's tests share: small real Kedro projects, and the step run as an engine runs it."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest
import zlib

import kedro

BRIDGE = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BRIDGE))  # The step's parts are also tested in this process.
KEDRO = tuple(int(part) for part in kedro.__version__.split(".")[:2])
# Kedro 0.18 spells its classes the old way.
DATASET = "Dataset" if KEDRO >= (0, 19) else "DataSet"
SAVE_VERSION = "2026-11-24T02.49.12.123Z"
RUN_ID = "20261124T024912-abc123"
TIMEOUT = 180


class Folder:
    """A Kedro project in a temporary folder, removed with `remove`."""

    def __init__(self, files: dict, package: str = "shop"):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="wherry-test-")).resolve()
        self.package = package
        self.write(
            {
                "pyproject.toml": f"""
                    [tool.kedro]
                    package_name = "{package}"
                    project_name = "Shop"
                    kedro_init_version = "{kedro.__version__}"
                    source_dir = "src"
                """,
                "conf/base/catalog.yml": "",
                "conf/local/.gitkeep": "",
                f"src/{package}/__init__.py": "",
                f"src/{package}/settings.py": "",
                **files,
            }
        )

    def write(self, files: dict) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text).lstrip("\n").replace("$DATASET", DATASET), encoding="utf-8")

    def remove(self) -> None:
        shutil.rmtree(self.root, ignore_errors=True)


def registry(**pipelines: str) -> str:
    """pipeline_registry.py with one line of nodes for each pipeline; its functions are in nodes.py."""
    entries = "".join(f"        {name!r}: pipeline([{nodes}]),\n" for name, nodes in pipelines.items())
    return (
        "from kedro.pipeline import node, pipeline\nfrom .nodes import *\n\n\n"
        f"def register_pipelines():\n    return {{\n{entries}    }}\n"
    )


class Answer:
    def __init__(self, status: int, stdout: str, stderr: str, events: list):
        self.status, self.stdout, self.stderr, self.events = status, stdout, stderr, events

    def of(self, name: str) -> list:
        return [event for event in self.events if event["event"] == name]

    def names(self) -> list:
        return [event["event"] for event in self.events]

    def one(self, name: str) -> dict:
        found = self.of(name)
        assert len(found) == 1, f"{name}: {len(found)} of them in {self.events}\n{self.stderr}"
        return found[0]


def manifest(tasks: dict, pipeline: str = "__default__", spills=(), catalog=(), **more) -> dict:
    """`spills` and `catalog`: (dataset, producer, [consumers]) of what passes between tasks."""
    boundary = [
        {"name": name, "storage": storage, "producer": producer, "consumers": list(consumers)}
        for storage, items in (("spill", spills), ("catalog", catalog))
        for name, producer, consumers in items
    ]
    return {
        "version": 1,
        "planHash": "0" * 64,
        "pipeline": pipeline,
        "env": None,
        "confSource": "conf",
        "tasks": [{"name": name, "nodes": nodes} for name, nodes in tasks.items()],
        "boundaryDatasets": boundary,
        **more,
    }


def plain_environment(**more) -> dict:
    """Nothing of the tests' own, as in a container."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "DO_NOT_TRACK": "1", **more}


def step_environment(plan: dict, task: str, spill=None, attempt: int = 1, **more) -> dict:
    names = {
        "WHERRY_RUN_ID": RUN_ID,
        "WHERRY_TASK": task,
        "WHERRY_ATTEMPT": str(attempt),
        "WHERRY_SAVE_VERSION": SAVE_VERSION,
        "WHERRY_MANIFEST": base64.b64encode(zlib.compress(json.dumps(plan).encode())).decode(),
    }
    if spill is not None:
        names["WHERRY_SPILL"] = str(spill)
    return plain_environment(**{**names, **more})


def start_step(root, plan: dict, task: str, prelude: str = "", **options):
    """The step as a child whose events come through a descriptor. `prelude`: Python that changes the module first."""
    readable, writable = os.pipe()
    environment = step_environment(plan, task, **{"WHERRY_EVENTS": f"fd:{writable}", **options})
    command = [sys.executable, str(BRIDGE / "step.py")]
    if prelude:
        text = f"import sys; sys.path.insert(0, {str(BRIDGE)!r}); import step; {prelude}; sys.exit(step.main())"
        command = [sys.executable, "-c", text]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    # A group of its own, so that what it leaves behind can be ended with it.
    group = {"start_new_session": True}
    child = subprocess.Popen(command, cwd=str(root), env=environment, pass_fds=(writable,), text=True, **pipes, **group)
    os.close(writable)
    return child, os.fdopen(readable, encoding="utf-8")


def run_step(root, plan: dict, task: str, **options) -> Answer:
    child, stream = start_step(root, plan, task, **options)
    lines: list = []
    reader = threading.Thread(target=lambda: lines.extend(stream))
    reader.start()
    try:
        stdout, stderr = child.communicate(timeout=TIMEOUT)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        reader.join()
        stream.close()
    return Answer(child.returncode, stdout, stderr, [json.loads(line) for line in lines])


def describe(root, *words: str, **environment):
    """The document that describe.py prints, what it said on stderr, and its status."""
    command = [sys.executable, str(BRIDGE / "describe.py"), *words]
    done = subprocess.run(
        command, cwd=str(root), env=plain_environment(**environment), capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


class ProjectTest(unittest.TestCase):
    """A case whose tests each have folders of their own."""

    def project(self, files: dict, **options) -> Folder:
        project = Folder(files, **options)
        self.addCleanup(project.remove)
        return project

    def folder(self) -> pathlib.Path:
        path = pathlib.Path(tempfile.mkdtemp(prefix="wherry-test-")).resolve()
        self.addCleanup(shutil.rmtree, str(path), True)
        return path

    def spill(self) -> str:
        return f"file://{self.folder()}"

    def succeeds(self, answer: Answer) -> Answer:
        self.assertEqual(answer.status, 0, f"{answer.stderr}\n{answer.events}")
        return answer
