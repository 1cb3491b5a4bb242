"""Prints a Kedro project as one JSON document, without running or building any of it (PROTOCOL.md, section 1).

Standard library and the project's own Kedro, for Kedro 0.18 to 1.x and Python 3.8 or newer.
"""

import argparse
import copy
import functools
import importlib
import inspect
import json
import linecache
import os
import platform
import re
import sys
import traceback
from pathlib import Path

# Also where Python is told not to look beside a program.
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [HERE, *(path for path in sys.path if path != HERE)]
from describe_packages import class_error, file_systems, uses_fsspec  # noqa: E402

PROTOCOL_VERSION = 1
PATH_KEYS = ("filepath", "path", "filename")
TABLE_KEYS = ("table_name", "table", "sql")
TRACEBACK_KEPT = 8000
# The name under which an entry's credentials pass through Kedro's resolver, which would look up their values.
CREDENTIALS = "wherry:credentials"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--env")
    parser.add_argument("--pipeline")
    parser.add_argument("--conf-source")
    parser.add_argument("--inputs", action="store_true")
    options = parser.parse_args()
    document_out = take_stdout()
    inputs = record_inputs() if options.inputs else None
    # A module of the project's may have the name of one of ours.
    sys.path.remove(HERE)
    document = describe(Path.cwd().resolve(), options, inputs)
    if inputs is not None:
        document["inputs"] = inputs.described()
    with os.fdopen(document_out, "w", encoding="utf-8") as stream:
        stream.write(json.dumps(document, ensure_ascii=True, sort_keys=True))
    # The project may have started threads that never end, or have much to say at exit.
    sys.stderr.flush()
    os._exit(0)


def record_inputs():
    from describe_inputs import Inputs

    inputs = Inputs()
    inputs.record()
    return inputs


def take_stdout() -> int:
    """Keeps the real stdout for the document: whatever the project prints, also from C code, goes to stderr."""
    private = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return private


def describe(root: Path, options, inputs=None) -> dict:
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
        "credentials": None,
        "fileSystems": {},
        "problems": [],
    }
    try:
        fill(document, root, options, inputs)
    except Trouble as trouble:
        document["problems"].append(trouble.problem)
    except Exception as error:
        document["problems"].append(problem("other", error, root))
    return document


class Trouble(Exception):
    """Ends the description early; what was found so far is still printed."""

    def __init__(self, problem: dict):
        super().__init__(problem["message"])
        self.problem = problem


class blamed_on:
    """Whatever is raised inside is a problem of this kind; SystemExit too, as a project may exit while imported."""

    def __init__(self, kind: str, root: Path):
        self._kind, self._root = kind, root

    def __enter__(self):
        return self

    def __exit__(self, _, error, __):
        if isinstance(error, (Exception, SystemExit)) and not isinstance(error, Trouble):
            raise Trouble(problem(self._kind, error, self._root)) from error


def fill(document: dict, root: Path, options, inputs) -> None:
    with blamed_on("kedro-missing", root):
        import kedro
    document["kedroVersion"] = kedro.__version__
    settings, dropped, source = import_project(document, root)
    with blamed_on("config", root):
        # An archive or a URL is Kedro's to open.
        conf = options.conf_source or settings.CONF_SOURCE
        conf = conf if "://" in str(conf) else str(root / conf)
        asked = options.env or os.environ.get("KEDRO_ENV")
        arguments = dict(settings.CONFIG_LOADER_ARGS or {})
        loader = settings.CONFIG_LOADER_CLASS(conf_source=conf, env=asked, runtime_params={}, **arguments)
    document["confSource"] = conf if "://" in conf else relative(Path(conf), root)
    document["baseEnv"] = getattr(loader, "base_env", None) or ""
    if inputs is not None:
        inputs.tree(source)
        # Kedro does not read Wherry's settings.
        inputs.tree(conf, apart_from=r"(wherry|airflow-k8s.*)\.ya?ml$")
    document["env"] = asked or getattr(loader, "default_run_env", None) or document["baseEnv"]

    describe_pipelines(document, root, options.pipeline, dropped)
    if asked_for_what_is_not_there(document):
        return
    config = Config(document, root, loader, Path(conf))
    parameters, catalog = config.read("parameters"), config.read("catalog")
    names = {name for node in document["nodes"].values() for name in [*node["inputs"], *node["outputs"]]}
    with blamed_on("config", root):
        document["parameters"] = sorted(set(parameter_names(parameters)))
        document["datasets"] = describe_datasets(names, catalog)
    document["credentials"] = config.credentials()
    document["fileSystems"] = file_systems(root)


