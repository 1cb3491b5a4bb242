"""Prints a Kedro project as one JSON document, without running or building any of it (PROTOCOL.md, section 1).

One file, standard library and the project's own Kedro, for Kedro 0.18 to 1.x.
"""

import argparse
import functools
import importlib
import inspect
import json
import linecache
import os
import platform
import re
import string
import sys
import traceback
from pathlib import Path

PROTOCOL_VERSION = 1
PATH_KEYS = ("filepath", "path", "filename")
TABLE_KEYS = ("table_name", "table", "sql")
TRACEBACK_KEPT = 8000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--env")
    parser.add_argument("--pipeline")
    parser.add_argument("--conf-source")
    options = parser.parse_args()
    document_out = take_stdout()
    document = describe(Path.cwd().resolve(), options)
    with os.fdopen(document_out, "w", encoding="utf-8") as stream:
        json.dump(document, stream, ensure_ascii=True, sort_keys=True)
    return 0


def take_stdout() -> int:
    """Keeps the real stdout for the document: whatever the project prints, also from C code, goes to stderr."""
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return private


def describe(root: Path, options) -> dict:
    document = {
        "version": PROTOCOL_VERSION,
        "kedroVersion": None,
        "pythonVersion": platform.python_version(),
        "packageName": None,
        "projectName": None,
        "env": options.env or os.environ.get("KEDRO_ENV") or "local",
        "baseEnv": "base",
        "confSource": options.conf_source or "conf",
        "pipelines": {},
        "nodes": {},
        "datasets": {},
        "parameters": [],
        "problems": [],
    }
    try:
        import kedro
    except ImportError as error:
        document["problems"].append(problem("kedro-missing", error, root))
        return document
    document["kedroVersion"] = kedro.__version__
    try:
        fill(document, root, options)
    except Trouble as trouble:
        document["problems"].append(trouble.problem)
    return document


class Trouble(Exception):
    """Ends the description early; what was found so far is still printed."""

    def __init__(self, problem: dict):
        super().__init__(problem["message"])
        self.problem = problem


def fill(document: dict, root: Path, options) -> None:
    settings, dropped = import_project(document, root)
    loader_args = dict(settings.CONFIG_LOADER_ARGS or {})
    document["baseEnv"] = loader_args.get("base_env") or "base"
    document["env"] = options.env or os.environ.get("KEDRO_ENV") or loader_args.get("default_run_env") or "local"
    conf = root / (options.conf_source or settings.CONF_SOURCE)
    document["confSource"] = relative(conf, root)
    check_env(document, conf)

    pipelines = load_pipelines(root)
    document["problems"] += [problem("pipeline-dropped", error, root, module) for module, error in dropped]
    if options.pipeline is not None and options.pipeline not in pipelines:
        known = ", ".join(sorted(pipelines)) or "none"
        if not dropped:
            raise Trouble(plain("pipeline-unknown", f"there is no pipeline '{options.pipeline}'. Pipelines: {known}"))
        return
    chosen = pipelines if options.pipeline is None else {options.pipeline: pipelines[options.pipeline]}
    document["pipelines"] = {name: [node.name for node in pipeline.nodes] for name, pipeline in chosen.items()}
    nodes = {node.name: node for pipeline in chosen.values() for node in pipeline.nodes}
    document["nodes"] = {name: describe_node(node, root) for name, node in nodes.items()}

    loader = make_loader(settings, loader_args, conf, document["env"])
    catalog = read_config(loader, "catalog", root)
    names = {name for node in nodes.values() for name in [*node.inputs, *node.outputs]}
    document["datasets"] = describe_datasets(names, catalog)
    document["parameters"] = sorted(parameter_names(read_config(loader, "parameters", root)))


# --- the project ------------------------------------------------------------------------------------------------


