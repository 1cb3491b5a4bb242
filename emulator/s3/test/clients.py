"""Holds the S3 server against boto3 and s3fs. Prints one JSON line a check: {"check", "error"}, error null when it held."""

import hashlib
import io
import json
import os
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import boto3
import s3fs
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

BUCKET = "clients-bucket"
REGION = os.environ["AWS_DEFAULT_REGION"]
MIB = 1024 * 1024
s3 = boto3.client("s3", config=Config(max_pool_connections=32))


def content(size: int) -> bytes:
    block = hashlib.sha256(str(size).encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def status(error: ClientError) -> int:
    return error.response["ResponseMetadata"]["HTTPStatusCode"]


def boto3_reads_back_what_it_put():
    s3.put_object(Bucket=BUCKET, Key="put/ä b+c.txt", Body=b"hello", ContentType="text/x", Metadata={"a_b": "1", "c": "2"})
    got = s3.get_object(Bucket=BUCKET, Key="put/ä b+c.txt")
    assert got["Body"].read() == b"hello"
    assert (got["ContentType"], got["Metadata"]) == ("text/x", {"a_b": "1", "c": "2"}), got
    assert got["ETag"] == f'"{hashlib.md5(b"hello").hexdigest()}"'


def boto3_reads_ranges():
    s3.put_object(Bucket=BUCKET, Key="range", Body=b"0123456789")
    for wanted, expected in {"bytes=2-4": b"234", "bytes=7-": b"789", "bytes=-2": b"89", "bytes=8-99": b"89"}.items():
        got = s3.get_object(Bucket=BUCKET, Key="range", Range=wanted)
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        assert got["Body"].read() == expected, wanted
    try:
        s3.get_object(Bucket=BUCKET, Key="range", Range="bytes=10-")
        raise AssertionError("a range behind the end was answered")
    except ClientError as error:
        assert status(error) == 416


def boto3_carries_100_mb_in_one_put():
    body = content(100 * MIB)
    s3.put_object(Bucket=BUCKET, Key="large/one", Body=body)
    assert s3.head_object(Bucket=BUCKET, Key="large/one")["ContentLength"] == len(body)
    assert hashlib.sha256(s3.get_object(Bucket=BUCKET, Key="large/one")["Body"].read()).digest() == hashlib.sha256(body).digest()


def boto3_carries_100_mb_in_parts():
    body = content(100 * MIB)
    s3.upload_fileobj(io.BytesIO(body), BUCKET, "large/parts", Config=TransferConfig(multipart_threshold=8 * MIB))
    assert s3.head_object(Bucket=BUCKET, Key="large/parts")["ETag"].endswith('-13"')
    got = io.BytesIO()
    s3.download_fileobj(BUCKET, "large/parts", got)
    assert got.getvalue() == body


def boto3_gets_404_after_delete():
    s3.put_object(Bucket=BUCKET, Key="gone", Body=b"1")
    s3.delete_object(Bucket=BUCKET, Key="gone")
    try:
        s3.head_object(Bucket=BUCKET, Key="gone")
        raise AssertionError("a deleted object has a HEAD")
    except ClientError as error:
        assert status(error) == 404


def boto3_deletes_in_bulk_and_lists_pages():
    keys = [f"many/{index:04}" for index in range(250)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=BUCKET, Key=key, Body=b""), keys))
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="many/", PaginationConfig={"PageSize": 100})
    found = [[item["Key"] for item in page["Contents"]] for page in pages]
    assert [len(page) for page in found] == [100, 100, 50], [len(page) for page in found]
    assert sum(found, []) == keys
    s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": key} for key in keys]})
    assert s3.list_objects_v2(Bucket=BUCKET, Prefix="many/")["KeyCount"] == 0


def boto3_lists_folders_by_delimiter():
    for key in ("tree/a", "tree/b/c", "tree/b/d", "tree/e"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"")
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="tree/", Delimiter="/")
    assert [item["Key"] for item in listed["Contents"]] == ["tree/a", "tree/e"]
    assert [item["Prefix"] for item in listed["CommonPrefixes"]] == ["tree/b/"]


