#!/usr/bin/env python3
"""Writes a Kedro 1.x project with many nodes, to measure on.

    python bench/make-kedro-project.py FOLDER [--nodes 2000] [--namespaces 20] [--entries 0] [--seed 1]

The project loads and runs: its data are small JSON numbers. One pipeline module a namespace. A node reads one to four
datasets, mostly recent ones of its namespace, now and then one of an earlier namespace. Of the outputs one in eight has
a catalog entry, one in eight is resolved by a dataset factory, the rest stay in memory. With --entries the catalog is
filled up to that many entries that no node uses. The same arguments write the same bytes. Standard library only.
"""

import argparse
import json
import random
import sys
from pathlib import Path

PACKAGE = "large_project"

PYPROJECT = f"""[tool.kedro]
package_name = "{PACKAGE}"
project_name = "Large project"
kedro_init_version = "1.7.0"
"""

REGISTRY = '''from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline


def register_pipelines() -> dict[str, Pipeline]:
    pipelines = find_pipelines(raise_errors=True)
    pipelines["__default__"] = sum(pipelines.values(), Pipeline([]))
    return pipelines
'''

NODES = '''def add(*values: float) -> float:
    return sum(values) % 1000


def scale(factor: float, *values: float) -> float:
    return factor * add(*values)
'''

PIPELINE = '''from kedro.pipeline import Node, Pipeline

from {package}.nodes import add, scale


def create_pipeline(**kwargs) -> Pipeline:
    return Pipeline(
        [
{nodes}
        ],
        namespace="{namespace}",
        inputs={{{inputs}}},
        parameters={{"params:factor"}},
    )
'''

CATALOG = '''"{namespace}.{name}_kept":
  type: json.JSONDataset
  filepath: data/02_intermediate/{namespace}/{name}.json

"raw_{name}":
  type: json.JSONDataset
  filepath: data/01_raw/{name}.json
'''

ENTRY = '''
{name}:
  type: json.JSONDataset
  filepath: data/03_primary/{file}.json
'''

FARGATE = '''execution_engine:
  type: aws-fargate
  cluster: ml-pipelines
  subnets: [subnet-001122334455]
  security_groups: [sg-0248abcd0248]
  execution_role_arn: ecsTaskExecutionRole
  task_role_arn: large-project
image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/large-project:1.0
spill: s3://wherry-large-project/spill
paths:
  "data/": s3://wherry-large-project/data/
'''


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nodes", type=int, default=2000)
    parser.add_argument("--namespaces", type=int, default=20)
    parser.add_argument("--entries", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if not 1 <= options.namespaces <= options.nodes:
        parser.error("there must be at least one namespace, and a node for each")
    if options.folder.exists():
        sys.exit(f"{options.folder} exists already")

    rng = random.Random(options.seed)
    write = Writer(options.folder)
    earlier: list[str] = []
    entries: list[str] = []
    for index in range(options.namespaces):
        size = options.nodes * (index + 1) // options.namespaces - options.nodes * index // options.namespaces
        namespace = f"area_{index:03}"
        nodes, inputs, outputs = make_namespace(rng, size, f"raw_{index:03}", earlier)
        entries += [f"{namespace}.{name}" for name in outputs if name.endswith("_entry")]
        earlier += [f"{namespace}.{name}" for name in rng.sample(outputs, max(1, size // 10))]
        write_namespace(write, namespace, nodes, inputs)
        write(f"data/01_raw/{index:03}.json", json.dumps(index))

    entries += [f"unused_{index:04}" for index in range(options.entries - len(entries))]
    write("pyproject.toml", PYPROJECT)
    write(".telemetry", "consent: false\n")
    write("conf/base/catalog.yml", CATALOG + "".join(ENTRY.format(name=n, file=n.replace(".", "/")) for n in entries))
    write("conf/base/parameters.yml", "factor: 0.5\n")
    write("conf/fargate/wherry.yml", FARGATE)
    write("conf/local/.gitkeep", "")
    write(f"src/{PACKAGE}/__init__.py", "")
    write(f"src/{PACKAGE}/settings.py", 'DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)\n')
    write(f"src/{PACKAGE}/pipeline_registry.py", REGISTRY)
    write(f"src/{PACKAGE}/nodes.py", NODES)
    write(f"src/{PACKAGE}/pipelines/__init__.py", "")
    print(f"{options.folder}: {options.nodes} nodes in {options.namespaces} namespaces")


class Writer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def make_namespace(
    rng: random.Random, size: int, raw: str, earlier: list[str]
) -> tuple[list[tuple[str, list[str], str]], set[str], list[str]]:
    """Nodes as (function, inputs, output), the inputs from outside, and the outputs in order."""
    nodes: list[tuple[str, list[str], str]] = []
    outside = {raw}
    outputs: list[str] = []
    for number in range(size):
        suffix = {0: "_entry", 4: "_kept"}.get(number % 8, "")
        inputs = [pick(rng, outputs, raw) for _ in range(rng.choice([1, 1, 2, 2, 3, 4]))]
        if earlier and rng.random() < 0.05:
            inputs.append(rng.choice(earlier))
        inputs = list(dict.fromkeys(inputs))
        outside.update(name for name in inputs if "." in name)
        scaled = rng.random() < 0.2
        output = f"table_{number:04}{suffix}"
        nodes.append(("scale" if scaled else "add", ["params:factor", *inputs] if scaled else inputs, output))
        outputs.append(output)
    return nodes, outside, outputs


def pick(rng: random.Random, outputs: list[str], raw: str) -> str:
    """One of the last thirty outputs, the newest most likely; the raw file for the first node and now and then."""
    if not outputs or rng.random() < 0.03:
        return raw
    back = min(int(rng.expovariate(0.2)), 29, len(outputs) - 1)
    return outputs[-1 - back]


def write_namespace(write: Writer, namespace: str, nodes: list, inputs: set[str]) -> None:
    lines = [
        f'            Node({function}, inputs={json.dumps(names)}, outputs="{output}", name="make_{output}"),'
        for function, names, output in nodes
    ]
    used = {name for _, names, _ in nodes for name in names}
    text = PIPELINE.format(
        package=PACKAGE,
        namespace=namespace,
        nodes="\n".join(lines),
        inputs=", ".join(json.dumps(name) for name in sorted(inputs & used)),
    )
    if "params:factor" not in used:
        text = text.replace('        parameters={"params:factor"},\n', "")
    folder = f"src/{PACKAGE}/pipelines/{namespace}"
    write(f"{folder}/pipeline.py", text)
    write(f"{folder}/__init__.py", "from .pipeline import create_pipeline\n\n__all__ = [\"create_pipeline\"]\n")


if __name__ == "__main__":
    main()
