"""Runs one task's nodes with the user's own Kedro, in a container or in a working copy (PROTOCOL.md, section 2).

One file, standard library only, Python 3.8 or newer, Kedro 0.18 to 1.x. Sections: main, events, the manifest, Kedro,
spilled data, spill on disk, spill on S3.
"""

import base64
import contextlib
import datetime
import hashlib
import hmac
import http.client
import inspect
import json
import os
import pickle
import platform
import random
import shutil
import signal
import ssl
import sys
import tempfile
import time
import traceback
import urllib.parse
import xml.etree.ElementTree as ElementTree
import zlib

EXIT_NODE = 1
EXIT_STEP = 70
EXIT_STOPPED = 143
TRACEBACK_KEPT = 8192


# --- main -------------------------------------------------------------------------------------------------------


def main() -> int:
    task = os.environ["WHERRY_TASK"]
    attempt = int(os.environ.get("WHERRY_ATTEMPT", "1"))
    spill = open_spill(os.environ.get("WHERRY_SPILL"))
    events = Events(task, attempt, spill)
    signal.signal(signal.SIGTERM, lambda *_: stopped(events))
    # Kedro's log wraps at 80 columns where there is no terminal, and long names would be torn apart.
    if not sys.stdout.isatty():
        os.environ.setdefault("COLUMNS", "400")
    status = EXIT_STEP
    try:
        status = run_task(task, attempt, spill, events)
    except StepError as error:
        report_failure(error, error.phase, events)
    except Exception as error:  # noqa: BLE001 - whatever it is, the run's record must say so
        report_failure(error, "run", events)
    spilled = spill.bytes_written if spill else 0
    events.emit("step-finished", exitCode=status, cpuSeconds=cpu_seconds(), spilledBytes=spilled)
    return status


class StepError(Exception):
    """Trouble that is not a node's: `phase` says where."""

    def __init__(self, phase: str, message: str):
        super().__init__(message)
        self.phase = phase


def run_task(task: str, attempt: int, spill, events) -> int:
    manifest = in_phase("manifest", lambda: read_manifest(spill))
    plan_task = next((item for item in manifest["tasks"] if item["name"] == task), None)
    if plan_task is None:
        raise StepError("manifest", f"the plan {manifest.get('planHash')} has no task '{task}'")
    done = in_phase("marker", lambda: read_marker(spill, task))
    if done is not None:
        events.emit("task-already-done", doneAttempt=done["attempt"])
        return 0
    version = in_phase("marker", lambda: save_version(spill, manifest))
    project = in_phase("bootstrap", lambda: open_project(manifest, version))
    import kedro

    events.emit("step-started", python=platform.python_version(), kedro=kedro.__version__, pid=os.getpid())
    boundary = SpilledDatasets(manifest, task, spill)
    watch = NodeWatch(events)
    status = run_nodes(project, manifest, plan_task, boundary, watch)
    if status == 0:
        missing = [node for node in plan_task["nodes"] if node not in watch.finished]
        if missing:
            raise StepError("run", f"these nodes of the task did not run: {', '.join(missing)}")
        in_phase("marker", lambda: write_marker(spill, task, attempt, version, boundary, watch))
    return status


def in_phase(phase: str, work):
    try:
        return work()
    except StepError:
        raise
    except Exception as error:
        raise StepError(phase, f"{type(error).__name__}: {error}") from error


def report_failure(error: BaseException, phase: str, events) -> None:
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    sys.stderr.write(text)
    cause = error.__cause__ or error
    events.emit("step-failed", phase=phase, exception=type(cause).__name__, message=str(error), traceback=text[-TRACEBACK_KEPT:])


def stopped(events) -> None:
    events.emit("step-failed", phase="run", exception="Stopped", message="the container was asked to stop", traceback="")
    events.emit("step-finished", exitCode=EXIT_STOPPED, cpuSeconds=cpu_seconds(), spilledBytes=0)
    sys.stderr.flush()
    os._exit(EXIT_STOPPED)


def cpu_seconds() -> float:
    times = os.times()
    return round(times.user + times.system + times.children_user + times.children_system, 3)


# --- events -----------------------------------------------------------------------------------------------------