def of_16_puts_with_if_none_match_one_wins():
    # Bodies that take a while to sum up: the time between looking and writing is what must be closed.
    bodies = [bytes([number]) * MIB for number in range(16)]
    for round_ in range(5):
        start = threading.Barrier(16)

        def wins(body: bytes) -> bool:
            start.wait()
            try:
                s3.put_object(Bucket=BUCKET, Key=f"claim/{round_}", Body=body, IfNoneMatch="*")
                return True
            except ClientError as error:
                assert status(error) == 412, error
                return False

        with ThreadPoolExecutor(16) as pool:
            winners = [body for body, won in zip(bodies, pool.map(wins, bodies)) if won]
        assert len(winners) == 1, f"{len(winners)} of 16 won"
        assert s3.get_object(Bucket=BUCKET, Key=f"claim/{round_}")["Body"].read() == winners[0]


def a_put_with_if_match_needs_the_etag():
    etag = s3.put_object(Bucket=BUCKET, Key="match", Body=b"1")["ETag"]
    s3.put_object(Bucket=BUCKET, Key="match", Body=b"2", IfMatch=etag)
    try:
        s3.put_object(Bucket=BUCKET, Key="match", Body=b"3", IfMatch=etag)
        raise AssertionError("an old ETag was accepted")
    except ClientError as error:
        assert status(error) == 412


def s3fs_works_as_a_file_system():
    fs = s3fs.S3FileSystem()
    # Outside us-east-1 S3 wants the region said, and s3fs says it only when told.
    fs.mkdir("s3fs-bucket", region_name=REGION)
    with fs.open("s3fs-bucket/deep/er/file.txt", "wt") as file:
        file.write("line\n" * 1000)
    with fs.open("s3fs-bucket/deep/er/file.txt", "rt") as file:
        assert file.read() == "line\n" * 1000
    assert fs.info("s3fs-bucket/deep/er/file.txt")["size"] == 5000
    assert fs.cat_file("s3fs-bucket/deep/er/file.txt", start=5, end=9) == b"line"
    fs.copy("s3fs-bucket/deep/er/file.txt", "s3fs-bucket/copy.txt")
    assert sorted(fs.find("s3fs-bucket")) == ["s3fs-bucket/copy.txt", "s3fs-bucket/deep/er/file.txt"]
    fs.invalidate_cache()
    fs.rm("s3fs-bucket/deep", recursive=True)
    assert fs.ls("s3fs-bucket", refresh=True) == ["s3fs-bucket/copy.txt"]
    fs.rm("s3fs-bucket", recursive=True)
    assert not fs.exists("s3fs-bucket/copy.txt")


def s3fs_carries_120_mb():
    fs = s3fs.S3FileSystem()
    body = content(120 * MIB)
    with fs.open(f"{BUCKET}/large/s3fs", "wb") as file:
        file.write(body)
    with fs.open(f"{BUCKET}/large/s3fs", "rb") as file:
        file.seek(110 * MIB)
        assert file.read(1000) == body[110 * MIB : 110 * MIB + 1000]
    assert fs.cat_file(f"{BUCKET}/large/s3fs") == body


CHECKS = [
    boto3_reads_back_what_it_put,
    boto3_reads_ranges,
    boto3_carries_100_mb_in_one_put,
    boto3_carries_100_mb_in_parts,
    boto3_gets_404_after_delete,
    boto3_deletes_in_bulk_and_lists_pages,
    boto3_lists_folders_by_delimiter,
    of_16_puts_with_if_none_match_one_wins,
    a_put_with_if_match_needs_the_etag,
    s3fs_works_as_a_file_system,
    s3fs_carries_120_mb,
]


def main() -> None:
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    for check in CHECKS:
        try:
            check()
            error = None
        except Exception:
            error = traceback.format_exc()
        print(json.dumps({"check": check.__name__, "error": error}), flush=True)


if __name__ == "__main__":
    main()