def import_project(document: dict, root: Path):
    """Imports settings and registry. Returns the settings and a list that fills with the modules that Kedro drops."""
    dropped: list = []
    try:
        from kedro.framework import project
        from kedro.framework.startup import bootstrap_project

        project.importlib = RecordingImportlib(dropped)
        metadata = bootstrap_project(root)
    except Exception as error:
        raise Trouble(problem("import", error, root)) from error
    document["packageName"] = metadata.package_name
    document["projectName"] = metadata.project_name
    return project.settings, dropped


class RecordingImportlib:
    """Stands in for `importlib` inside kedro.framework.project. Kedro's find_pipelines turns a failed import into a
    warning, which the project may silence; the exception itself tells file and line."""

    def __init__(self, dropped: list):
        self._dropped = dropped

    def __getattr__(self, name):
        return getattr(importlib, name)

    def import_module(self, name, package=None):
        try:
            return importlib.import_module(name, package)
        except Exception as error:
            # A project without a top-level pipeline module is an ordinary one: Kedro only tries.
            is_absent = isinstance(error, ModuleNotFoundError) and error.name == name
            if not is_absent and re.search(r"\.pipelines?(\.|$)", name):
                self._dropped.append((name, error))
            raise


def load_pipelines(root: Path) -> dict:
    from kedro.framework.project import pipelines

    try:
        return dict(pipelines.items())
    except Exception as error:
        raise Trouble(problem("import", error, root)) from error


def check_env(document: dict, conf: Path) -> None:
    if (conf / document["env"]).is_dir() or not conf.is_dir():
        return
    known = ", ".join(sorted(entry.name for entry in conf.iterdir() if entry.is_dir()))
    message = f"there is no environment '{document['env']}': no folder {document['confSource']}/{document['env']}. Environments: {known}"
    raise Trouble(plain("env-missing", message))


def describe_node(node, root: Path) -> dict:
    function = unwrapped(node.func)
    file, line = source_of(function, root)
    return {
        "function": getattr(function, "__name__", type(function).__name__),
        "file": file,
        "line": line,
        "inputs": list(node.inputs),
        "outputs": list(node.outputs),
        "tags": sorted(node.tags),
        "namespace": node.namespace or None,
        "confirms": sorted(node.confirms),
    }


def unwrapped(function):
    while isinstance(function, functools.partial):
        function = function.func
    return inspect.unwrap(function)


def source_of(function, root: Path):
    """The file and the line of the `def`, past decorators."""
    code = getattr(function, "__code__", None)
    if code is None or not os.path.isabs(code.co_filename):
        return None, None
    line = code.co_firstlineno
    for ahead in range(20):
        if re.match(r"\s*(async\s+)?def\b|.*\blambda\b", linecache.getline(code.co_filename, line + ahead)):
            line += ahead
            break
    return relative(Path(code.co_filename), root), line


# --- the configuration ------------------------------------------------------------------------------------------


def make_loader(settings, loader_args: dict, conf: Path, env: str):
    return settings.CONFIG_LOADER_CLASS(conf_source=str(conf), env=env, runtime_params={}, **loader_args)


def read_config(loader, key: str, root: Path) -> dict:
    try:
        from kedro.config import MissingConfigException
    except ImportError:
        from kedro.config.abstract_config import MissingConfigException
    try:
        return loader[key] or {}
    except MissingConfigException:
        return {}
    except Exception as error:
        found = problem("config", error, root)
        # Kedro names the file and line of bad YAML in its message only.
        place = re.search(r"file (\S+?),.* line (\d+)", str(error))
        file, line = (relative(Path(place[1]), root), int(place[2])) if place else (None, None)
        raise Trouble({**found, "file": file, "line": line}) from error


def describe_datasets(names: set, catalog: dict) -> dict:
    """Every dataset that is no parameter. One that no entry or pattern defines is in memory."""
    patterns = sorted_patterns(catalog)
    described = {}
    for name in sorted(names):
        if name == "parameters" or name.startswith("params:"):
            continue
        entry, pattern = find_entry(name, catalog, patterns)
        described[name] = describe_dataset(entry, pattern)
    return described