class Events:
    """What happens in this container, for whoever started it. Trouble with the channel never ends the user's run."""

    def __init__(self, task: str, attempt: int, spill):
        self._task = task
        self._attempt = attempt
        self._lines: list = []
        self._complained = False
        channel, _, detail = os.environ.get("WHERRY_EVENTS", "").partition(":")
        self._write = self._writer(channel, detail, spill)

    def emit(self, event: str, **fields) -> None:
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"event": event, "at": now, "task": self._task, "attempt": self._attempt, **fields})
        try:
            self._write(line)
        except Exception as error:  # noqa: BLE001 - see the class
            if not self._complained:
                sys.stderr.write(f"wherry: events cannot be reported: {error}\n")
            self._complained = True

    def _writer(self, channel: str, detail: str, spill):
        if channel == "fd":
            stream = os.fdopen(int(detail), "w", encoding="utf-8", buffering=1)
            os.set_inheritable(stream.fileno(), False)
            return lambda line: stream.write(line + "\n")
        if channel == "stdout":
            return lambda line: print(f"::wherry::{detail}::{line}", flush=True)
        if channel == "spill" and spill is not None:
            key = task_key(self._task, f"events-{self._attempt}.jsonl")

            def put(line: str) -> None:
                self._lines.append(line + "\n")
                spill.put_bytes(key, "".join(self._lines).encode())

            return put
        return lambda line: None


class NodeWatch:
    """Follows the nodes through Kedro's hooks. A node starts with the load of its first input and is finished when its
    last output is saved: Kedro's own after_node_run comes before the saving, which may fail."""

    def __init__(self, events: Events):
        self._events = events
        self._started: dict = {}
        self._unsaved: dict = {}
        self.finished: dict = {}

    def start(self, node) -> None:
        if node.name in self._started:
            return
        self._started[node.name] = time.monotonic()
        self._unsaved[node.name] = set(node.outputs)
        self._events.emit("node-started", node=node.name)

    def ran(self, node) -> None:
        if not self._unsaved[node.name]:
            self._finish(node)

    def saved(self, node, dataset_name: str) -> None:
        self._unsaved[node.name].discard(dataset_name)
        if not self._unsaved[node.name]:
            self._finish(node)

    def _finish(self, node) -> None:
        self.finished[node.name] = self._seconds(node.name)
        self._events.emit("node-finished", node=node.name, seconds=self.finished[node.name])

    def failed(self, error: BaseException) -> bool:
        """Blames the node that had started and not finished; False when there is none."""
        name = next((name for name in self._started if name not in self.finished), None)
        if name is None:
            return False
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        sys.stderr.write(text)
        self._events.emit(
            "node-failed",
            node=name,
            seconds=self._seconds(name),
            exception=type(error).__name__,
            message=str(error),
            traceback=text[-TRACEBACK_KEPT:],
        )
        return True

    def _seconds(self, name: str) -> float:
        return round(time.monotonic() - self._started[name], 3)


# --- the manifest and the run's records ---------------------------------------------------------------------------


def read_manifest(spill) -> dict:
    inline = os.environ.get("WHERRY_MANIFEST")
    if inline:
        return json.loads(zlib.decompress(base64.b64decode(inline)))
    url = os.environ["WHERRY_PLAN"]
    if spill is None:
        raise StepError("manifest", f"{url} cannot be read: no spill location is set")
    content = spill.get_bytes(spill.key_of(url))
    if content is None:
        raise StepError("manifest", f"there is nothing at {url}")
    return json.loads(content)


def run_key(name: str) -> str:
    return f"runs/{os.environ['WHERRY_RUN_ID']}/{name}"


def task_key(task: str, name: str) -> str:
    return run_key(f"tasks/{task}/{name}")


def save_version(spill, manifest: dict) -> str:
    """One version for all containers of the run. The first writer of run.json wins."""
    own = os.environ["WHERRY_SAVE_VERSION"]
    if spill is None:
        return own
    content = spill.get_bytes(run_key("run.json"))
    if content is None:
        record = {"version": 1, "runId": os.environ["WHERRY_RUN_ID"], "planHash": manifest.get("planHash"), "saveVersion": own}
        spill.put_if_absent(run_key("run.json"), json.dumps(record).encode())
        content = spill.get_bytes(run_key("run.json"))
    return json.loads(content)["saveVersion"]


def read_marker(spill, task: str):
    content = spill.get_bytes(task_key(task, "done.json")) if spill else None
    return None if content is None else json.loads(content)


def write_marker(spill, task: str, attempt: int, version: str, boundary, watch: NodeWatch) -> None:
    if spill is None:
        return
    marker = {
        "version": 1,
        "attempt": attempt,
        "saveVersion": version,
        "outputs": boundary.written,
        "nodes": [{"name": name, "seconds": seconds} for name, seconds in watch.finished.items()],
        "finishedAt": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds"),
    }
    spill.put_bytes(task_key(task, "done.json"), json.dumps(marker).encode())


