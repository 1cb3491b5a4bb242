#!/usr/bin/env python3
"""Compares what a Kedro project left on remote storage with what a plain `kedro run` left on disk, by value.

Run it with the project's own Python. Every dataset that a node of the pipeline writes and that both environments
persist is loaded through Kedro from both places. Exits 1 if one differs or is missing, and names it.

    compare-outputs.py --project . --expected-project /tmp/copy-after-kedro-run --actual-env fargate \
        --model-input demand.model=demand.features

Where the remote storage is comes from AWS_ENDPOINT_URL_S3 and the other AWS_* variables.
"""

import argparse
import json
import logging
import sys
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd

logging.disable(logging.INFO)  # before Kedro is imported: it logs to stdout from then on

from kedro.framework.project import pipelines, settings
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog, MemoryDataset

PATH_KEYS = ("filepath", "path", "filename")


def main() -> int:
    options = parse_arguments()
    bootstrap_project(options.project)
    if options.pipeline not in pipelines:
        sys.exit(f"{options.project} has no pipeline '{options.pipeline}'; it has: {', '.join(sorted(pipelines))}")
    written = pipelines[options.pipeline].all_outputs()
    expected = open_catalog(options.expected_project, options.expected_env, {})
    actual = open_catalog(options.project, options.actual_env, options.paths)

    persisted = [name for name in sorted(written) if is_persisted(expected, name) and is_persisted(actual, name)]
    names = [name for name in persisted if name not in options.ignore]
    if options.version:
        versioned = {name: options.version for name in names if getattr(actual[name], "_version", None)}
        actual = open_catalog(options.project, options.actual_env, options.paths, versioned)

    rows = [
        (name, *compare_dataset(name, expected, actual, options.model_input.get(name)), where(actual, name))
        for name in names
    ]
    print_table([("dataset", "kind", "result", "where"), *rows])
    wrong = [name for name, _, result, _ in rows if result != "equal"]
    ignored = len(persisted) - len(names)
    print(f"\n{len(rows) - len(wrong)} of {len(rows)} datasets equal" + (f", {ignored} ignored" if ignored else ""))
    if not rows:
        print("nothing was compared: no node writes a dataset that both environments persist")
    else:
        print(f"not equal: {', '.join(wrong)}" if wrong else "every output equals what a plain kedro run gives")
    return 1 if wrong or not rows else 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, required=True, help="the project whose remote outputs are checked")
    parser.add_argument("--expected-project", type=Path, required=True, help="a copy after a plain `kedro run`")
    parser.add_argument("--expected-env", default=None, help="environment of that run (default: the project's own)")
    parser.add_argument("--actual-env", required=True, help="environment of the remote run")
    parser.add_argument("--pipeline", default="__default__")
    parser.add_argument("--paths", type=json.loads, default={}, help='{"data/": "s3://bucket/data/"}: as in wherry.yml')
    parser.add_argument("--ignore", nargs="+", default=[], metavar="NAME", help="datasets to leave out")
    parser.add_argument("--model-input", action="append", default=[], metavar="MODEL=DATASET", type=model_input)
    parser.add_argument("--version", help="the version that versioned remote datasets must have (default: the latest)")
    options = parser.parse_args()
    options.model_input = dict(options.model_input)
    options.project, options.expected_project = options.project.resolve(), options.expected_project.resolve()
    return options


def model_input(text: str) -> tuple[str, str]:
    model, separator, dataset = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"'{text}' is not MODEL=DATASET")
    return model, dataset


def open_catalog(project: Path, env: str | None, paths: dict[str, str], versions: dict | None = None) -> DataCatalog:
    """The catalog of an environment, its local paths rewritten by `paths` or else made absolute in the project."""
    source = str(project / settings.CONF_SOURCE)
    loader = settings.CONFIG_LOADER_CLASS(conf_source=source, env=env, **settings.CONFIG_LOADER_ARGS)
    try:
        credentials = loader["credentials"]
    except Exception:  # A project without a credentials file is fine; which exception says so depends on the loader.
        credentials = {}
    config = place(loader["catalog"], project, sorted(paths.items(), key=lambda pair: -len(pair[0])))
    return DataCatalog.from_config(config, credentials, load_versions=versions)


