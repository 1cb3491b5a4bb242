"""What a description was made from, so that it need not be made again while all of that is as it was (PROTOCOL.md,
section 1, `inputs`). Standard library only."""

import functools
import hashlib
import importlib.util
import os
import pathlib
import re
import site
import stat
import sys
import sysconfig
import threading

# What is behind these cannot be looked at again.
BEYOND = {
    *("os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen", "sqlite3.connect"),
    *("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendmsg", "socket.sendto"),
}
# They go through all variables in search of names that begin in one way: the way, or the local variable that has it.
LOOK_FOR_PREFIX = {"fsspec.config": "FSSPEC_", "dynaconf.loaders.env_loader": lambda names: names["env_"]}
# A larger file that Python may not open is known by its date.
LARGE = 1 << 24
NOT_FOLLOWED = ("/proc/", "/sys/", "/dev/")
# Made by reading, or by Wherry.
NOT_LISTED = ("__pycache__", ".wherry")
look = os.stat


class Inputs:
    """Paths, each in the aspect that was seen, with a fingerprint of what was there then; and names of variables."""

    def __init__(self):
        self.paths, self.variables, self.is_whole = {}, set(), True
        self._made = set()
        self._own = threading.local()
        self._standard = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib")})
        self._heard = {
            "open": self._open,
            "os.listdir": lambda path: self._see("names", path),
            "os.scandir": lambda path: self._see("names", path),
            "os.mkdir": lambda path, *_: self._make(path),
        }

    def record(self) -> None:
        """From now on, all that this process asks of files and variables."""
        self._environment()
        recorder = self

        class Environ(type(os.environ)):
            def __getitem__(self, name):
                # As it makes a dict of them all.
                if caller().f_globals.get("__name__") != "fsspec.config":
                    recorder.variables.add(os.fsdecode(name))
                return super().__getitem__(name)

            def __iter__(self):
                recorder._iterate()
                return super().__iter__()

            def items(self):
                recorder._iterate()
                return {name: super(Environ, self).__getitem__(name) for name in super().__iter__()}.items()

        os.environ.__class__ = os.environb.__class__ = Environ
        for name in ("stat", "lstat", "access"):
            self._watch(name)
        sys.addaudithook(self._hear)

    def tree(self, folder, apart_from=r"$^") -> None:
        """All files below a folder: code that is not Python's reads them unheard."""
        for parent, folders, files in os.walk(str(folder)):
            folders[:] = [name for name in folders if name not in NOT_LISTED]
            for name in files:
                path = os.path.join(parent, name)
                if not re.match(apart_from, name):
                    self._see("changed" if is_large(path) else "content", path)

    def described(self) -> dict:
        return {
            # Copies: threads of the project's may still be at work.
            "paths": dict(self.paths),
            "variables": sorted(set(self.variables)),
            "executable": sys.executable,
            "isWhole": self.is_whole,
        }

    def _environment(self) -> None:
        """The interpreter and what is installed: by the names and dates of the distributions, not by their files."""
        here = os.path.dirname(os.path.abspath(__file__))
        requirements = [name for name in os.listdir() if name.startswith("requirements")]
        settings = os.path.join(sys.prefix, "pyvenv.cfg")
        own = [os.path.join(here, name) for name in ("describe.py", "describe_packages.py")]
        for path in (__file__, *own, settings, *requirements):
            self._note("content", os.path.abspath(path))
        self._note("changed", os.path.abspath(sys.executable))
        folders = {path for path in sys.path if is_installed(path + os.sep)} | set(site.getsitepackages())
        for folder in folders | ({site.getusersitepackages()} if site.ENABLE_USER_SITE else set()):
            self._note("names", folder)
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                if name.endswith((".dist-info", ".egg-info")):
                    self._note("changed", os.path.join(folder, name))
                elif name.endswith((".pth", ".egg-link")) or name.startswith(("__editable__", "sitecustomize")):
                    self._note("content", os.path.join(folder, name))

    def _hear(self, event: str, arguments) -> None:
        """The audit hook. What it raised would be raised in the project."""
        if event in BEYOND:
            self.is_whole = False
        heard = self._heard.get(event)
        if heard is not None:
            try:
                heard(*arguments)
            except Exception:
                self.is_whole = False

    def _open(self, path, mode, flags) -> None:
        if flags & (os.O_TRUNC | os.O_EXCL):
            self._make(path)
        # What C opens has no flags.
        elif flags & os.O_ACCMODE != os.O_WRONLY and (flags or str(mode)[:1] not in ("w", "a")):
            self._see("content", path)

    def _make(self, path) -> None:
        """What this process makes is no input of it."""
        if isinstance(path, (str, bytes, os.PathLike)):
            path = os.path.abspath(os.fsdecode(path))
            if fingerprint("kind", path) == "absent":
                self._made.add(path)

    def _watch(self, name: str) -> None:
        """Audit hooks hear of no `exists`: a file that is looked for and not there yet would go unnoticed."""
        original = getattr(os, name)

        @functools.wraps(original)
        def watched(path, *arguments, **options):
            if options.get("dir_fd") is None:
                self._see("kind", path)
            return original(path, *arguments, **options)

        setattr(os, name, watched)
        for group in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks, os.supports_effective_ids):
            if original in group:
                group.add(watched)
        # Until Python 3.10 pathlib kept functions of its own.
        accessor = getattr(pathlib, "_NormalAccessor", None)
        if hasattr(accessor, name):
            setattr(accessor, name, staticmethod(watched))

    def _see(self, aspect: str, path) -> None:
        if getattr(self._own, "is_busy", False) or not isinstance(path, (str, bytes, os.PathLike, type(None))):
            return
        self._own.is_busy = True
        try:
            path = os.path.abspath(os.fsdecode(path or "."))
            if path.endswith(".pyc") and "__pycache__" in path:
                path = importlib.util.source_from_cache(path)
            if not is_installed(path) and not path.startswith(self._standard + NOT_FOLLOWED):
                self._note(aspect, path)
        finally:
            self._own.is_busy = False

    def _note(self, aspect: str, path: str) -> None:
        key = f"{aspect}:{path}"
        if key not in self.paths and path not in self._made:
            self.paths[key] = fingerprint(aspect, path)

    def _iterate(self) -> None:
        """Whoever goes through all variables may want any of them."""
        frame = caller(beyond=("os", "collections.abc", __name__))
        prefix = LOOK_FOR_PREFIX.get(frame.f_globals.get("__name__"), "")
        self.variables.add((prefix if isinstance(prefix, str) else prefix(frame.f_locals)) + "*")


def caller(beyond=(__name__,)):
    """The frame that called into this module."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__") in beyond:
        frame = frame.f_back
    return frame


def is_large(path: str) -> bool:
    try:
        return look(path).st_size >= LARGE
    except OSError:
        return False


def is_installed(path: str) -> bool:
    return re.search(r"/(site|dist)-packages/", path) is not None


def fingerprint(aspect: str, path: str) -> str:
    """What a path is like now. Wherry computes the same: src/store/fingerprint.ts."""
    try:
        status = look(path)
        if aspect == "changed":
            return str(status.st_mtime_ns)
        if aspect == "names":
            with os.scandir(path) as entries:
                names = [os.fsencode(entry.name) + b"/" * entry.is_dir(follow_symlinks=False) for entry in entries]
            listed = sorted(name for name in names if os.fsdecode(name.rstrip(b"/")) not in NOT_LISTED)
            return hashlib.sha256(b"\n".join(listed)).hexdigest()
        if stat.S_ISDIR(status.st_mode):
            return "folder"
        if not stat.S_ISREG(status.st_mode):
            return "other"
        if aspect == "kind":
            return "file"
        with open(path, "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest()
    except (OSError, ValueError):
        return "absent"
