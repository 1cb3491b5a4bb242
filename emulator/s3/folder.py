"""Keeps moto's S3 objects as plain files: `<folder>/<bucket>/<key>`.

An object's bytes live in its file alone: once written, moto's in-memory buffer is replaced by one that reads the
file. What a file cannot say (ETag, content type, user metadata, tags, checksums) is a line in `.index.jsonl`, which is
appended to while running and rewritten at start. A bucket name begins with a letter or digit, so the two entries that
begin with a dot are never buckets. A file without a line, or changed since, is served as a new object.
"""

import contextlib
import json
import os
import re
import tempfile
from datetime import datetime, timezone
from typing import Any, Iterator

from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.exceptions import MissingKey
from moto.s3.models import FakeKey, S3Backend, s3_backends

# `%2F` cannot come from a key's own characters, so it serves as a mark: alone it is an empty segment ("a//b", "a/"),
# at the end of a file's name it says that a folder of the plain name is there too (keys "a" and "a/b").
SLASH = "%2F"
# At the end of a folder's name: the segment goes on, it was longer than a file system allows.
MORE = "%2B"
LONGEST = 240


class ObjectFile:
    """A file-like object over the file of one S3 object, as much of one as moto's keys use."""

    def __init__(self, folder: "Folder", bucket: str, key: str):
        self.folder, self.bucket, self.key = folder, bucket, key
        self.position = 0

    def seek(self, position: int) -> None:
        self.position = position

    def read(self, size: int = -1) -> bytes:
        try:
            with open(self.folder.locate(self.bucket, self.key), "rb") as file:
                file.seek(self.position)
                content = file.read(size)
        except FileNotFoundError:
            # Somebody removed the file behind our back: then the object is not there.
            raise MissingKey(key=self.key) from None
        self.position += len(content)
        return content

    def close(self) -> None:
        """Nothing is held open between reads."""