def place(value: Any, project: Path, paths: list[tuple[str, str]], key: str = "") -> Any:
    if isinstance(value, dict):
        return {inner: place(item, project, paths, inner) for inner, item in value.items()}
    if key not in PATH_KEYS or not isinstance(value, str) or "://" in value or PurePosixPath(value).is_absolute():
        return value
    path = value.removeprefix("./")
    for prefix, target in paths:
        if path.startswith(prefix):
            return target + path[len(prefix) :]
    return str(project / path)


def is_persisted(catalog: DataCatalog, name: str) -> bool:
    return name in catalog and not isinstance(catalog[name], MemoryDataset)


def where(catalog: DataCatalog, name: str) -> str:
    """The URL of a dataset without its version, or "-" for one that is no file."""
    described = catalog[name]._describe()
    path = next((str(described[key]) for key in PATH_KEYS if described.get(key)), "-")
    return path if path == "-" or "://" in path else f"{described.get('protocol') or 'file'}://{path}"


def compare_dataset(name: str, expected: DataCatalog, actual: DataCatalog, input_name: str | None) -> tuple[str, str]:
    """What kind of value a dataset has, and "equal" or what is wrong with it."""
    try:
        wanted = expected.load(name)
    except Exception as error:
        return "?", f"missing in the expected project: {first_line(error)}"
    kind = type(wanted).__name__
    if where(actual, name).startswith("file://"):
        return kind, "missing: the environment keeps it on local disk"
    try:
        if not actual[name].exists():
            return kind, "missing"
        given = actual.load(name)
    except Exception as error:
        return kind, f"unreadable: {first_line(error)}"
    try:
        features = expected.load(input_name) if input_name else None
        difference = find_difference(wanted, given, features)
    except Exception as error:
        difference = f"cannot be compared: {first_line(error)}"
    return kind, f"differs: {difference}" if difference else "equal"


def find_difference(wanted: Any, given: Any, features: Any) -> str | None:
    """None if two values are equal, else what differs first."""
    if type(wanted) is not type(given):
        return f"{type(given).__name__} instead of {type(wanted).__name__}"
    if isinstance(wanted, (pd.DataFrame, pd.Series, np.ndarray)):
        return find_array_difference(wanted, given)
    if isinstance(wanted, dict):
        if wanted.keys() != given.keys():
            return f"keys {sorted(map(str, wanted.keys() ^ given.keys()))} are on one side only"
        pairs = [(f"[{key!r}]", wanted[key], given[key]) for key in wanted]
    elif isinstance(wanted, (list, tuple)):
        if len(wanted) != len(given):
            return f"{len(given)} items instead of {len(wanted)}"
        pairs = [(f"[{index}]", *pair) for index, pair in enumerate(zip(wanted, given))]
    elif hasattr(wanted, "predict"):
        if features is None:
            return "no --model-input was given for this model"
        return find_array_difference(predictions(wanted, features), predictions(given, features))
    elif callable(wanted):  # a partition of a PartitionedDataset
        return find_difference(wanted(), given(), features)
    else:
        same = wanted == given or (wanted != wanted and given != given)
        return None if same else f"{given!r:.60} instead of {wanted!r:.60}"
    for place_in, left, right in pairs:
        if difference := find_difference(left, right, features):
            return f"{place_in} {difference}"
    return None


def find_array_difference(wanted: Any, given: Any) -> str | None:
    try:
        if isinstance(wanted, pd.DataFrame):
            pd.testing.assert_frame_equal(wanted, given, check_exact=True)
        elif isinstance(wanted, pd.Series):
            pd.testing.assert_series_equal(wanted, given, check_exact=True)
        else:
            np.testing.assert_array_equal(np.asarray(wanted), np.asarray(given))
    except AssertionError as error:
        return first_line(error)
    return None


def predictions(model: Any, features: Any) -> np.ndarray:
    """Predictions on the columns that the model was fitted on, where it knows their names."""
    names = getattr(model, "feature_names_in_", None)
    return model.predict(features if names is None else features[list(names)])


def first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:120]


def print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[-1]]))


if __name__ == "__main__":
    sys.exit(main())
