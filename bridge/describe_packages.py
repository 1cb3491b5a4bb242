"""What the Python beside Kedro has installed, as far as a catalog needs it (PROTOCOL.md, section 1).

Beside describe.py, for the same versions of Python and Kedro. A class that can be seen to be there is not imported: that
would cost seconds for pandas alone.
"""

import ast
import difflib
import functools
import importlib.util
import re
import sys
from importlib import metadata
from pathlib import Path

# What the file systems in fsspec itself import, by protocol.
OF_FSSPEC = {"http": "aiohttp", "https": "aiohttp", "sftp": "paramiko", "ssh": "paramiko", "hdfs": "pyarrow"}


# --- dataset classes ----------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=None)
def class_error(name: str):
    """Why Kedro would not find the class of this name; None where it would."""
    text, reason, _ = definition(name)
    if text and not reason:
        return None
    from kedro.io.core import parse_dataset_definition

    try:
        parse_dataset_definition({"type": name})
    except (Exception, SystemExit) as error:  # Whatever a package does that is half there.
        return reason or (str(error) or repr(error)).split("\n")[0]
    return None


@functools.lru_cache(maxsize=None)
def uses_fsspec(name: str) -> bool:
    """Whether a class of Kedro's own opens paths through fsspec, whatever the protocol."""
    text, _, module = definition(name)
    # Those of Ibis leave the path to their backend.
    return module.startswith(("kedro_datasets.", "kedro.")) and ".ibis" not in module and "fsspec.filesystem(" in text


@functools.lru_cache(maxsize=None)
def definition(name: str) -> tuple:
    """The text of the file that defines the class, what seems to be wrong with it, and the module or package it is in."""
    reason = None
    for prefix in prefixes():
        module, _, cls = f"{prefix}{name}".rpartition(".")
        texts = [file.read_text("utf-8", "replace") for file in files_of_module(module)]
        for text in texts:
            # kedro-datasets 1 has the older spelling as another name of the newer one.
            newer = cls.replace("DataSet", "Dataset")
            if re.search(rf"(?m)^class ({re.escape(cls)}|{re.escape(newer)})\b", text) and cls in text:
                missing = ", ".join(root for root in imported_by(text) if find_spec(root) is None)
                return text, f"not installed: {missing}" if missing else None, module
        if texts and module.startswith("kedro_datasets."):
            classes = {found for text in texts for found in re.findall(r"(?m)^class (\w+)", text)}
            near = difflib.get_close_matches(cls, classes, 1)
            reason = f"{module} has no such class{': ' + near[0] + ' is near' if near else ''}"
    return "", reason, ""


def prefixes():
    from kedro.io import core

    return getattr(core, "_DEFAULT_PACKAGES", ("kedro.io.", "kedro_datasets.", ""))


def files_of_module(name: str) -> list:
    """The module's file, or those of the package; none where they are not plain files."""
    root, *parts = name.split(".")
    spec = find_spec(root)
    if spec is None:
        return []
    for folder in spec.submodule_search_locations or []:
        path = Path(folder, *parts)
        if path.is_dir():
            return sorted(path.glob("*.py"))
        if parts and path.with_suffix(".py").is_file():
            return [path.with_suffix(".py")]
    return [Path(spec.origin)] if not parts and spec.has_location else []


def imported_by(text: str) -> list:
    """What the file imports whatever happens: at its top, not in a `try`."""
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return []
    modules = [alias.name for item in body if isinstance(item, ast.Import) for alias in item.names]
    modules += [item.module for item in body if isinstance(item, ast.ImportFrom) and not item.level]
    return sorted({module.split(".")[0] for module in modules})


@functools.lru_cache(maxsize=None)
def find_spec(root: str):
    if not root:
        return None
    try:
        return importlib.util.find_spec(root)
    except (ImportError, ValueError):  # A module without a spec, put there by hand.
        return sys.modules[root].__spec__ if root in sys.modules else None


# --- file systems -------------------------------------------------------------------------------------------------


def file_systems(root: Path) -> dict:
    """The package that each protocol of fsspec needs, whether it is installed, and whether the project asks for it."""
    try:
        from fsspec.registry import known_implementations
    except ImportError:
        return {}
    needed = {name: entry["class"].split(".")[0] for name, entry in known_implementations.items()}
    packages = {**{name: package for name, package in needed.items() if package != "fsspec"}, **OF_FSSPEC}
    required = Requirements(root)
    return {
        protocol: {
            "package": package,
            "installed": find_spec(package) is not None,
            "required": required.bring(package.replace("_", "-")),
        }
        for protocol, package in packages.items()
    }


# By name: to list a folder would make the description depend on everything in it.
LISTS = ("requirements.txt", "requirements.in", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "Pipfile.lock")
LISTS += ("poetry.lock", "uv.lock", "pdm.lock", "environment.yml", "environment.yaml", "conda.yml", "Dockerfile")
NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[([^\]\n]*)\])?"


class Requirements:
    """What a project asks for, and what comes with that. A name that is only mentioned counts: rather too much is found."""

    def __init__(self, root: Path):
        texts = list(texts_of(root))
        # A project made by Kedro lists Kedro. One that does not is installed by other means.
        self._is_listed = any(re.search(r"(?m)(^|[\"'\s-])kedro\s*([\[~=<>!;\"',]|$)", text) for text in texts)
        self._names: set = set()
        for text in texts if self._is_listed else ():
            for name, extras in re.findall(NAME, text):
                self._add(name, extras_in(extras))

    def bring(self, package: str):
        """None where nothing says what the project needs."""
        return normal(package) in {name for name, _ in self._names} if self._is_listed else None

    def _add(self, name: str, extras: frozenset) -> None:
        waiting = [(normal(name), extras)]
        while waiting:
            entry = waiting.pop()
            if entry in self._names:
                continue
            self._names.add(entry)
            waiting += needs_of(*entry)


def texts_of(root: Path):
    """The lists, without comments, and others that they name: `-r requirements/prod.txt`, `file = "requirements.in"`."""
    waiting = [root / folder / name for folder in ("", "src") for name in LISTS]
    for file in waiting:
        if file.is_file():
            text = re.sub(r"(?m)(^|\s)#.*$", "", file.read_text("utf-8", "replace"))
            named = {folder / name for name in re.findall(r"[\w./-]+\.(?:txt|in)\b", text) for folder in (file.parent, root)}
            waiting += sorted(named - set(waiting))
            yield text


@functools.lru_cache(maxsize=None)
def needs_of(name: str, extras: frozenset) -> list:
    """What an installed distribution needs with these extras, and with which extras of its own."""
    try:
        lines = metadata.distribution(name).requires or []
    except (metadata.PackageNotFoundError, ValueError):
        return []
    needs = []
    for line in lines:
        wanted = re.findall(r"extra\s*==\s*[\"']([^\"']+)", line)
        match = re.match(NAME, line)
        if match and (not wanted or extras & set(map(normal, wanted))):
            needs.append((normal(match[1]), extras_in(match[2] or "")))
    return needs


def extras_in(text: str) -> frozenset:
    """`spark.SparkDataSet, pandas`: written in any case, and in metadata in another."""
    return frozenset(normal(name) for name in re.split(r"[\s,]+", text) if name)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
