"""Runs one task's nodes, programs or the user's own Kedro's, in a container or in a working copy (PROTOCOL.md, section 2).

One file, because it is fetched as one; standard library only; Python 3.8 or newer; Kedro 0.18 to 1.x.
Sections: main · events · the run's records · the claim · Kedro · programs · catalog paths · spilled values · spill on disk · spill on S3.
"""

import base64
import calendar
import collections.abc
import contextlib
import datetime
import email.utils
import errno
import fcntl
import hashlib
import hmac
import http.client
import inspect
import json
import os
import pathlib
import pickle
import platform
import random
import re
import select
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.parse
import urllib.request
import zlib

EXIT_USER = 1
EXIT_STEP = 70
EXIT_PASSES = 75  # EX_TEMPFAIL of sysexits.h: the same again may go well.
EXIT_STOPPED = 143
MESSAGE_KEPT = TRACEBACK_KEPT = 8192


# --- main -------------------------------------------------------------------------------------------------------


def main() -> int:
    # Kedro's log wraps at 80 columns where there is no terminal, and long names would be torn apart.
    if not sys.stdout.isatty():
        os.environ.setdefault("COLUMNS", "400")
    print_line_by_line()
    events = Events(os.environ)
    values = SpilledValues(Claim(os.environ))
    stop_on_sigterm(events, values)
    stop_when_abandoned(os.environ.get("WHERRY_EVENTS", ""))
    try:
        events.emit("step-started", python=platform.python_version(), kedro=kedro_version(), pid=os.getpid())
        status = run_task(events, values)
    except BaseException as error:  # nothing may end this container without a word
        status = report_failure(error, events)
    finish(status, events, values)
    return status


def print_line_by_line() -> None:
    """Whoever is killed flushes nothing, and Python holds back 8 KiB of what is printed to a pipe."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")  # For the processes that nodes start.


def flush_prints() -> None:
    """From beside the main thread, which may be within these buffers and not come out again."""

    def flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()

    thread = threading.Thread(target=flush, name="wherry-prints", daemon=True)
    thread.start()
    thread.join(timeout=1)


class StepError(Exception):
    """Trouble that is not a node's: `phase` says where, `status` how the container ends."""

    def __init__(self, phase: str, message: str, status: int = EXIT_STEP):
        super().__init__(message)
        self.phase = phase
        self.status = status


@contextlib.contextmanager
def phase(name: str):
    """Whatever goes wrong inside is trouble of this phase."""
    try:
        yield
    except StepError:
        raise
    except Exception as error:
        raise StepError(name, str(error) or repr(error), status_of(error)) from error


class S3Unavailable(OSError):
    """It could not be reached, or not now: that passes by itself."""


def status_of(error: BaseException) -> int:
    return EXIT_PASSES if any(isinstance(cause, S3Unavailable) for cause in causes(error)) else EXIT_STEP


def run_task(events, values) -> int:
    values.make_room()
    with phase("manifest"):
        task, attempt = variable("WHERRY_TASK"), int(os.environ.get("WHERRY_ATTEMPT", "1"))
        spill = open_spill(os.environ.get("WHERRY_SPILL"))
        manifest = read_manifest()
        plan_task = next((item for item in manifest["tasks"] if item["name"] == task), None)
        if plan_task is None:
            raise StepError("manifest", f"the plan {manifest.get('planHash')} has no task '{task}'")
        values.bind(manifest, task, spill)
    with phase("marker"):
        done = read_marker(spill, task) or values.claim.take(
            spill, lambda: read_marker(spill, task), lambda holder: events.emit("claim-held", holder=holder)
        )
        if done is not None:
            events.emit("task-already-done", doneAttempt=done["attempt"])
            return 0
        version = save_version(spill, manifest)
    watch = NodeWatch(events)
    with phase("bootstrap"):
        if "programs" in manifest:
            project = Programs(manifest, plan_task, spill)
        else:
            project = Project(manifest, plan_task, version)
            if attempt > 1:
                replace_versions_of_earlier_attempts()
    status = project.run(values, watch)
    if status == 0:
        with phase("marker"):
            values.claim.check()
            write_marker(spill, task, attempt, version, values, watch)
    return status


def variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ValueError(f"the variable {name} is not set")
    return value


def report_failure(error: BaseException, events) -> int:
    trouble = error if isinstance(error, StepError) else StepError("run", str(error) or repr(error), status_of(error))
    text = traceback_of(error)
    cause = error.__cause__ if isinstance(error, StepError) and error.__cause__ is not None else error
    events.emit(
        "step-failed",
        phase=trouble.phase,
        exception=type(cause).__name__,
        message=start_of(str(trouble)),
        traceback=end_of(text),
    )
    sys.stderr.write(text)
    return trouble.status


def finish(status: int, events, values) -> None:
    if status != 0:
        values.claim.give_up(status)
    events.emit("step-finished", exitCode=status, cpuSeconds=cpu_seconds(), spilledBytes=values.bytes_written)
    events.flush()
    values.remove()


def stop_on_sigterm(events, values) -> None:
    """Reports a stop and ends, whatever the main thread is doing.

    Python runs a signal's handler in the main thread between two instructions, which a long call into C code puts
    off until the container is killed. The byte written by the interpreter itself wakes this thread at once; the
    handler writes it again, in case the project has taken the wake-up descriptor (asyncio does).
    """
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    wake = bytes([signal.SIGTERM])

    def wait_for_it() -> None:
        while os.read(readable, 1) != wake:
            pass
        Programs.stop_running()
        if ABANDONED.is_set():
            values.claim.give_up(EXIT_STOPPED)
            leave_nothing_behind(values)
        message = "the container was asked to stop (SIGTERM) before its nodes had finished"
        events.emit("step-failed", phase="run", exception="Stopped", message=message, traceback="")
        print(f"wherry: {message}", file=sys.stderr, flush=True)
        flush_prints()
        finish(EXIT_STOPPED, events, values)
        os._exit(EXIT_STOPPED)

    signal.signal(signal.SIGTERM, lambda *_: os.write(writable, wake))
    signal.set_wakeup_fd(writable, warn_on_full_buffer=False)
    die_of_sigterm_when_forked()
    threading.Thread(target=wait_for_it, name="wherry-stop", daemon=True).start()


# Whoever started this process is gone, and with it whoever would end what it leaves behind.
ABANDONED = threading.Event()


def leave_nothing_behind(values) -> None:
    """Ends without a word, as nobody reads it, and with all that this process has started."""
    values.remove()
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(EXIT_STOPPED)


def stop_when_abandoned(channel: str) -> None:
    """On this machine the engine holds the other end of the events' pipe. Where it was killed, nobody else would end
    this process."""
    kind, _, descriptor = channel.partition(":")
    if kind != "fd":
        return

    def wait_for_it() -> None:
        hangup = select.poll()
        hangup.register(int(descriptor), select.POLLERR | select.POLLHUP)
        if hangup.poll()[0][1] & (select.POLLERR | select.POLLHUP):
            ABANDONED.set()
            os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_it, name="wherry-abandoned", daemon=True).start()