def find_entry(name: str, catalog: dict, patterns: list):
    # `cars@pandas` has an entry of its own, which is how Kedro reads one file in two ways.
    if name in catalog:
        return catalog[name], None
    from parse import parse

    for pattern in patterns:
        match = parse(pattern, name)
        if match:
            return formatted(catalog[pattern], match.named), pattern
    return None, None


def sorted_patterns(catalog: dict) -> list:
    """Kedro's order: most characters outside braces, then most placeholders, then by name (kedro.io, 0.18 to 1.x)."""

    def rank(pattern):
        return (-len(re.sub(r"\{.*?\}", "", pattern)), -pattern.count("{"), pattern)

    return sorted((name for name in catalog if "{" in name), key=rank)


def formatted(value, fields: dict):
    if isinstance(value, dict):
        return {key: formatted(item, fields) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [formatted(item, fields) for item in value]
    if isinstance(value, str) and "}" in value:
        return string.Formatter().vformat(value, (), fields)
    return value


def describe_dataset(entry, pattern) -> dict:
    described = {"type": None, "path": None, "pathKey": None, "table": None, "versioned": False, "credentials": None, "pattern": pattern}
    if not isinstance(entry, dict):
        return described
    # A wrapper such as CachedDataset keeps its data where the wrapped one does.
    inner = entry.get("dataset") if isinstance(entry.get("dataset"), dict) else {}
    for place in (entry, inner):
        for key in PATH_KEYS:
            if described["path"] is None and isinstance(place.get(key), (str, os.PathLike)):
                described["path"], described["pathKey"] = os.fspath(place[key]), key
        for key in TABLE_KEYS:
            if described["table"] is None and isinstance(place.get(key), str):
                described["table"] = place[key]
        if described["credentials"] is None and place.get("credentials"):
            described["credentials"] = place["credentials"] if isinstance(place["credentials"], str) else "<inline>"
        described["versioned"] = described["versioned"] or bool(place.get("versioned"))
    kind = entry.get("type")
    described["type"] = kind if isinstance(kind, str) else getattr(kind, "__qualname__", None) or str(kind)
    return described


def parameter_names(parameters: dict, prefix: str = ""):
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        yield name
        if isinstance(value, dict):
            yield from parameter_names(value, f"{name}.")


# --- problems ---------------------------------------------------------------------------------------------------


def plain(kind: str, message: str) -> dict:
    return {"kind": kind, "message": message, "exception": None, "module": None, "file": None, "line": None, "traceback": None}


def problem(kind: str, error: BaseException, root: Path, module=None) -> dict:
    """An exception with the innermost place in the project that led to it, else the innermost place of all."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    file, line = syntax_place(cause) or innermost_place(cause, root)
    return {
        "kind": kind,
        "message": str(cause) or repr(cause),
        "exception": type(cause).__name__,
        "module": module,
        "file": None if file is None else relative(Path(file), root),
        "line": line,
        "traceback": "".join(traceback.format_exception(type(error), error, error.__traceback__))[-TRACEBACK_KEPT:],
    }


def syntax_place(error: BaseException):
    """A syntax error lies in the file that could not be read, not in the import of it."""
    return (error.filename, error.lineno) if isinstance(error, SyntaxError) and error.filename else None


def innermost_place(error: BaseException, root: Path):
    frames = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(error.__traceback__)]
    here = os.path.abspath(__file__)
    own = [frame for frame in frames if is_of_project(frame[0], root) and os.path.abspath(frame[0]) != here]
    candidates = own or [frame for frame in frames if os.path.isfile(frame[0]) and os.path.abspath(frame[0]) != here]
    return candidates[-1] if candidates else (None, None)


def is_of_project(file: str, root: Path) -> bool:
    """Inside the root, and not in an environment that happens to lie there."""
    path = relative(Path(file), root)
    return not os.path.isabs(path) and not re.search(r"(^|/)(site-packages|\.?venv)(/|$)", path)


def relative(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        return str(path)


if __name__ == "__main__":
    sys.exit(main())