# --- Kedro --------------------------------------------------------------------------------------------------------


def open_project(manifest: dict, version: str):
    """Bootstraps the project in the current folder, with its save version and its catalog paths changed, nothing else."""
    import kedro.framework.session.session as session_module
    from kedro.framework.project import settings
    from kedro.framework.startup import bootstrap_project

    root = os.getcwd()
    bootstrap_project(__import__("pathlib").Path(root))
    # Private in every Kedro so far, and the only place that the session's version comes from.
    session_module.generate_timestamp = lambda: version
    rewrite = path_rewriter(manifest.get("paths") or {}, os.environ.get("WHERRY_LOCAL_ROOT"))
    settings.set("CONFIG_LOADER_CLASS", rewriting_loader(settings.CONFIG_LOADER_CLASS, rewrite))
    return session_module.KedroSession, settings


def path_rewriter(paths: dict, local_root):
    """Longest prefix first; what is left of relative paths lies in the user's project on the local engine."""
    prefixes = sorted(((plain_path(prefix), url) for prefix, url in paths.items()), key=lambda pair: -len(pair[0]))

    def rewrite(path: str) -> str:
        if "://" in path:
            return path
        plain = plain_path(path)
        for prefix, url in prefixes:
            if plain.startswith(prefix):
                return url + plain[len(prefix) :]
        return os.path.join(local_root, plain) if local_root else path

    return rewrite


def plain_path(path: str) -> str:
    return path[2:] if path.startswith("./") else path


def rewriting_loader(loader_class, rewrite):
    class RewritingLoader(loader_class):
        def __getitem__(self, key):
            value = super().__getitem__(key)
            return rewritten(value, rewrite) if key == "catalog" else value

    return RewritingLoader


def rewritten(value, rewrite):
    if isinstance(value, dict):
        return {
            key: rewrite(os.fspath(item)) if key in ("filepath", "path", "filename") and isinstance(item, (str, os.PathLike)) else rewritten(item, rewrite)
            for key, item in value.items()
        }
    return [rewritten(item, rewrite) for item in value] if isinstance(value, list) else value


def make_hooks(boundary, watch: NodeWatch):
    from kedro.framework.hooks import hook_impl

    class WherryHooks:
        @hook_impl(trylast=True)
        def after_catalog_created(self, catalog):
            boundary.add_to(catalog)

        @hook_impl(tryfirst=True)
        def before_dataset_loaded(self, node):
            watch.start(node)

        @hook_impl(tryfirst=True)
        def before_node_run(self, node):
            watch.start(node)

        @hook_impl(trylast=True)
        def after_node_run(self, node):
            watch.ran(node)

        @hook_impl(trylast=True)
        def after_dataset_saved(self, dataset_name, node):
            watch.saved(node, dataset_name)

    return WherryHooks()


def run_nodes(project, manifest: dict, plan_task: dict, boundary, watch: NodeWatch) -> int:
    session_class, settings = project
    settings.set("HOOKS", (*settings.HOOKS, make_hooks(boundary, watch)))
    conf_source = manifest.get("confSource")
    create = accepted(
        session_class.create,
        env=manifest.get("env"),
        conf_source=os.path.join(os.getcwd(), conf_source) if conf_source else None,
        runtime_params=manifest.get("params") or None,
        extra_params=manifest.get("params") or None,
    )
    run = accepted(
        session_class.run,
        pipeline_names=[manifest["pipeline"]],
        pipeline_name=manifest["pipeline"],
        node_names=plan_task["nodes"],
        load_versions=manifest.get("loadVersions") or None,
    )
    if "pipeline_names" in run:
        run.pop("pipeline_name", None)
    try:
        with session_class.create(project_path=os.getcwd(), **create) as session:
            session.run(**run)
    except Exception as error:
        spill_error = next((cause for cause in causes(error) if isinstance(cause, StepError)), None)
        if spill_error is not None:
            raise spill_error from error
        if not watch.failed(error):
            raise
        return EXIT_NODE
    return 0