def die_of_sigterm_when_forked() -> None:
    """A worker that a node forks and stops is not the container being stopped.

    It inherits the wake-up descriptor, so the signal is held back until the worker has let go of it: a pool may stop
    a worker that has not run one instruction yet.
    """
    kept = threading.local()

    def hold_back() -> None:
        kept.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def let_through() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept.mask)

    def forget() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        let_through()

    os.register_at_fork(before=hold_back, after_in_parent=let_through, after_in_child=forget)


def kedro_version():
    try:
        import kedro

        return kedro.__version__
    except Exception:  # the bootstrap says in full what is wrong with it
        return None


def cpu_seconds() -> float:
    return round(sum(os.times()[:4]), 3)


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def traceback_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(type(error), error, error.__traceback__))


def start_of(text: str) -> str:
    return text.encode(errors="replace")[:MESSAGE_KEPT].decode(errors="ignore")


def end_of(text: str) -> str:
    return text.encode(errors="replace")[-TRACEBACK_KEPT:].decode(errors="ignore")


# --- events -----------------------------------------------------------------------------------------------------


class Events:
    """What happens in this container, for whoever started it. Trouble with the channel never ends the user's run."""

    def __init__(self, environment):
        self._names = {"task": environment.get("WHERRY_TASK"), "attempt": int(environment.get("WHERRY_ATTEMPT", "1"))}
        self._complained = False
        channel, _, detail = environment.get("WHERRY_EVENTS", "").partition(":")
        self._object = None
        self._write = lambda line: None
        if channel == "fd":
            self._write = lambda line: write_all(int(detail), line)
        elif channel == "stdout":
            # What a program has printed may end within a line; empty lines do not reach the log.
            self._write = lambda line: write_all(1, f"\n::wherry::{detail}::{line}")
        elif channel == "spill":
            self._write = self._append_to_object

    def emit(self, event: str, **fields) -> None:
        with self._no_harm():
            self._write(json.dumps({"event": event, "at": now(), **self._names, **fields}) + "\n")

    def flush(self) -> None:
        if self._object is not None:
            with self._no_harm():
                self._object.flush()

    def _append_to_object(self, line: str) -> None:
        if self._object is None:
            name = f"events-{self._names['attempt']}.jsonl"
            # A client of its own, as it is used from a thread of its own.
            spill = open_spill(variable("WHERRY_SPILL"))
            self._object = GrowingObject(spill, task_key(self._names["task"], name), self._complain)
        self._object.append(line)

    @contextlib.contextmanager
    def _no_harm(self):
        try:
            yield
        except Exception as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if not self._complained:
            self._complained = True
            sys.stderr.write(f"wherry: events cannot be reported: {error}\n")


def write_all(descriptor: int, text: str) -> None:
    """Past Python's buffers, which a second thread must not enter while the first is in them."""
    rest = text.encode()
    while rest:
        rest = rest[os.write(descriptor, rest) :]


class GrowingObject:
    """Lines in one object, put whole again by a thread beside the nodes: many lines in one put, if they come fast.

    The thread puts nothing while the process forks: a child would inherit whatever lock the put holds.
    """

    def __init__(self, spill, key: str, complain):
        self._spill, self._key, self._complain = spill, key, complain
        self._content = b""
        self._put = 0
        self._changed = threading.Condition()
        self._putting = threading.Lock()
        os.register_at_fork(before=self._putting.acquire, after_in_parent=self._putting.release)
        threading.Thread(target=self._put_for_ever, name="wherry-events", daemon=True).start()

    def append(self, line: str) -> None:
        with self._changed:
            self._content += line.encode()
            self._changed.notify_all()

    def flush(self) -> None:
        """Tries once more itself, with all the patience of a put, where the thread did not succeed."""
        with self._putting:
            self._put_now()

    def _put_for_ever(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._put < len(self._content))
            try:
                with self._putting:
                    self._put_now()
            except Exception as error:
                self._complain(error)
                time.sleep(5)

    def _put_now(self) -> None:
        content = self._content
        if self._put < len(content):
            self._spill.put_bytes(self._key, content)
            self._put = len(content)


class NodeWatch:
    """Follows the nodes through Kedro's hooks. A node starts with the load of its first input and is finished when its
    last output is saved: Kedro's own after_node_run comes before the saving, which may fail."""

    def __init__(self, events: Events):
        self._events = events
        self._started: dict = {}
        self._unsaved: dict = {}
        self._in_pieces = None
        self.finished: dict = {}

    def start(self, name: str) -> None:
        if name in self._started:
            return
        self.close()
        self._started[name] = time.monotonic()
        self._events.emit("node-started", node=name)

    def ran(self, node, outputs: dict) -> None:
        if not node.outputs:
            self.finish(node.name)
        elif all(isinstance(value, collections.abc.Iterator) for value in outputs.values()):
            # A generator's outputs are saved piece by piece, and nothing tells which piece is the last.
            self._in_pieces = node.name
        else:
            self._unsaved[node.name] = set(node.outputs)

    def saved(self, node, dataset_name: str) -> None:
        if node.name == self._in_pieces:
            return
        self._unsaved[node.name].discard(dataset_name)
        if not self._unsaved[node.name]:
            self.finish(node.name)

    def close(self) -> None:
        """The node before has ended: another starts, or the run is over."""
        if self._in_pieces is not None:
            self.finish(self._in_pieces)
        self._in_pieces = None

    def finish(self, name: str) -> None:
        self.finished[name] = self._seconds(name)
        self._events.emit("node-finished", node=name, seconds=self.finished[name])

    def failed(self, error: BaseException) -> bool:
        """Blames the node that had started and not finished; False when there is none."""
        name = next((name for name in self._started if name not in self.finished), None)
        if name is None:
            return False
        text = f"{error}\n" if isinstance(error, ProgramFailed) else traceback_of(error)
        message, kind = start_of(str(error) or repr(error)), type(error).__name__
        end, seconds = end_of(text), self._seconds(name)
        self._events.emit("node-failed", node=name, exception=kind, message=message, traceback=end, seconds=seconds)
        sys.stderr.write(text)
        return True

    def _seconds(self, name: str) -> float:
        return round(time.monotonic() - self._started[name], 3)


# --- the run's records --------------------------------------------------------------------------------------------


def read_manifest() -> dict:
    inline = os.environ.get("WHERRY_MANIFEST")
    if inline:
        return json.loads(zlib.decompress(base64.b64decode(inline)))
    url = variable("WHERRY_PLAN")
    folder, _, name = url.rpartition("/")
    content = open_spill(folder).get_bytes(name)
    if content is None:
        raise StepError("manifest", f"there is nothing at {url}")
    return json.loads(content)


def run_key(name: str) -> str:
    return f"runs/{variable('WHERRY_RUN_ID')}/{name}"


def task_key(task: str, name: str) -> str:
    return run_key(f"tasks/{task}/{name}")