class Folder:
    def __init__(self, root: str, region: str):
        self.root = root
        self.backend: S3Backend = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
        self.index_path = os.path.join(root, ".index.jsonl")
        self.partial = os.path.join(root, ".partial")
        os.makedirs(self.partial, exist_ok=True)
        for name in os.listdir(self.partial):
            os.unlink(os.path.join(self.partial, name))
        self.load(region)
        self.index = self.rewrite_index()

    # --- from disk to moto, at start ---

    def load(self, region: str) -> None:
        known = self.read_index()
        for name in sorted(os.listdir(self.root)):
            if name.startswith(".") or not os.path.isdir(os.path.join(self.root, name)):
                continue
            kept = known.get((name, ""), {})
            bucket = self.backend.create_bucket(name, kept.get("region", region))
            if "created" in kept:
                bucket.creation_date = datetime.fromisoformat(kept["created"])
            for key, path in self.files(name):
                self.load_object(name, key, path, known.get((name, key)))

    def load_object(self, bucket: str, name: str, path: str, kept: dict[str, Any] | None) -> None:
        stat = os.stat(path)
        if kept and (kept["size"], kept["mtime"]) != (stat.st_size, stat.st_mtime_ns):
            kept = None
        key = self.backend.put_object(bucket, name, b"", disable_notification=True)
        key._value_buffer = ObjectFile(self, bucket, name)
        key.contentsize = stat.st_size
        key.last_modified = datetime.fromtimestamp(stat.st_mtime, timezone.utc).replace(tzinfo=None)
        if not kept:
            return
        key._etag = kept["etag"]
        key.last_modified = datetime.fromisoformat(kept["modified"])
        key.set_metadata(kept["metadata"])
        key.set_storage_class(kept["storageClass"])
        key.checksum_algorithm, key.checksum_value, key.checksum_type, key.checksum_parts = kept["checksum"]
        if kept["tags"]:
            self.backend.put_object_tagging(key, kept["tags"])

    def files(self, bucket: str) -> Iterator[tuple[str, str]]:
        top = os.path.join(self.root, bucket)
        for directory, _, names in os.walk(top, followlinks=True):
            inner = os.path.relpath(directory, top)
            parts = [] if inner == "." else inner.split(os.sep)
            for name in names:
                yield key_of([*parts, name]), os.path.join(directory, name)

    # --- from moto to disk, after each request that changed something ---

    def keep(self, bucket: str, key: str) -> None:
        """Makes the disk say what moto says of this object, or of the whole bucket when there is no key."""
        path = os.path.join(self.root, bucket)
        if bucket not in self.backend.buckets:
            if bucket and os.path.isdir(path):
                self.remove_bucket(bucket)
            return
        if not os.path.isdir(path):
            os.makedirs(path)
            self.write_index(self.bucket_line(bucket))
        if key:
            self.keep_object(bucket, key)
        else:
            for name, _ in list(self.files(bucket)):
                if not isinstance(self.backend.buckets[bucket].keys.get(name), FakeKey):
                    self.keep_object(bucket, name)

    def forget_if_missing(self, bucket: str, key: str) -> None:
        """An object whose file somebody removed is gone; without this it would still have a HEAD."""
        kept = self.backend.buckets[bucket].keys.get(key) if bucket in self.backend.buckets else None
        if isinstance(kept, FakeKey) and isinstance(kept._value_buffer, ObjectFile):
            if not os.path.isfile(self.locate(bucket, key)):
                self.backend.buckets[bucket].keys.pop(key)

    def discard(self, bucket: str, key: str) -> None:
        """Forgets an object that cannot be kept; it may be on the way still."""
        if bucket in self.backend.buckets and key in self.backend.buckets[bucket].keys:
            self.backend.buckets[bucket].keys.pop(key)
        with contextlib.suppress(OSError):
            for name in os.listdir(self.partial):
                os.unlink(os.path.join(self.partial, name))

    def keep_object(self, bucket: str, name: str) -> None:
        versions = self.backend.buckets[bucket].keys.getlist(name, [])
        # Only the newest version has the file; older ones that did keep their bytes in memory.
        for version in versions[:-1]:
            if isinstance(version, FakeKey) and isinstance(version._value_buffer, ObjectFile):
                buffer = tempfile.SpooledTemporaryFile(version._max_buffer_size)
                buffer.write(version.value)
                version._value_buffer = buffer
        key = versions[-1] if versions else None
        if not isinstance(key, FakeKey):
            self.remove_object(bucket, name)
            return
        if not isinstance(key._value_buffer, ObjectFile):
            self.write_object(bucket, key)
        self.write_index(self.object_line(bucket, key))

    def write_object(self, bucket: str, key: FakeKey) -> None:
        key.etag  # moto computes it when it is first asked, which must be while the bytes are at hand
        path = self.make_room(bucket, key.name)
        handle, partial = tempfile.mkstemp(dir=self.partial)
        with os.fdopen(handle, "wb") as file:
            file.write(key.value)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
        key._value_buffer.close()
        key._value_buffer = ObjectFile(self, bucket, key.name)
        if key.multipart:
            key.multipart.dispose()

    def remove_object(self, bucket: str, name: str) -> None:
        path = self.locate(bucket, name)
        with contextlib.suppress(FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError):
            os.unlink(path)
            self.write_index({"bucket": bucket, "key": name, "gone": True})
        self.remove_empty_folders(bucket, os.path.dirname(path))

    def remove_empty_folders(self, bucket: str, directory: str) -> None:
        top = os.path.join(self.root, bucket)
        with contextlib.suppress(OSError):
            while directory != top:
                os.rmdir(directory)
                directory = os.path.dirname(directory)

    def remove_bucket(self, bucket: str) -> None:
        for directory, _, names in os.walk(os.path.join(self.root, bucket), topdown=False):
            for name in names:
                os.unlink(os.path.join(directory, name))
            os.rmdir(directory)
        self.write_index({"bucket": bucket, "key": "", "gone": True})

    # --- where an object's file is ---

    def locate(self, bucket: str, key: str) -> str:
        plain = os.path.join(self.root, bucket, *path_of(key))
        return plain + SLASH if os.path.lexists(plain + SLASH) or os.path.isdir(plain) else plain

    def make_room(self, bucket: str, key: str) -> str:
        """The path to write to, its folders made; a file where a folder must be is moved aside under its mark."""
        directory = os.path.join(self.root, bucket)
        for part in path_of(key)[:-1]:
            directory = os.path.join(directory, part)
            if os.path.isfile(directory):
                os.replace(directory, directory + SLASH)
            if not os.path.isdir(directory):
                os.mkdir(directory)
        return self.locate(bucket, key)

    # --- the index ---

    def read_index(self) -> dict[tuple[str, str], dict[str, Any]]:
        known: dict[tuple[str, str], dict[str, Any]] = {}
        with contextlib.suppress(FileNotFoundError), open(self.index_path, encoding="utf-8") as lines:
            for line in lines:
                with contextlib.suppress(ValueError):  # the last line may be cut short
                    entry = json.loads(line)
                    known[entry["bucket"], entry["key"]] = entry
        return {place: entry for place, entry in known.items() if not entry.get("gone")}

    def rewrite_index(self):
        partial = os.path.join(self.partial, "index")
        with open(partial, "w", encoding="utf-8") as index:
            for name, bucket in self.backend.buckets.items():
                index.write(json.dumps(self.bucket_line(name)) + "\n")
                for key in bucket.keys:
                    index.write(json.dumps(self.object_line(name, bucket.keys[key])) + "\n")
        os.replace(partial, self.index_path)
        return open(self.index_path, "a", encoding="utf-8")

    def write_index(self, entry: dict[str, Any]) -> None:
        self.index.write(json.dumps(entry) + "\n")
        self.index.flush()

    def bucket_line(self, name: str) -> dict[str, Any]:
        bucket = self.backend.buckets[name]
        return {"bucket": name, "key": "", "region": bucket.region_name, "created": bucket.creation_date.isoformat()}

    def object_line(self, bucket: str, key: FakeKey) -> dict[str, Any]:
        stat = os.stat(self.locate(bucket, key.name))
        return {
            "bucket": bucket,
            "key": key.name,
            "size": stat.st_size,
            "mtime": stat.st_mtime_ns,
            "etag": key.etag.strip('"'),
            "modified": key.last_modified.isoformat(),
            "metadata": dict(key.metadata),
            "storageClass": key.storage_class,
            "checksum": [key.checksum_algorithm, key.checksum_value, key.checksum_type, key.checksum_parts],
            "tags": self.backend.tagger.get_tag_dict_for_resource(key.arn),
        }

    def close(self) -> None:
        self.index.close()


