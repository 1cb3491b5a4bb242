import unittest
from concurrent.futures import ThreadPoolExecutor

from botocore.exceptions import ClientError
from support import shared

aws = shared()
FOLDER = aws.state / "s3"
BUCKET = "files"


class S3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})

    def test_s3_conditional_put(self):
        def put(number):
            try:
                aws.s3.put_object(Bucket=BUCKET, Key="claim", Body=str(number), IfNoneMatch="*")
                return 200
            except ClientError as error:
                return error.response["ResponseMetadata"]["HTTPStatusCode"]

        with ThreadPoolExecutor(8) as pool:
            self.assertEqual(sorted(pool.map(put, range(8))), [200, *[412] * 7])

    def test_s3_plain_files(self):
        aws.s3.put_object(Bucket=BUCKET, Key="a/b.txt", Body=b"hello")
        self.assertEqual((FOLDER / BUCKET / "a" / "b.txt").read_bytes(), b"hello")

    def test_s3_odd_keys(self):
        long = "x" * 300
        for key in ("//twice", "../up", long, "both", "both/too"):
            aws.s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
        for path, content in {
            "%2F/%2F/twice": "//twice",
            "%2E%2E/up": "../up",
            f"{long[:240]}%2B/{long[240:]}": long,
            "both/too": "both/too",
        }.items():
            self.assertEqual((FOLDER / BUCKET / path).read_text(), content, path)
        for key in ("//twice", "../up", long, "both", "both/too"):
            self.assertEqual(aws.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read(), key.encode())

    def test_s3_removed_file(self):
        aws.s3.put_object(Bucket=BUCKET, Key="gone", Body=b"hello")
        (FOLDER / BUCKET / "gone").unlink()
        with self.assertRaises(aws.s3.exceptions.NoSuchKey):
            aws.s3.get_object(Bucket=BUCKET, Key="gone")