def save_version(spill, manifest: dict) -> str:
    """One version for all containers of the run. The first writer of run.json wins."""
    if spill is None:
        return variable("WHERRY_SAVE_VERSION")
    content = spill.get_bytes(run_key("run.json"))
    if content is None:
        own, run_id = variable("WHERRY_SAVE_VERSION"), variable("WHERRY_RUN_ID")
        record = {"version": 1, "runId": run_id, "planHash": manifest.get("planHash"), "saveVersion": own}
        spill.put_if_absent(run_key("run.json"), json.dumps(record).encode())
        content = spill.get_bytes(run_key("run.json"))
    return json.loads(content)["saveVersion"]


def read_marker(spill, task: str):
    content = spill.get_bytes(task_key(task, "done.json")) if spill else None
    return None if content is None else json.loads(content)


def write_marker(spill, task: str, attempt: int, version: str, values, watch: NodeWatch) -> None:
    if spill is None:
        return
    marker = {
        "version": 1,
        "attempt": attempt,
        "saveVersion": version,
        "outputs": list(values.written.values()),
        "nodes": [{"name": name, "seconds": seconds} for name, seconds in watch.finished.items()],
        "finishedAt": now(),
    }
    spill.put_bytes(task_key(task, "done.json"), json.dumps(marker).encode())


# --- the claim ----------------------------------------------------------------------------------------------------

# How often the container that has a task says that it lives, and how long a silence means its death, in seconds.
BEAT = 15
DEAD_AFTER = 60
# How often a container looks that waits for another one.
LOOK = 3
# How long a container that is being stopped waits for a beat that is on its way.
PATIENCE = 5


def since_boot() -> float:
    """Seconds, those included that the machine slept, where the system counts them."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Claim:
    """The right to write what a task writes, which one container has at a time (claim.json).

    It holds for DEAD_AFTER seconds from each time that it was written. A thread writes it again every BEAT seconds; a
    task that is quicker costs one put. Without a spill location there is nothing to claim.
    """

    def __init__(self, environment, clock=since_boot, sleep=time.sleep):
        self._task = environment.get("WHERRY_TASK")
        self._attempt = int(environment.get("WHERRY_ATTEMPT", "1"))
        # Whoever started this container has seen the end of every attempt before it.
        self._may_take_over = environment.get("WHERRY_TAKES_OVER") == "1"
        self._clock, self._sleep = clock, sleep
        self._token = os.urandom(8).hex()
        self._spill = None
        self._version = None
        self._heard = 0.0
        self._lost_to = None
        self._given_up = threading.Event()
        self._beating = threading.Lock()

    def take(self, spill, read_done, tell_of_wait):
        """None when the task is this container's, its done marker where it is done. Raises where another has failed."""
        if spill is None:
            return None
        self._spill = spill
        done, has_told = None, False
        while not self._put(spill.put_if_absent):
            done, found = read_done(), spill.get_versioned(self._key("claim.json"))
            if done is not None:
                return done
            if found is None:
                continue
            content, version, age = found
            holder = json.loads(content)
            if holder["token"] == self._token:  # The answer to our own put was lost on the way.
                self._version = version
            elif not self._is_free(holder, age, has_told):
                if not has_told:
                    tell_of_wait(holder["attempt"])
                    has_told = True
                self._sleep(LOOK)
                continue
            elif not self._put_over(version):
                continue
            # Whoever had it may have finished at the last moment.
            done = read_done()
            break
        if done is None:
            self._keep_alive()
        return done

    def _is_free(self, holder: dict, age: float, has_waited: bool) -> bool:
        content = self._spill.get_bytes(self._key("failed.json"))
        failure = None if content is None else json.loads(content)
        if failure is not None and failure["claim"] == holder["token"]:
            # Whoever waited for it shares its fate. Whoever comes later was started because it had failed.
            if not has_waited or self._attempt > holder["attempt"]:
                return True
            what = f"attempt {holder['attempt']} of this task has failed in another container"
            raise StepError("claim", f"{what}, with exit status {failure['exitCode']}", failure["exitCode"])
        return age > DEAD_AFTER or (self._may_take_over and self._attempt > holder["attempt"])

    def check(self) -> None:
        """Before every write. Asks the spill only after a long silence, in which another may have taken the task."""
        if self._version is None:
            return
        if self._given_up.is_set():  # By the thread that ends this process.
            threading.Event().wait()
        if self._lost_to is None and self._clock() - self._heard > 2 * BEAT:
            with phase("claim"):
                self._beat()
        if self._lost_to is not None:
            raise StepError("claim", f"another container has taken this task over, as attempt {self._lost_to}")

    def give_up(self, status: int) -> None:
        """This container has failed: whoever waits for the task need not wait any longer."""
        if self._version is None or self._lost_to is not None or self._given_up.is_set():
            return
        self._given_up.set()
        if self._beating.acquire(timeout=PATIENCE):
            failure = {"version": 1, "attempt": self._attempt, "claim": self._token, "exitCode": status}
            with contextlib.suppress(Exception):
                self._spill.put_bytes(self._key("failed.json"), json.dumps({**failure, "failedAt": now()}).encode())
            self._beating.release()

    def _put_over(self, version: str) -> bool:
        return self._put(lambda key, content: self._spill.put_over(key, content, version))

    def _put(self, put) -> bool:
        asked = self._clock()
        content = {"version": 1, "attempt": self._attempt, "token": self._token, "at": now()}
        version = put(self._key("claim.json"), json.dumps(content).encode())
        if version is not None:
            self._version, self._heard = version, asked
        return version is not None

    def _keep_alive(self) -> None:
        # From here on another thread writes, with a client of its own, and not while the process forks: a child would
        # inherit the lock.
        self._spill = open_spill(os.environ["WHERRY_SPILL"])
        os.register_at_fork(before=self._beating.acquire, after_in_parent=self._beating.release)
        threading.Thread(target=self._beat_for_ever, name="wherry-claim", daemon=True).start()

    def _beat_for_ever(self) -> None:
        while self._lost_to is None and not self._given_up.is_set():
            self._sleep(BEAT)
            with contextlib.suppress(Exception):  # The next beat may get through.
                self._beat()

    def _beat(self) -> None:
        with self._beating:
            if self._given_up.is_set() or self._put_over(self._version):
                return
            asked = self._clock()
            found = self._spill.get_versioned(self._key("claim.json"))
            holder = json.loads(found[0]) if found is not None else {"token": None, "attempt": "unknown"}
            if holder["token"] == self._token:  # The answer to an earlier put was lost on the way.
                self._version, self._heard = found[1], asked
            else:
                self._lost_to = holder["attempt"]

    def _key(self, name: str) -> str:
        return task_key(self._task, name)


# --- Kedro --------------------------------------------------------------------------------------------------------