def asked_for_what_is_not_there(document: dict) -> bool:
    return any(found["kind"] in ("env-missing", "pipeline-unknown") for found in document["problems"])


# --- the project ------------------------------------------------------------------------------------------------


def import_project(document: dict, root: Path):
    """Imports the settings. Returns them, a list that fills with the modules that Kedro drops, and where sources are."""
    pyproject = root / "pyproject.toml"
    if not pyproject.is_file() or not re.search(r"(?m)^\s*\[tool\.kedro\]", pyproject.read_text("utf-8", "replace")):
        raise Trouble(plain("not-a-project", f"{root} has no pyproject.toml with [tool.kedro]"))
    dropped: list = []
    with blamed_on("import", root):
        from kedro.framework import project
        from kedro.framework.startup import bootstrap_project

        project.importlib = RecordingImportlib(dropped)
        metadata = bootstrap_project(root)
        # Dynaconf, which reads the settings, is silent about an import that fails in them.
        project.validate_settings()
    document["packageName"] = metadata.package_name
    document["projectName"] = metadata.project_name
    return project.settings, dropped, metadata.source_dir


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
        except BaseException as error:
            # A project without a top-level pipeline module is an ordinary one: Kedro only tries.
            is_absent = isinstance(error, ModuleNotFoundError) and error.name == name
            if not is_absent and re.search(r"\.pipelines?(\.|$)", name):
                self._dropped.append((name, error))
            raise


def describe_pipelines(document: dict, root: Path, asked, dropped: list) -> None:
    from kedro.framework.project import pipelines as registered

    if asked is not None and hasattr(registered, "set_requested"):
        # Kedro 1.5 and newer then import no other pipeline; `kedro run --pipeline` asks in the same way.
        registered.set_requested([asked])
    with blamed_on("import", root):
        pipelines = {name: pipeline for name, pipeline in registered.items() if pipeline is not None}
        if asked is not None and asked not in pipelines and hasattr(registered, "set_requested"):
            registered.set_requested(None)
            pipelines = dict(registered.items())
    reported = {module: error for module, error in dropped}
    document["problems"] += [problem("pipeline-dropped", error, root, module) for module, error in reported.items()]
    if asked is not None:
        if asked not in pipelines:
            document["problems"] += refusal(asked, pipelines, reported)
        pipelines = {asked: pipelines[asked]} if asked in pipelines else {}
    with blamed_on("other", root):
        for name, pipeline in pipelines.items():
            nodes = pipeline.nodes
            document["pipelines"][name] = [node.name for node in nodes]
            for node in nodes:
                if node.name not in document["nodes"]:
                    document["nodes"][node.name] = describe_node(node, root)


def refusal(asked: str, pipelines: dict, dropped: dict) -> list:
    """Nothing more to say where the very pipeline is one that Kedro dropped."""
    if any(module.endswith(f".{asked}") for module in dropped):
        return []
    known = ", ".join(sorted(pipelines)) or "none"
    return [plain("pipeline-unknown", f"there is no pipeline '{asked}'. Pipelines: {known}")]


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
    """Past partials and decorators, whichever is around the other."""
    while True:
        inner = inspect.unwrap(function)
        if isinstance(inner, functools.partial):
            inner = inner.func
        if inner is function:
            return function
        function = inner