def path_of(key: str) -> list[str]:
    """The key as the names of folders and, last, of a file; only what a file system cannot hold is encoded."""
    *folders, file = key.split("/")
    parts: list[str] = []
    for segment in folders:
        parts.extend(pieces(segment))
    return [*parts, *pieces(file)]


def pieces(segment: str) -> list[str]:
    """One segment as one name, or as several when it is too long for one."""
    if segment == "":
        return [SLASH]
    # A percent sign is encoded only where it would read as one of our own escapes.
    rest = re.sub(r"%(?=25|00|2E|2F|2B)", "%25", segment).replace("\0", "%00")
    names = []
    while len(rest.encode()) > LONGEST:
        head = rest.encode()[:LONGEST].decode("utf-8", "ignore")
        head = re.sub(r"%.?$", "", head)  # an escape is not cut in two
        names.append(head + MORE)
        rest = rest[len(head) :]
    return [*names, rest.replace(".", "%2E") if rest in (".", "..") else rest]


def key_of(parts: list[str]) -> str:
    """The key of a file at this path below its bucket: `path_of` backwards, marks included."""
    *folders, file = parts
    key = ""
    for part in folders:
        if part == SLASH:
            key += "/"
        elif part.endswith(MORE):
            key += decoded(part.removesuffix(MORE))
        else:
            key += decoded(part) + "/"
    while file.endswith(SLASH):
        file = file.removesuffix(SLASH)
    return key + decoded(file)


def decoded(name: str) -> str:
    if name in ("%2E", "%2E%2E"):
        return name.replace("%2E", ".")
    return name.replace("%00", "\0").replace("%25", "%")