class Project:
    """The project in the current folder, with its save version and its catalog paths changed, and nothing else."""

    def __init__(self, manifest: dict, plan_task: dict, version: str):
        import kedro.framework.session.session as session_module
        from kedro.framework import project
        from kedro.framework.startup import bootstrap_project

        bootstrap_project(pathlib.Path.cwd())
        # Private in every Kedro so far, and the only place that a session's version comes from.
        session_module.generate_timestamp = lambda: version
        self._kedro = project
        self._manifest, self._task, self._version = manifest, plan_task, version
        self._session_class = session_module.KedroSession
        own_class = getattr(project.settings, "SESSION_CLASS", None)
        if isinstance(own_class, type) and issubclass(own_class, self._session_class):
            self._session_class = own_class
        self._load_versions = dict(manifest.get("loadVersions") or {})
        use_rewritten_paths(project.settings, manifest.get("paths") or {}, os.environ.get("WHERRY_LOCAL_ROOT"))

    def run(self, values, watch: NodeWatch) -> int:
        hooks = make_hooks(self, values, watch)
        self._kedro.settings.set("HOOKS", (*self._kedro.settings.HOOKS, hooks))
        try:
            with self._session_class.create(**self._session_arguments()) as session:
                session.run(**self._run_arguments())
            watch.close()
        except BaseException as error:
            return self._blame(error, hooks.phase, watch)
        left = [name for name in self._task["nodes"] if name not in watch.finished]
        if left:
            raise StepError("run", f"Kedro ended well but did not run these nodes of the task: {', '.join(left)}")
        return 0

    def _session_arguments(self) -> dict:
        conf, params = self._manifest.get("confSource"), runtime_params(self._manifest)
        return accepted(
            self._session_class.create,
            project_path=os.getcwd(),
            env=self._manifest.get("env"),
            conf_source=os.path.join(os.getcwd(), conf) if conf else None,
            runtime_params=params or None,
            extra_params=params or None,
        )

    def _run_arguments(self) -> dict:
        name = self._manifest["pipeline"]
        run = self._session_class.run
        several = "pipeline_names" in inspect.signature(run).parameters
        return {
            **({"pipeline_names": [name]} if several else {"pipeline_name": name}),
            "node_names": self._task["nodes"],
            "load_versions": self._load_versions,
        }

    def nodes_are_there(self) -> None:
        """A pipeline that Kedro only warned about is missing, and so may its nodes be."""
        name = self._manifest["pipeline"]
        if hasattr(self._kedro.pipelines, "set_requested"):
            self._kedro.pipelines.set_requested([name])
        pipeline = self._kedro.pipelines.get(name)
        nodes = {node.name: node for node in pipeline.nodes} if pipeline is not None else {}
        missing = [node for node in self._task["nodes"] if node not in nodes]
        if missing:
            what = "is not in this project" if pipeline is None else f"has no node {', '.join(missing)}"
            hint = "Kedro may have warned above about a module that it left out, or the code is not what was planned"
            raise StepError("bootstrap", f"the pipeline '{name}' {what}. {hint}")
        own = [nodes[node] for node in self._task["nodes"]]
        self.datasets = {name for node in own for name in (*node.inputs, *node.outputs)}
        self._pin_loads(own)

    def _pin_loads(self, nodes) -> None:
        """What another task of this run saved is loaded in the run's own version: the newest may be another run's.

        Kedro makes the catalog of these after the context, so that it is not too late to add to them.
        """
        saved_by_others = {
            item["name"]
            for item in self._manifest.get("boundaryDatasets") or []
            if item["storage"] == "catalog" and item["producer"] != self._task["name"]
        }
        for name in (name for node in nodes for name in node.inputs):
            if name.partition("@")[0] in saved_by_others:
                self._load_versions.setdefault(name, self._version)

    def _blame(self, error: BaseException, where: str, watch: NodeWatch) -> int:
        """A StepError may have gone through Kedro, which wraps what comes out of a dataset."""
        own = next((cause for cause in causes(error) if isinstance(cause, StepError)), None)
        if own is not None:
            raise own
        if watch.failed(error):
            return EXIT_USER
        raise StepError(where, str(error) or repr(error)) from error


def runtime_params(manifest: dict) -> dict:
    """The plan's, and over them those with which the run was started, under dotted names."""
    params = dict(manifest.get("params") or {})
    for dotted, value in json.loads(os.environ.get("WHERRY_PARAMS") or "{}").items():
        *parents, name = dotted.split(".")
        place = params
        for parent in parents:
            place[parent] = dict(place.get(parent) or {})
            place = place[parent]
        place[name] = value
    return params