def accepted(function, **arguments) -> dict:
    """Those of the arguments that this Kedro's function knows and that say something."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in known and value is not None}


def causes(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


# --- spilled data -------------------------------------------------------------------------------------------------


class SpilledDatasets:
    """The datasets of this task that the catalog does not persist and another task writes or reads."""

    def __init__(self, manifest: dict, task: str, spill):
        self._spill = spill
        self._names = {
            dataset["name"]
            for dataset in manifest["boundaryDatasets"]
            if dataset["storage"] == "spill" and (dataset["producer"] == task or task in dataset["consumers"])
        }
        # Everything that stays in this container is on this disk as well, and need not be fetched.
        self._folder = tempfile.mkdtemp(prefix="wherry-") if self._names else None
        self._local: dict = {}
        self.written: list = []

    def add_to(self, catalog) -> None:
        if not self._names:
            return
        if self._spill is None:
            raise StepError("spill", f"no spill location is set, and these must be kept: {', '.join(sorted(self._names))}")
        dataset_class = spill_dataset_class()
        for name in sorted(self._names):
            dataset = dataset_class(name, self)
            if hasattr(catalog, "__setitem__"):
                catalog[name] = dataset
            else:
                catalog.add(name, dataset, replace=True)

    def save(self, name: str, value) -> None:
        path = os.path.join(self._folder, urllib.parse.quote(name, safe=""))
        write_pickle(name, value, path)
        key = self._key(name)
        digest = in_phase("spill", lambda: self._spill.put_file(key, path))
        self._local[name] = path
        self.written.append({"dataset": name, "url": self._spill.url_of(key), "bytes": os.path.getsize(path), "sha256": digest})

    def load(self, name: str):
        path = self._local.get(name)
        if path is None:
            path = os.path.join(self._folder, urllib.parse.quote(name, safe=""))
            if not in_phase("spill", lambda: self._spill.get_file(self._key(name), path)):
                raise StepError("spill", f"'{name}' is not at {self._spill.url_of(self._key(name))}: did the task that writes it run?")
            self._local[name] = path
        with open(path, "rb") as stream:
            return pickle.load(stream)

    def exists(self, name: str) -> bool:
        return name in self._local or self._spill.exists(self._key(name))

    def _key(self, name: str) -> str:
        return run_key(f"data/{urllib.parse.quote(name, safe='')}.pkl")


def write_pickle(name: str, value, path: str) -> None:
    """Plain pickle; cloudpickle, where the project has it, for what plain pickle cannot (lambdas, local classes)."""
    try:
        with open(path, "wb") as stream:
            pickle.dump(value, stream, protocol=5)
        return
    except Exception as error:  # noqa: BLE001 - pickling runs the user's code
        reason = error
    with contextlib.suppress(Exception):
        import cloudpickle

        with open(path, "wb") as stream:
            cloudpickle.dump(value, stream, protocol=5)
        return
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise StepError(
        "spill",
        f"'{name}' is a {kind}, which cannot be pickled to carry it to another task ({reason}). "
        "Give it a catalog entry, or put the nodes that share it into one task with --grouping",
    ) from reason


def spill_dataset_class():
    from kedro import io

    base = getattr(io, "AbstractDataset", None) or io.AbstractDataSet

    class SpillDataset(base):
        """In-memory data of another task's, kept under the run's spill location."""

        def __init__(self, name: str, boundary: SpilledDatasets):
            self._name = name
            self._boundary = boundary

        def _load(self):
            return self._boundary.load(self._name)

        def _save(self, data) -> None:
            self._boundary.save(self._name, data)

        def _exists(self) -> bool:
            return self._boundary.exists(self._name)

        def _describe(self) -> dict:
            return {"name": self._name}

    return SpillDataset


def open_spill(url):
    if not url:
        return None
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return FileSpill(url, urllib.parse.unquote(rest))
    if scheme == "s3":
        bucket, _, prefix = rest.partition("/")
        return S3Spill(url, bucket, prefix.strip("/"))
    raise SystemExit(f"wherry: '{url}' is no spill location that this step knows: s3:// or file://")


class Spill:
    """Keys below one URL. Subclasses move bytes and files; absent means None or False, never an error."""

    def __init__(self, url: str):
        self._url = url.rstrip("/")
        self.bytes_written = 0

    def url_of(self, key: str) -> str:
        return f"{self._url}/{key}"

    def key_of(self, url: str) -> str:
        if not url.startswith(self._url + "/"):
            raise StepError("manifest", f"{url} is not under the spill location {self._url}")
        return url[len(self._url) + 1 :]


# --- spill on disk ------------------------------------------------------------------------------------------------


class FileSpill(Spill):
    """Writes to a temporary file beside the target and renames it: a reader never sees half an object."""

    def __init__(self, url: str, folder: str):
        super().__init__(url)
        self._folder = folder

    def get_bytes(self, key: str):
        try:
            with open(self._path(key), "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def get_file(self, key: str, path: str) -> bool:
        if not self.exists(key):
            return False
        shutil.copyfile(self._path(key), path)
        return True

    def exists(self, key: str) -> bool:
        return os.path.isfile(self._path(key))

    def put_bytes(self, key: str, content: bytes) -> None:
        os.replace(self._temporary(key, content), self._path(key))

    def put_if_absent(self, key: str, content: bytes) -> bool:
        temporary = self._temporary(key, content)
        try:
            os.link(temporary, self._path(key))
            return True
        except FileExistsError:
            return False
        finally:
            os.unlink(temporary)

    def put_file(self, key: str, path: str) -> str:
        temporary = self._temporary(key, b"")
        shutil.copyfile(path, temporary)
        os.replace(temporary, self._path(key))
        self.bytes_written += os.path.getsize(path)
        return file_sha256(path)

    def _temporary(self, key: str, content: bytes) -> str:
        folder = os.path.dirname(self._path(key))
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".wherry-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        return temporary

    def _path(self, key: str) -> str:
        return os.path.join(self._folder, key)


def file_sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


# --- spill on S3 --------------------------------------------------------------------------------------------------

# A single PUT may have 5 GB; parts keep a retry cheap. 10,000 parts of this size are 640 GB.
PART_SIZE = int(os.environ.get("WHERRY_PART_SIZE", 64 << 20))
TRIES = 6
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class S3Spill(Spill):
    def __init__(self, url: str, bucket: str, prefix: str):
        super().__init__(url)
        self._client = S3Client(bucket)
        self._prefix = f"{prefix}/" if prefix else ""

    def get_bytes(self, key: str):
        answer = self._client.request("GET", self._prefix + key, absent_is_fine=True)
        return None if answer is None else answer.body

    def get_file(self, key: str, path: str) -> bool:
        return self._client.request("GET", self._prefix + key, into=path, absent_is_fine=True) is not None

    def exists(self, key: str) -> bool:
        return self._client.request("HEAD", self._prefix + key, absent_is_fine=True) is not None

    def put_bytes(self, key: str, content: bytes) -> None:
        self._client.request("PUT", self._prefix + key, body=content)

    def put_if_absent(self, key: str, content: bytes) -> bool:
        answer = self._client.request("PUT", self._prefix + key, body=content, headers={"if-none-match": "*"}, fine=(409, 412))
        return answer.status == 200

    def put_file(self, key: str, path: str) -> str:
        size = os.path.getsize(path)
        if size <= PART_SIZE:
            with open(path, "rb") as stream:
                self._client.request("PUT", self._prefix + key, body=stream.read())
        else:
            self._put_parts(self._prefix + key, path)
        self.bytes_written += size
        return file_sha256(path)

    def _put_parts(self, key: str, path: str) -> None:
        started = ElementTree.fromstring(self._client.request("POST", key, query={"uploads": ""}).body)
        upload = next(item.text for item in started if item.tag.endswith("UploadId"))
        try:
            tags = []
            with open(path, "rb") as stream:
                for number, part in enumerate(iter(lambda: stream.read(PART_SIZE), b""), start=1):
                    answer = self._client.request("PUT", key, query={"partNumber": str(number), "uploadId": upload}, body=part)
                    tags.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{answer.headers['etag']}</ETag></Part>")
            body = f"<CompleteMultipartUpload>{''.join(tags)}</CompleteMultipartUpload>".encode()
            answer = self._client.request("POST", key, query={"uploadId": upload}, body=body)
            # S3 may answer 200 and say in the body that it failed.
            if b"<Error>" in answer.body:
                raise OSError(f"S3 could not put the parts of {key} together: {answer.body[:300]!r}")
        except BaseException:
            self._client.request("DELETE", key, query={"uploadId": upload}, absent_is_fine=True)
            raise


class Answer:
    def __init__(self, status: int, headers: dict, body: bytes):
        self.status, self.headers, self.body = status, headers, body


class S3Client:
    """Requests to one bucket, signed with Signature Version 4, tried again on what passes by itself."""

    def __init__(self, bucket: str):
        self._bucket = bucket
        self._region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        self._credentials = Credentials()

    def request(self, method, key, query=None, headers=None, body=b"", into=None, absent_is_fine=False, fine=()):
        for attempt in range(1, TRIES + 1):
            try:
                answer = self._send(method, key, query or {}, headers or {}, body, into)
            except (OSError, http.client.HTTPException) as error:
                answer, trouble = None, f"{type(error).__name__}: {error}"
            if answer is not None:
                if answer.status < 300 or answer.status in fine:
                    return answer
                if answer.status == 404 and absent_is_fine:
                    return None
                trouble = f"status {answer.status} {answer.body[:300].decode(errors='replace')}"
                moved = answer.headers.get("x-amz-bucket-region")
                if moved and moved != self._region:
                    self._region = moved
                    continue
                if answer.status not in (408, 429, 500, 502, 503, 504) and b"SlowDown" not in answer.body:
                    break
            if attempt < TRIES:
                time.sleep(random.uniform(0.5, 1) * 0.2 * 2**attempt)
        raise OSError(f"{method} s3://{self._bucket}/{key} failed: {trouble}")

    def _send(self, method, key, query, headers, body, into) -> Answer:
        secure, host, path = self._address(key)
        text = "&".join(f"{urllib.parse.quote(k, safe='')}={urllib.parse.quote(v, safe='')}" for k, v in sorted(query.items()))
        signed = self._sign(method, host, path, text, headers, body)
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        options = {"context": ssl.create_default_context()} if secure else {}
        connection = connect(host, timeout=60, **options)
        try:
            connection.request(method, f"{path}?{text}" if text else path, body=body or None, headers=signed)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            if into is not None and response.status == 200:
                with open(into, "wb") as stream:
                    shutil.copyfileobj(response, stream, 1 << 20)
                return Answer(200, found, b"")
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def _address(self, key: str):
        quoted = urllib.parse.quote(key, safe="/-_.~")
        if self._endpoint:
            parts = urllib.parse.urlsplit(self._endpoint)
            return parts.scheme == "https", parts.netloc, f"{parts.path.rstrip('/')}/{self._bucket}/{quoted}"
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        if "." in self._bucket:  # A dot in the name does not fit AWS's certificate.
            return True, f"s3.{self._region}.{suffix}", f"/{self._bucket}/{quoted}"
        return True, f"{self._bucket}.s3.{self._region}.{suffix}", f"/{quoted}"

    def _sign(self, method, host, path, query, headers, body) -> dict:
        """AWS General Reference, "Create a signed AWS API request"."""
        access, secret, token = self._credentials.get()
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        payload = hashlib.sha256(body).hexdigest() if body else EMPTY_SHA256
        sent = {"host": host, "x-amz-date": stamp, "x-amz-content-sha256": payload, **headers}
        if token:
            sent["x-amz-security-token"] = token
        names = ";".join(sorted(sent))
        lines = "".join(f"{name}:{sent[name]}\n" for name in sorted(sent))
        canonical = "\n".join([method, path, query, lines, names, payload])
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{secret}".encode()
        for part in (stamp[:8], self._region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        sent["authorization"] = f"AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders={names}, Signature={signature}"
        return sent


class Credentials:
    """The task role's, from the container's credentials endpoint, renewed before they expire; else the environment's."""

    def __init__(self):
        self._found = None
        self._until = 0.0

    def get(self):
        if self._found is None or time.time() > self._until:
            self._found, self._until = self._fetch()
        return self._found

    def _fetch(self):
        relative, full = (os.environ.get(f"AWS_CONTAINER_CREDENTIALS_{kind}_URI") for kind in ("RELATIVE", "FULL"))
        if not relative and not full:
            access, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
            if not access or not secret:
                raise OSError("there are no AWS credentials: does the task definition have a task role?")
            return (access, secret, os.environ.get("AWS_SESSION_TOKEN")), float("inf")
        url = urllib.parse.urlsplit(full or f"http://169.254.170.2{relative}")
        connection = http.client.HTTPConnection(url.netloc, timeout=10)
        try:
            connection.request("GET", f"{url.path}?{url.query}" if url.query else url.path, headers=self._authorization())
            response = connection.getresponse()
            if response.status != 200:
                raise OSError(f"the container's credentials endpoint answered {response.status}")
            found = json.loads(response.read())
        finally:
            connection.close()
        expires = datetime.datetime.strptime(found["Expiration"][:19] + "+0000", "%Y-%m-%dT%H:%M:%S%z").timestamp()
        return (found["AccessKeyId"], found["SecretAccessKey"], found.get("Token")), expires - 300

    def _authorization(self) -> dict:
        token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        file = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
        if file:
            with open(file, encoding="utf-8") as stream:
                token = stream.read().strip()
        return {"Authorization": token} if token else {}


if __name__ == "__main__":
    sys.exit(main())