def source_of(function, root: Path):
    """The file and the line of the `def`, past decorators; nothing for code that is not the project's."""
    # An object with __call__ is where its class says what it does.
    code = getattr(function, "__code__", None) or getattr(getattr(type(function), "__call__", None), "__code__", None)
    if code is None or not is_of_project(code.co_filename, root):
        return None, None
    line = code.co_firstlineno
    for ahead in range(line, line + 20):
        if re.match(r"\s*(async\s+)?def\b|.*\blambda\b", linecache.getline(code.co_filename, ahead)):
            line = ahead
            break
    return relative(Path(code.co_filename), root), line


# --- the configuration ------------------------------------------------------------------------------------------


class Config:
    """The project's configuration, by its own loader. What cannot be read is a problem, and empty."""

    def __init__(self, document: dict, root: Path, loader, conf: Path):
        self._document, self._root, self._loader, self._conf = document, root, loader, conf

    def read(self, key: str) -> dict:
        try:
            return self._loader[key] or {}
        except Exception as error:
            self._complain(error)
            return {}

    def credentials(self):
        """Their names; None where they cannot be read here, which need not be wrong: it may be a variable that is not set."""
        try:
            return sorted(str(name) for name in self._loader["credentials"] or {})
        except Exception as error:
            return [] if type(error).__name__ == "MissingConfigException" else None

    def _complain(self, error: Exception) -> None:
        env, source, problems = self._document["env"], self._document["confSource"], self._document["problems"]
        if asked_for_what_is_not_there(self._document):
            return
        if self._conf.is_dir() and not (self._conf / env).is_dir():
            known = ", ".join(sorted(entry.name for entry in self._conf.iterdir() if entry.is_dir()))
            message = f"there is no environment '{env}': no folder {source}/{env}. Environments: {known or 'none'}"
            problems.append(plain("env-missing", message))
        # By name, because the class has moved. It says that no such file is there, which is not wrong.
        elif type(error).__name__ != "MissingConfigException":
            found = problem("config", error, self._root)
            # Kedro names the file and line of bad YAML in its message only.
            place = re.search(r"(?:file |in \")(/[^\"]+?)(?:\"|,).* line (\d+)", str(error), re.DOTALL)
            file = self._real_file(Path(place[1])) if place else None
            line = int(place[2]) if file else None
            problems.append({**found, "file": file and relative(file, self._root), "line": line})

    @staticmethod
    def _real_file(named: Path):
        """Kedro 0.18 leaves out the sub-folders between the environment and the file."""
        files = [named] if named.is_file() else list(named.parent.rglob(named.name))
        return files[0] if len(files) == 1 else None


def describe_datasets(names: set, catalog: dict) -> dict:
    """Every dataset that is no parameter. One that no entry or pattern defines is in memory."""
    resolve = resolver({name: without_credentials(entry) for name, entry in catalog.items()})
    described = {}
    for name in sorted(names):
        if name != "parameters" and not name.startswith("params:"):
            described[name] = describe_dataset(*resolve(name))
    return described


def without_credentials(value):
    """Credentials under a key of ours: their name is kept, and nobody looks for their values."""
    if isinstance(value, dict):
        return {CREDENTIALS if key == "credentials" else key: without_credentials(item) for key, item in value.items()}
    return [without_credentials(item) for item in value] if isinstance(value, list) else value


def resolver(catalog: dict):
    """A function from a dataset's name to its entry, and to the pattern that made it: by Kedro's own rules, which have
    moved three times. A catch-all of the user's counts, as it takes what would be in memory."""
    try:
        from kedro.io import CatalogConfigResolver
    except ImportError:
        return resolver_of_old(catalog)
    kedros = CatalogConfigResolver(catalog, {})

    def match(name: str):
        if hasattr(kedros, "match_pattern"):
            return kedros.match_pattern(name)
        return kedros.match_dataset_pattern(name) or kedros.match_user_catch_all_pattern(name)

    def resolve(name: str):
        if name in catalog:
            return catalog[name], None
        pattern = match(name)
        return (kedros.resolve_pattern(name), pattern) if pattern else (None, None)

    return resolve