def causes(error):
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def accepted(function, **arguments) -> dict:
    """Those of the arguments that this Kedro's function knows and that say something."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in arguments.items() if name in known and value is not None}


def make_hooks(project: Project, values, watch: NodeWatch):
    from kedro.framework.hooks import hook_impl

    class WherryHooks:
        phase = "bootstrap"

        @hook_impl(trylast=True)
        def after_context_created(self, context):
            with phase("bootstrap"):
                project.nodes_are_there()
            self.phase = "catalog"

        @hook_impl(trylast=True)
        def after_catalog_created(self, catalog):
            with phase("catalog"):
                values.add_to(catalog, project.datasets)
            self.phase = "run"

        @hook_impl(tryfirst=True)
        def before_dataset_loaded(self, node):
            watch.start(node.name)

        @hook_impl(tryfirst=True)
        def before_node_run(self, node):
            watch.start(node.name)

        @hook_impl(trylast=True)
        def after_node_run(self, node, outputs):
            watch.ran(node, outputs)

        @hook_impl(tryfirst=True)
        def before_dataset_saved(self):
            values.claim.check()

        @hook_impl(trylast=True)
        def after_dataset_saved(self, dataset_name, node):
            watch.saved(node, dataset_name)

    return WherryHooks()


def replace_versions_of_earlier_attempts() -> None:
    """A retry saves in the run's version again, and Kedro refuses to save a version that is there. What is there can
    only be from an earlier attempt, the first time that a dataset is saved in this process."""
    from kedro.io.core import AbstractVersionedDataset

    refusing = AbstractVersionedDataset._get_save_path
    saved = set()

    def get_save_path(self):
        if not self._version or id(self) in saved:
            return refusing(self)
        saved.add(id(self))
        return self._get_versioned_path(self.resolve_save_version())

    AbstractVersionedDataset._get_save_path = get_save_path


# --- programs -----------------------------------------------------------------------------------------------------

# How long a program may take to end when the container is stopped: ECS kills after 30 s, and there is more to do.
PROGRAM_STOP_SECONDS = 20


class ProgramFailed(Exception):
    """A node that is a program did not do what it should."""


class Programs:
    """The nodes of a pipeline.yml: each a process that finds the paths of its files in its environment."""

    _running = None
    _stopping = threading.Event()

    def __init__(self, manifest: dict, plan_task: dict, spill):
        self._task = plan_task
        self._programs = manifest["programs"]
        rewrite = path_rewriter(manifest.get("paths") or {}, os.environ.get("WHERRY_LOCAL_ROOT"))
        self._places = {name: rewrite(path) for name, path in self._programs["datasets"].items()}
        self._stores: dict = {}

    @classmethod
    def stop_running(cls) -> None:
        """From the thread that hears of the stop: the main thread waits for the program, and then for the end."""
        cls._stopping.set()
        process = cls._running
        if process is not None:
            process.terminate()
            deadline = time.monotonic() + PROGRAM_STOP_SECONDS
            while process.returncode is None and time.monotonic() < deadline:
                time.sleep(0.05)
            process.kill()

    def run(self, values, watch: NodeWatch) -> int:
        values.files_only()
        for name in self._task["nodes"]:
            watch.start(name)
            try:
                self._run_node(self._programs["nodes"][name], values)
            except ProgramFailed as error:
                watch.failed(error)
                return EXIT_USER
            watch.finish(name)
        return 0

    def _run_node(self, program: dict, values) -> None:
        outputs = {dataset: values.new_file(dataset, self._places.get(dataset)) for dataset in program["outputs"]}
        paths = {variable: self._fetched(dataset, values) for dataset, variable in program["inputs"].items()}
        paths.update({variable: outputs[dataset] for dataset, variable in program["outputs"].items()})
        self._wait_for(program["command"], {**environment_of_programs(), **program["env"], **paths})
        for dataset, variable in program["outputs"].items():
            path = outputs[dataset]
            if not os.path.isfile(path):
                what = "a folder, and it must be one file" if os.path.isdir(path) else "nothing"
                raise ProgramFailed(f"it wrote its output '{dataset}' as {what}: the path is in {variable}")
        for dataset, path in outputs.items():
            self._keep(dataset, path, values)

    def _wait_for(self, command: list, environment: dict) -> None:
        sys.stdout.flush()
        try:
            process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        except OSError as error:
            where = f"not in the image, or not in its PATH ({environment.get('PATH', '')})"
            reason = where if isinstance(error, FileNotFoundError) else error.strerror
            raise ProgramFailed(f"the program '{command[0]}' cannot be started: {reason}") from error
        Programs._running = process
        status = process.wait()
        Programs._running = None
        if Programs._stopping.is_set():
            threading.Event().wait()
        if status != 0:
            raise ProgramFailed(f"its command {how_it_ended(status)}")

    def _fetched(self, dataset: str, values) -> str:
        place = self._places.get(dataset)
        if values.has_file(dataset) or place is None:
            return values.file(dataset)
        with phase("catalog"):
            path = values.new_file(dataset, place)
            store, key = self._store(place)
            if not store.get_file(key, path):
                raise StepError("catalog", f"there is no '{dataset}' at {place}")
            return values.hold(dataset, path)

    def _keep(self, dataset: str, path: str, values) -> None:
        values.claim.check()
        place = self._places.get(dataset)
        if place is None:
            values.keep_file(dataset, path)
            return
        with phase("catalog"):
            store, key = self._store(place)
            store.put_file(key, path, sha256_of(path))
            values.hold(dataset, path)

    def _store(self, place: str):
        """Where a dataset is, and its name there."""
        folder, _, name = place.rpartition("/")
        if place.startswith("file://"):
            folder, name = urllib.parse.unquote(folder[7:]), urllib.parse.unquote(name)
        if "://" not in folder:
            return FileSpill(folder, os.path.abspath(folder)), name
        if folder not in self._stores:
            self._stores[folder] = open_spill(folder)
        return self._stores[folder], name


def how_it_ended(status: int) -> str:
    if status < 0:
        return f"was killed by signal {-status} ({signal.strsignal(-status)})"
    return f"ended with exit status {status}"


def environment_of_programs() -> dict:
    """A container's own, without what is only for this step."""
    own = ("WHERRY_MANIFEST", "WHERRY_PLAN", "WHERRY_STEP", "WHERRY_STEP_SOURCE", "WHERRY_EVENTS", "WHERRY_LOCAL_ROOT")
    return {name: value for name, value in os.environ.items() if name not in own}


def sha256_of(path: str) -> str:
    with open(path, "rb") as stream:
        return FileBody(stream, 0, os.path.getsize(path)).sha256


# --- catalog paths --------------------------------------------------------------------------------------------------

# The keys that Kedro itself takes for paths (kedro.framework.context, _convert_paths_to_absolute_posix).
PATH_KEYS = ("filepath", "path", "filename")


def use_rewritten_paths(settings, paths: dict, local_root) -> None:
    if not paths and not local_root:
        return
    rewrite = path_rewriter(paths, local_root)

    class RewritingLoader(settings.CONFIG_LOADER_CLASS):
        def __getitem__(self, key):
            value = super().__getitem__(key)
            return rewritten(value, rewrite) if key == "catalog" else value

    settings.set("CONFIG_LOADER_CLASS", RewritingLoader)


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


def rewritten(value, rewrite, key=None):
    if isinstance(value, dict):
        return {name: rewritten(item, rewrite, name) for name, item in value.items()}
    if isinstance(value, list):
        return [rewritten(item, rewrite) for item in value]
    if key in PATH_KEYS and isinstance(value, (str, os.PathLike)):
        return rewrite(os.fspath(value))
    return value


# --- spilled values -------------------------------------------------------------------------------------------------


class SpilledValues:
    """The datasets of this task that the catalog does not persist and that another task writes or reads."""

    def __init__(self, claim):
        self.claim = claim
        self._scratch = None
        self._names: list = []
        self._files: dict = {}
        self._suffix = ".pkl"
        self._made = 0
        self._spill = None
        self.written: dict = {}
        self.bytes_written = 0

    def make_room(self) -> None:
        try:
            self._scratch = tempfile.mkdtemp(prefix="wherry-")
        except OSError as error:
            where = "a volume of the task definition at /tmp, or readonlyRootFilesystem off, gives it one"
            raise StepError("run", f"there is no folder for temporary files ({error}): {where}") from error

    def remove(self) -> None:
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def bind(self, manifest: dict, task: str, spill) -> None:
        self._spill = spill
        for item in manifest.get("boundaryDatasets") or []:
            if item["storage"] == "spill" and task in (item["producer"], *item["consumers"]):
                self._names.append(item["name"])
        if self._names and spill is None:
            names = ", ".join(self._names)
            raise StepError("manifest", f"no spill location is set, and it would have to carry {names}")

    def add_to(self, catalog, written_names) -> None:
        """Under the names that the nodes use: `name@pandas` and `name@spark` are one dataset, and one in the plan."""
        for written in written_names:
            name = written.partition("@")[0]
            if name in self._names and is_in_memory(catalog, written):
                dataset = spill_dataset_class()(name, self)
                if hasattr(catalog, "__setitem__"):
                    catalog[written] = dataset
                else:
                    catalog.add(written, dataset, replace=True)

    def save(self, name: str, value) -> None:
        with phase("spill"):
            path = self.new_file(name)
            self.release(name)
            size, sha256 = write_pickle(name, value, path)
            self._put(name, path, size, sha256)

    def load(self, name: str):
        with phase("spill"):
            with open(self.file(name), "rb") as stream:
                return pickle.load(stream)

    def exists(self, name: str) -> bool:
        with phase("spill"):
            return name in self._files or self._spill.exists(self._key(name))

    def files_only(self) -> None:
        """What is spilled are files as programs write them, not pickles."""
        self._suffix = ""

    def new_file(self, name: str, place=None) -> str:
        """A path that is nobody else's, with the file's own name at the end: programs go by its suffix."""
        self._made += 1
        folder = os.path.join(self._scratch, str(self._made))
        os.mkdir(folder)
        return os.path.join(folder, os.path.basename(place or "") or plain_file_name(name))

    def has_file(self, name: str) -> bool:
        return name in self._files

    def hold(self, name: str, path: str) -> str:
        """Read again in this container, it need not be fetched."""
        self._files[name] = path
        return path

    def file(self, name: str) -> str:
        """The path of a value that another task, or a node before, has kept."""
        with phase("spill"):
            if name in self._files:
                return self._files[name]
            path = self.new_file(name)
            if not self._spill.get_file(self._key(name), path):
                raise StepError("spill", f"'{name}' is not at {self._spill.url_of(self._key(name))}")
            return self.hold(name, path)

    def keep_file(self, name: str, path: str) -> None:
        with phase("spill"):
            if name in self._names:
                self._put(name, path, os.path.getsize(path), sha256_of(path))
            else:
                self.hold(name, path)

    def _put(self, name: str, path: str, size: int, sha256: str) -> None:
        key = self._key(name)
        self.claim.check()
        self._spill.put_file(key, path, sha256)
        self.hold(name, path)
        self.written[name] = {"dataset": name, "url": self._spill.url_of(key), "bytes": size, "sha256": sha256}
        self.bytes_written += size

    def _key(self, name: str) -> str:
        return run_key(f"data/{urllib.parse.quote(name, safe='')}{self._suffix}")

    def release(self, name: str) -> None:
        """No node of this task wants it any more, and a container's disk is small."""
        path = self._files.pop(name, None)
        if path is not None:
            os.unlink(path)


def is_in_memory(catalog, name: str) -> bool:
    """False for what a hook of the project's has put there, which the plan could not know of: it stays."""
    from kedro import io

    if name not in catalog:
        return True
    dataset = catalog.get(name) if hasattr(catalog, "get") else catalog._get_dataset(name)
    return isinstance(dataset, getattr(io, "MemoryDataset", None) or io.MemoryDataSet)


def spill_dataset_class():
    from kedro import io

    class SpillDataset(getattr(io, "AbstractDataset", None) or io.AbstractDataSet):
        """In-memory data of another task's, kept under the run's spill location."""

        def __init__(self, name: str, values: SpilledValues):
            self._name = name
            self._values = values

        def _load(self):
            return self._values.load(self._name)

        def _save(self, data) -> None:
            self._values.save(self._name, data)

        def _exists(self) -> bool:
            return self._values.exists(self._name)

        def _release(self) -> None:
            self._values.release(self._name)

        def _describe(self) -> dict:
            return {"name": self._name}

    return SpillDataset


def plain_file_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "_", name).lstrip(".")[:200] or "file"


def write_pickle(name: str, value, path: str):
    """Plain pickle; cloudpickle, where the project has it, for what plain pickle cannot (lambdas, local classes).
    Returns size and SHA-256, counted while writing."""
    try:
        return dump_with(pickle.dump, value, path)
    except OSError:
        raise
    except Exception as error:  # pickling runs the user's code
        reason = error
    with contextlib.suppress(Exception):
        import cloudpickle

        return dump_with(cloudpickle.dump, value, path)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    raise StepError(
        "spill",
        f"'{name}' is a {kind}, which cannot be pickled to carry it to another task ({reason}). "
        "Give it a catalog entry, or put the nodes that share it into one task with --grouping",
        EXIT_USER,
    ) from reason


def dump_with(dump, value, path: str):
    with open(path, "wb") as stream:
        target = HashingWriter(stream)
        dump(value, target, protocol=5)
        return target.size, target.digest.hexdigest()


class HashingWriter:
    def __init__(self, stream):
        self._stream = stream
        self.size = 0
        self.digest = hashlib.sha256()

    def write(self, data) -> int:
        self.digest.update(data)
        self.size += memoryview(data).nbytes
        return self._stream.write(data)


# --- spill on disk ------------------------------------------------------------------------------------------------


def open_spill(url):
    if not url:
        return None
    scheme, _, rest = url.rstrip("/").partition("://")
    if scheme == "file":
        return FileSpill(url.rstrip("/"), urllib.parse.unquote(rest))
    if scheme == "s3":
        bucket, _, prefix = rest.partition("/")
        return S3Spill(url.rstrip("/"), bucket, prefix)
    raise ValueError(f"'{url}' is no location that this step can use: s3://… and file:///… are")