def resolver_of_old(catalog: dict):
    """Kedro 0.18, from 0.18.11 on; what is older has no patterns."""
    from kedro.io import DataCatalog

    patterns = {name: entry for name, entry in catalog.items() if "{" in name}
    if hasattr(DataCatalog, "_sort_patterns"):
        patterns = DataCatalog._sort_patterns(patterns)

    def resolve(name: str):
        if name in catalog or not patterns or not hasattr(DataCatalog, "_match_pattern"):
            return catalog.get(name), None
        pattern = DataCatalog._match_pattern(patterns, name)
        if pattern is None:
            return None, None
        return DataCatalog._resolve_config(name, pattern, copy.deepcopy(patterns[pattern])), pattern

    return resolve


def describe_dataset(entry, pattern) -> dict:
    described = {
        "type": None,
        "path": None,
        "pathKey": None,
        "table": None,
        "versioned": False,
        "credentials": None,
        "pattern": pattern,
        "classError": None,
        "usesFsspec": False,
    }
    if not isinstance(entry, dict):
        return described
    # A wrapper such as CachedDataset keeps its data where the wrapped one does.
    inner = entry.get("dataset") if isinstance(entry.get("dataset"), dict) else {}
    for place in (entry, inner):
        for key in PATH_KEYS:
            if described["path"] is None and isinstance(place.get(key), (str, os.PathLike)):
                described["path"], described["pathKey"] = without_password(os.fspath(place[key])), key
        for key in TABLE_KEYS:
            if described["table"] is None and isinstance(place.get(key), str):
                described["table"] = place[key]
        if described["credentials"] is None and place.get(CREDENTIALS):
            described["credentials"] = place[CREDENTIALS] if isinstance(place[CREDENTIALS], str) else "<inline>"
        described["versioned"] = described["versioned"] or bool(place.get("versioned"))
    kind = entry.get("type")
    described["type"] = kind if isinstance(kind, str) else getattr(kind, "__qualname__", None) or str(kind)
    # A PartitionedDataset may name the class of its partitions alone.
    classes = [name for name in (kind, inner.get("type"), entry.get("dataset")) if isinstance(name, str)]
    errors = [f"{name}: {class_error(name)}" for name in classes if class_error(name)]
    described["classError"] = errors[0] if errors else None
    described["usesFsspec"] = any(uses_fsspec(name) for name in classes)
    return described


def without_password(path: str) -> str:
    return re.sub(r"://[^/@]*:[^/@]*@", "://***@", path)


def parameter_names(parameters: dict, prefix: str = ""):
    for key, value in parameters.items():
        name = f"{prefix}{key}"
        yield name
        if isinstance(value, dict):
            yield from parameter_names(value, f"{name}.")


# --- problems ---------------------------------------------------------------------------------------------------


def plain(kind: str, message: str) -> dict:
    nothing = dict.fromkeys(("exception", "module", "file", "line", "traceback"))
    return {"kind": kind, "message": message, **nothing}


def problem(kind: str, error: BaseException, root: Path, module=None) -> dict:
    """An exception with the innermost place in the project that led to it, else the innermost place of all."""
    cause = error
    # find_pipelines(raise_errors=True) only says which module it was; the error below says why.
    if isinstance(cause, ImportError) and cause.__cause__ is not None and is_raised_in_kedro(cause):
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


def is_raised_in_kedro(error: BaseException) -> bool:
    frames = traceback.extract_tb(error.__traceback__)
    return bool(frames) and "kedro" in Path(frames[-1].filename).parts


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
    return os.path.isabs(file) and not os.path.isabs(path) and not re.search(r"(^|/)(site-packages|\.?venv)(/|$)", path)


@functools.lru_cache(maxsize=None)
def relative(path: Path, root: Path) -> str:
    try:
        return path.resolve().relative_to(root).as_posix()
    except ValueError:
        return str(path)


if __name__ == "__main__":
    main()