class FileSpill:
    """Keys below a folder. Written to a temporary file beside the target: a reader never sees half an object."""

    def __init__(self, url: str, folder: str):
        self._url, self._folder = url, folder

    def url_of(self, key: str) -> str:
        return f"{self._url}/{urllib.parse.quote(key)}"

    def get_bytes(self, key: str):
        try:
            with open(self._path(key), "rb") as stream:
                return stream.read()
        except FileNotFoundError:
            return None

    def get_file(self, key: str, path: str) -> bool:
        try:
            shutil.copyfile(self._path(key), path)
            return True
        except FileNotFoundError:
            return False

    def exists(self, key: str) -> bool:
        return os.path.isfile(self._path(key))

    def put_bytes(self, key: str, content: bytes) -> None:
        os.replace(self._temporary(key, content), self._path(key))

    def get_versioned(self, key: str):
        """Content, version, and seconds since it was written; None for what is absent."""
        content = self.get_bytes(key)
        if content is None:
            return None
        return content, hashlib.sha256(content).hexdigest(), time.time() - os.path.getmtime(self._path(key))

    def put_if_absent(self, key: str, content: bytes):
        """Its version; None where something is there already."""
        temporary = self._temporary(key, content)
        try:
            os.link(temporary, self._path(key))
            return hashlib.sha256(content).hexdigest()
        except FileExistsError:
            return None
        finally:
            os.unlink(temporary)

    def put_over(self, key: str, content: bytes, version: str):
        """Its version; None where what is there is not the version that it is to replace."""
        with open(f"{self._path(key)}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = self.get_versioned(key)
            if found is None or found[1] != version:
                return None
            self.put_bytes(key, content)
            return hashlib.sha256(content).hexdigest()

    def put_file(self, key: str, path: str, sha256: str) -> None:
        temporary = self._temporary(key, b"")
        shutil.copyfile(path, temporary)
        os.replace(temporary, self._path(key))

    def _temporary(self, key: str, content: bytes) -> str:
        folder = os.path.dirname(self._path(key))
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".wherry-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        return temporary

    def _path(self, key: str) -> str:
        return os.path.join(self._folder, key)


# --- spill on S3 --------------------------------------------------------------------------------------------------

# One PUT may have 5 GB, and a smaller part is cheaper to send again. S3 takes 10,000 parts.
PART_SIZE = 64 << 20
MOST_PARTS = 10_000
TRIES = 8
LONGEST_PAUSE = 10
# S3 closes a connection that was idle for a while; one of our own that was is not used again.
IDLE_SECONDS = 5
# Of the hosts of a partition, by the beginning of its regions' names; elsewhere amazonaws.com.
SUFFIXES = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
CERTIFICATES = "the image may lack ca-certificates; where TLS is inspected, AWS_CA_BUNDLE names a file of those to trust"


class S3Spill:
    """Keys below a prefix of a bucket. What is absent is None or False, never an error."""

    def __init__(self, url: str, bucket: str, prefix: str):
        self._url = url
        self._client = S3Client(bucket)
        self._prefix = f"{prefix}/" if prefix else ""

    def url_of(self, key: str) -> str:
        return f"{self._url}/{key}"

    def get_bytes(self, key: str):
        status, _, body = self._client.request("GET", self._prefix + key, fine=(404,))
        return None if status == 404 else body

    def get_file(self, key: str, path: str) -> bool:
        return self._client.request("GET", self._prefix + key, into=path, fine=(404,))[0] != 404

    def exists(self, key: str) -> bool:
        return self._client.request("HEAD", self._prefix + key, fine=(404,))[0] != 404

    def put_bytes(self, key: str, content: bytes) -> None:
        self._client.request("PUT", self._prefix + key, body=BytesBody(content))

    def get_versioned(self, key: str):
        status, headers, body = self._client.request("GET", self._prefix + key, fine=(404,))
        if status == 404:
            return None
        # Both instants by the clock of S3.
        written, asked = (email.utils.parsedate_to_datetime(headers[name]) for name in ("last-modified", "date"))
        return body, headers["etag"], (asked - written).total_seconds()

    def put_if_absent(self, key: str, content: bytes):
        return self._put_where(key, content, {"if-none-match": "*"}, fine=(412,))

    def put_over(self, key: str, content: bytes, version: str):
        return self._put_where(key, content, {"if-match": version}, fine=(404, 412))

    def _put_where(self, key: str, content: bytes, condition: dict, fine: tuple):
        # 412: another was first. (409, two at the same time, is worth another try.)
        body = BytesBody(content)
        status, headers, _ = self._client.request("PUT", self._prefix + key, body=body, headers=condition, fine=fine)
        return None if status in fine else headers["etag"]

    def put_file(self, key: str, path: str, sha256: str) -> None:
        size = os.path.getsize(path)
        with open(path, "rb") as stream:
            if size <= PART_SIZE:
                self._client.request("PUT", self._prefix + key, body=FileBody(stream, 0, size, sha256))
            else:
                self._put_parts(self._prefix + key, stream, size)

    def _put_parts(self, key: str, stream, size: int) -> None:
        part_size = max(PART_SIZE, -(-size // MOST_PARTS))
        _, _, started = self._client.request("POST", key, query={"uploads": ""})
        upload = between(started, "UploadId")
        try:
            tags = []
            for number, start in enumerate(range(0, size, part_size), start=1):
                part = FileBody(stream, start, min(part_size, size - start))
                query = {"partNumber": str(number), "uploadId": upload}
                _, headers, _ = self._client.request("PUT", key, query=query, body=part)
                tags.append(f"<Part><PartNumber>{number}</PartNumber><ETag>{headers['etag']}</ETag></Part>")
            whole = f"<CompleteMultipartUpload>{''.join(tags)}</CompleteMultipartUpload>"
            self._client.request("POST", key, query={"uploadId": upload}, body=BytesBody(whole.encode()))
        except BaseException:
            # Parts that were never put together are stored, and paid for, until someone removes them.
            with contextlib.suppress(Exception):
                self._client.request("DELETE", key, query={"uploadId": upload}, fine=(404,))
            raise


def between(xml: bytes, tag: str) -> str:
    found = re.search(f"<{tag}>(.*?)</{tag}>", xml.decode(errors="replace"), re.DOTALL)
    return found[1] if found else ""


class BytesBody:
    def __init__(self, content: bytes):
        self.size = len(content)
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._content = content

    def opened(self):
        return self._content


class FileBody:
    """A stretch of a file as the body of a request, read in blocks: parts are never held in memory."""

    def __init__(self, stream, start: int, size: int, sha256=None):
        self._stream, self._start, self.size = stream, start, size
        self.sha256 = sha256 or self._hash()

    def opened(self):
        self._stream.seek(self._start)
        self._left = self.size
        return self

    def read(self, amount: int) -> bytes:
        block = self._stream.read(min(amount, self._left))
        self._left -= len(block)
        return block

    def _hash(self) -> str:
        digest, blocks = hashlib.sha256(), self.opened()
        for block in iter(lambda: blocks.read(1 << 20), b""):
            digest.update(block)
        return digest.hexdigest()


NOTHING = BytesBody(b"")


class S3Client:
    """Requests to one bucket, signed with Signature Version 4, tried again on what passes by itself."""

    def __init__(self, bucket: str):
        self._bucket = bucket
        self._region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        self._endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        self._credentials = Credentials()
        self._connection = None
        self._used = 0.0

    def request(self, method, key, query=None, headers=None, body=NOTHING, into=None, fine=()):
        """Returns status, headers and body; raises OSError for a status that is neither success nor `fine`."""
        for attempt in range(1, TRIES + 1):
            try:
                status, found, answer = self._send(method, key, query or {}, headers or {}, body, into)
            except (OSError, http.client.HTTPException) as error:
                trouble, passes = f"failed: {type(error).__name__}: {error}", passes_by_itself(error)
                if isinstance(error, ssl.SSLCertVerificationError):
                    trouble += f" ({CERTIFICATES})"
            else:
                # S3 may answer 200 to the completion of an upload and say in the body that it failed.
                code = between(answer, "Code") if status >= 300 or b"<Error>" in answer[:200] else ""
                if (status < 300 and not code) or status in fine:
                    return status, found, answer
                trouble = f"answered {status} {code}: {between(answer, 'Message')}".rstrip(": ")
                passes = self._passes(status, code, found)
            if not passes:
                break
            if attempt < TRIES:
                time.sleep(random.uniform(0.5, 1) * min(LONGEST_PAUSE, 0.2 * 2**attempt))
        if trouble.startswith("answered 403"):
            trouble += " (S3 says so of an object that is not there, too, where the role lacks s3:ListBucket)"
        raise (S3Unavailable if passes else OSError)(f"{method} s3://{self._bucket}/{key} {trouble}")

    def _passes(self, status: int, code: str, headers: dict) -> bool:
        region = headers.get("x-amz-bucket-region")
        if region and region != self._region:
            self._region = region
            return True
        if code in ("ExpiredToken", "TokenRefreshRequired"):
            self._credentials.forget()
            return True
        # 409 is the answer to two conditional puts at the same time.
        # KMS, where it encrypts the bucket, says ThrottlingException with 400.
        return status in (200, 408, 409, 429) or status >= 500 or bool(re.search("SlowDown|RequestTimeout|Throttl", code))

    def _send(self, method, key, query, headers, body, into):
        secure, host, path = self._address(key)
        text = "&".join(f"{quoted(name)}={quoted(value)}" for name, value in sorted(query.items()))
        signed = self._sign(method, host, path, text, headers, body)
        connection = self._connect(secure, host)
        try:
            connection.request(method, f"{path}?{text}" if text else path, body=body.opened(), headers=signed)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            # Where the connection broke in the answer's head, Python's HTTP client sees an empty body.
            if method == "GET" and response.status == 200 and response.length is None and not response.chunked:
                raise OSError("the answer was cut off")
            if into is not None and response.status == 200:
                receive(response, into, found)
                answer = b""
            else:
                answer = response.read()
        except BaseException:
            self._connection = None
            connection.close()
            raise
        self._used = time.monotonic()
        return response.status, found, answer

    def _connect(self, secure: bool, host: str):
        is_fresh = self._connection is not None and time.monotonic() - self._used < IDLE_SECONDS
        if not is_fresh or self._connection.wherry_host != host:
            if self._connection is not None:
                self._connection.close()
            options = {"timeout": 60, "blocksize": 1 << 18}
            if secure:
                self._connection = https_connection(host, **options)
            else:
                self._connection = http.client.HTTPConnection(host, **options)
            self._connection.wherry_host = host
        return self._connection

    def _address(self, key: str):
        path = quoted(key, "/")
        if self._endpoint:
            parts = urllib.parse.urlsplit(self._endpoint)
            return parts.scheme == "https", parts.netloc, f"{parts.path.rstrip('/')}/{self._bucket}/{path}"
        fips, dual = (os.environ.get(f"AWS_USE_{kind}_ENDPOINT", "").lower() == "true" for kind in ("FIPS", "DUALSTACK"))
        service = f"s3{'-fips' * fips}{'.dualstack' * dual}"
        host = f"{service}.{self._region}.{SUFFIXES.get(self._region.split('-')[0], 'amazonaws.com')}"
        if "." in self._bucket:  # A dot in the name does not fit AWS's certificate.
            return True, host, f"/{self._bucket}/{path}"
        return True, f"{self._bucket}.{host}", f"/{path}"

    def _sign(self, method, host, path, query, headers, body) -> dict:
        """AWS Signature Version 4 (IAM User Guide, "Create a signed AWS API request")."""
        access, secret, token = self._credentials.get()
        stamp = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        signed = {"host": host, "x-amz-date": stamp, "x-amz-content-sha256": body.sha256, **headers}
        if token:
            signed["x-amz-security-token"] = token
        names = ";".join(sorted(signed))
        lines = "".join(f"{name}:{signed[name]}\n" for name in sorted(signed))
        canonical = "\n".join([method, path, query, lines, names, body.sha256])
        scope = f"{stamp[:8]}/{self._region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = f"AWS4{secret}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        who = f"Credential={access}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
        return {**signed, "authorization": f"AWS4-HMAC-SHA256 {who}", "content-length": str(body.size)}


def passes_by_itself(error: Exception) -> bool:
    """A network's trouble does; a disk's, a file's and a certificate's do not."""
    if isinstance(error, (ssl.SSLCertVerificationError, FileNotFoundError, PermissionError)):
        return False
    return getattr(error, "errno", None) not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def https_connection(host: str, **options):
    """As the AWS CLI's: with the certificates of AWS_CA_BUNDLE, through HTTPS_PROXY but for the hosts of NO_PROXY."""
    bundle = os.environ.get("AWS_CA_BUNDLE") or None
    try:
        options["context"] = ssl.create_default_context(cafile=bundle)
    except OSError as error:
        raise StepError("spill", f"the certificates of AWS_CA_BUNDLE ({bundle}) cannot be read: {error}") from error
    proxy = urllib.request.getproxies_environment().get("https")
    if not proxy or urllib.request.proxy_bypass_environment(host):
        return http.client.HTTPSConnection(host, **options)
    parts = urllib.parse.urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    connection = http.client.HTTPSConnection(parts.hostname, parts.port or 80, **options)
    who = urllib.parse.unquote(f"{parts.username}:{parts.password or ''}").encode()
    headers = {"Proxy-Authorization": f"Basic {base64.b64encode(who).decode()}"} if parts.username else {}
    connection.set_tunnel(host, headers=headers)
    return connection


def quoted(text: str, safe: str = "") -> str:
    return urllib.parse.quote(text, safe=f"{safe}-_.~")


def receive(response, path: str, headers: dict) -> None:
    """Python's HTTP client is silent about a connection that closes early, so the bytes are counted."""
    with open(path, "wb") as stream:
        shutil.copyfileobj(response, stream, 1 << 20)
        expected = headers.get("content-length")
        if expected is not None and stream.tell() != int(expected):
            raise OSError(f"{stream.tell()} of {expected} bytes came")


class Credentials:
    """The task role's, from the container's credentials endpoint and renewed in time; else the environment's."""

    def __init__(self):
        self._found = None
        self._until = 0.0

    def get(self):
        if self._found is None or time.time() > self._until:
            self._found, self._until = self._fetch()
        return self._found

    def forget(self) -> None:
        self._found = None

    def _fetch(self):
        relative, full = (os.environ.get(f"AWS_CONTAINER_CREDENTIALS_{kind}_URI") for kind in ("RELATIVE", "FULL"))
        if not relative and not full:
            access, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
            if not access or not secret:
                raise StepError("spill", "there are no AWS credentials: does the task definition have a task role?")
            return (access, secret, os.environ.get("AWS_SESSION_TOKEN")), float("inf")
        # The address of the endpoint on ECS: Amazon ECS Developer Guide, "Task IAM role".
        url = urllib.parse.urlsplit(f"http://169.254.170.2{relative}" if relative else full)
        connect = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = connect(url.netloc, timeout=10)
        try:
            connection.request("GET", f"{url.path}?{url.query}" if url.query else url.path, headers=authorization())
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise OSError(f"the container's credentials endpoint: {type(error).__name__}: {error}") from error
        finally:
            connection.close()
        if response.status != 200:
            kind = OSError if response.status >= 500 or response.status == 429 else PermissionError
            raise kind(f"the container's credentials endpoint answered {response.status}")
        found = json.loads(content)
        expires = calendar.timegm(time.strptime(found["Expiration"][:19], "%Y-%m-%dT%H:%M:%S"))
        return (found["AccessKeyId"], found["SecretAccessKey"], found.get("Token")), expires - 300


def authorization() -> dict:
    token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN")
    file = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if file:
        token = pathlib.Path(file).read_text().strip()
    return {"Authorization": token} if token else {}


if __name__ == "__main__":
    sys.exit(main())
