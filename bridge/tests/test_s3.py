"""The step and the bootstrap against S3: moto, with every signature checked by botocore (s3_server.py)."""

import base64
import contextlib
import errno
import hashlib
import http.server
import io
import itertools
import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
import zlib
from unittest import mock

import boto3
import botocore.awsrequest
import botocore.config
import urllib3
from s3_server import BUCKET, REGION, SECRETS, CredentialsEndpoint, Proxy, S3Server, credentials, dropped, error
from support import BRIDGE, RUN_ID, SAVE_VERSION, TIMEOUT, ProjectTest, manifest, run_step, step_environment
from test_step import TWO_TASKS, chain

import step


class S3Test(ProjectTest):
    def setUp(self):
        self.s3 = S3Server()
        self.addCleanup(self.s3.close)
        self.addCleanup(lambda: self.assertEqual(self.s3.wrong_signatures, []))

    def endpoint(self, *answers: dict) -> CredentialsEndpoint:
        endpoint = CredentialsEndpoint(*answers)
        self.addCleanup(endpoint.close)
        return endpoint

    def environment(self, endpoint=None) -> dict:
        common = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": self.s3.url}
        return {**common, **(endpoint or self.endpoint()).environment()}


class Tasks(S3Test):
    def test_two_tasks_exchange_a_value_and_leave_their_records(self):
        project = self.project(chain())
        spill, environment = f"s3://{BUCKET}/some prefix/é", self.environment()
        options = {"spill": spill, "WHERRY_EVENTS": "spill", **environment}
        self.s3.client().put_object(Bucket=BUCKET, Key="some prefix/é/plans/p.json", Body=json.dumps(TWO_TASKS).encode())
        plan = {"WHERRY_MANIFEST": "", "WHERRY_PLAN": f"{spill}/plans/p.json"}
        self.succeeds(run_step(project.root, TWO_TASKS, "first", **options, **plan))
        self.succeeds(run_step(project.root, TWO_TASKS, "second", **options, **plan))

        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"total": 12})
        run = f"some prefix/é/runs/{RUN_ID}/"
        names = ["data/doubled.pkl", "run.json"]
        names += [f"tasks/{task}/{name}" for task in ("first", "second") for name in ("claim.json", "done.json", "events-1.jsonl")]
        self.assertEqual(self.s3.keys(), ["some prefix/é/plans/p.json", *sorted(run + name for name in names)])
        events = [json.loads(line) for line in self.s3.get(run + "tasks/first/events-1.jsonl").splitlines()]
        self.assertEqual([event["event"] for event in events][-1], "step-finished")
        self.assertEqual(len(events), 6)
        marker = json.loads(self.s3.get(run + "tasks/first/done.json"))
        content = self.s3.get(run + "data/doubled.pkl")
        self.assertEqual(marker["outputs"][0]["url"], f"{spill}/runs/{RUN_ID}/data/doubled.pkl")
        self.assertEqual(marker["outputs"][0]["sha256"], hashlib.sha256(content).hexdigest())
        self.assertEqual(marker["outputs"][0]["bytes"], len(content))
        self.assertEqual(json.loads(self.s3.get(run + "run.json"))["saveVersion"], SAVE_VERSION)

    def test_a_value_read_in_the_task_that_wrote_it_is_not_fetched(self):
        plan = manifest({"all": ["start", "middle", "end"]}, spills=[("raw", "all", ["x"]), ("doubled", "all", ["x"])])
        project = self.project(chain())
        self.succeeds(run_step(project.root, plan, "all", spill=f"s3://{BUCKET}", **self.environment()))
        methods = [method for method, target, _ in self.s3.requests if target.endswith(".pkl")]
        self.assertEqual(methods, ["PUT", "PUT"])

    def test_an_unreachable_spill_is_named_with_bucket_key_and_status(self):
        project, environment = self.project(chain()), self.environment()
        self.s3.fail(r"GET .*/done\.json", (403, "AccessDenied"))
        answer = run_step(project.root, TWO_TASKS, "first", spill=f"s3://{BUCKET}/p", **environment)
        self.assertEqual(answer.status, 70)
        failed = answer.one("step-failed")
        self.assertEqual((failed["phase"], failed["exception"]), ("marker", "OSError"))
        expected = f"GET s3://{BUCKET}/p/runs/{RUN_ID}/tasks/first/done.json answered 403 AccessDenied: planted AccessDenied"
        self.assertIn(expected, failed["message"])
        self.assertIn("s3:ListBucket", failed["message"])
        for secret in (SECRETS["AKIDTEST"], "session token", CredentialsEndpoint.TOKEN):
            self.assertNotIn(secret, f"{answer.stdout}{answer.stderr}{answer.events}")

    def test_an_s3_that_stays_overloaded_ends_the_step_with_75(self):
        project = self.project(chain())
        for pattern in (r"GET .*/done\.json", r"PUT .*/doubled\.pkl"):
            with self.subTest(pattern):
                self.s3.fail(pattern, *[(503, "SlowDown")] * step.TRIES)
                options = {"spill": f"s3://{BUCKET}/p", "prelude": "step.LONGEST_PAUSE = 0.01", **self.environment()}
                answer = run_step(project.root, TWO_TASKS, "first", **options)
                self.assertEqual((answer.status, answer.one("step-finished")["exitCode"]), (75, 75))
                failed = answer.one("step-failed")
                self.assertEqual(failed["exception"], "S3Unavailable")
                self.assertRegex(failed["message"], r"(GET|PUT) s3://.* answered 503 SlowDown")

    def test_events_are_not_lost_when_s3_refuses_for_a_while(self):
        project = self.project(chain())
        self.s3.fail(r"PUT .*/events-1\.jsonl", *[(503, "SlowDown")] * 3, *[(403, "AccessDenied")])
        options = {"spill": f"s3://{BUCKET}", "WHERRY_EVENTS": "spill", **self.environment()}
        self.succeeds(run_step(project.root, TWO_TASKS, "first", **options))
        lines = self.s3.get(f"runs/{RUN_ID}/tasks/first/events-1.jsonl").splitlines()
        self.assertEqual(len(lines), 6)

    def test_no_credentials_at_all_are_said(self):
        environment = {"AWS_ENDPOINT_URL_S3": self.s3.url}
        answer = run_step(self.project(chain()).root, TWO_TASKS, "first", spill=f"s3://{BUCKET}", **environment)
        self.assertEqual(answer.status, 70)
        self.assertIn("does the task definition have a task role", answer.one("step-failed")["message"])


class Client(S3Test):
    """The step's own client, in this process."""

    def setUp(self):
        super().setUp()
        self.credentials_endpoint = self.endpoint()
        environment = mock.patch.dict(os.environ, self.environment(self.credentials_endpoint))
        environment.start()
        self.addCleanup(environment.stop)
        pauses = mock.patch("step.time.sleep")
        self.pauses = pauses.start()
        self.addCleanup(pauses.stop)
        self.spill = step.open_spill(f"s3://{BUCKET}/p")

    def file(self, content: bytes) -> str:
        path = self.folder() / "file"
        path.write_bytes(content)
        return str(path)

    def put_file(self, key: str, content: bytes) -> None:
        self.spill.put_file(key, self.file(content), hashlib.sha256(content).hexdigest())

    def test_keys_with_odd_characters_are_signed_as_botocore_does(self):
        for key in ("a b", "a+b", "a%40b.pkl", "é/ü", "~-._", "a=b&c;d,e", "a'(b)*!", "//x", "a:b@c$"):
            with self.subTest(key):
                self.spill.put_bytes(key, key.encode())
                self.assertEqual(self.spill.get_bytes(key), key.encode())
                self.assertTrue(self.spill.exists(key))
                self.assertEqual(self.s3.get(f"p/{key}"), key.encode())

    def test_what_is_absent_is_none_and_no_error(self):
        self.assertIsNone(self.spill.get_bytes("nothing"))
        self.assertFalse(self.spill.exists("nothing"))
        self.assertFalse(self.spill.get_file("nothing", str(self.folder() / "x")))

    def test_the_first_conditional_put_wins(self):
        self.spill.put_if_absent("k", b"first")
        self.spill.put_if_absent("k", b"second")
        self.assertEqual(self.spill.get_bytes("k"), b"first")
        self.s3.fail("PUT /.*/other", (409, "ConditionalRequestConflict"))
        self.spill.put_if_absent("other", b"x")
        self.assertEqual(self.spill.get_bytes("other"), b"x")

    def test_what_passes_by_itself_is_tried_again(self):
        for answer in ((500, "InternalError"), (503, "SlowDown"), (429, "TooMany"), (400, "RequestTimeout"), (408, "x"), (400, "KMS.ThrottlingException")):
            with self.subTest(answer):
                self.s3.fail("PUT .*/again", answer, answer)
                self.spill.put_bytes("again", b"x")
        self.assertEqual(self.pauses.call_count, 12)

    def test_what_does_not_pass_is_not_tried_again(self):
        self.s3.fail("PUT .*/never", (400, "InvalidArgument"))
        with self.assertRaisesRegex(OSError, f"PUT s3://{BUCKET}/p/never answered 400 InvalidArgument: planted"):
            self.spill.put_bytes("never", b"x")
        self.assertEqual(self.pauses.call_count, 0)

    def test_it_gives_up_in_the_end_and_says_what_it_saw(self):
        self.s3.fail("PUT .*/never", *[(503, "SlowDown")] * 20)
        with self.assertRaisesRegex(step.S3Unavailable, "answered 503 SlowDown: planted SlowDown"):
            self.spill.put_bytes("never", b"x")
        pauses = [call.args[0] for call in self.pauses.call_args_list]
        self.assertEqual(len(pauses), step.TRIES - 1)
        self.assertTrue(all(0 < pause <= step.LONGEST_PAUSE for pause in pauses))
        self.assertGreater(pauses[4], pauses[0])

    def test_nobody_at_the_endpoint_is_said(self):
        with mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}):
            spill = step.open_spill(f"s3://{BUCKET}")
        with self.assertRaisesRegex(step.S3Unavailable, f"GET s3://{BUCKET}/k failed: ConnectionRefusedError"):
            spill.get_bytes("k")

    def test_what_cannot_pass_is_not_taken_for_a_network(self):
        self.spill.put_bytes("k", b"x")
        with mock.patch("step.receive", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            with self.assertRaisesRegex(OSError, "No space left") as caught:
                self.spill.get_file("k", str(self.folder() / "x"))
        self.assertNotIsInstance(caught.exception, step.S3Unavailable)
        self.assertEqual(self.pauses.call_count, 0)

    def test_a_credentials_endpoint_that_is_overloaded_passes_and_one_that_refuses_does_not(self):
        for status, kind in ((503, step.S3Unavailable), (429, step.S3Unavailable), (403, OSError)):
            with self.subTest(status), refusing(status) as url:
                with mock.patch.dict(os.environ, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": url}):
                    with self.assertRaisesRegex(OSError, f"credentials endpoint answered {status}") as caught:
                        step.open_spill(f"s3://{BUCKET}").get_bytes("k")
                self.assertIs(type(caught.exception), kind)

    def test_half_an_answer_is_fetched_again(self):
        content = os.urandom(3 << 20)
        self.put_file("big", content)
        target = self.folder() / "copy"
        self.s3.fail("GET .*/big", dropped)
        self.assertTrue(self.spill.get_file("big", str(target)))
        self.assertEqual(target.read_bytes(), content)
        self.assertEqual(self.pauses.call_count, 1)

    def test_a_file_above_the_part_size_goes_up_in_parts(self):
        content = os.urandom((12 << 20) + 5)
        with mock.patch("step.PART_SIZE", 5 << 20):
            self.s3.fail("PUT .*partNumber=2", (503, "SlowDown"))
            self.put_file("parts", content)
            self.assertEqual(self.s3.get("p/parts"), content)
            parts = [target for method, target, status in self.s3.requests if "partNumber" in target and status == 200]
            self.assertEqual(len(parts), 3)
            self.s3.requests.clear()
            self.put_file("whole", content[: 5 << 20])
            self.assertEqual([request[0] for request in self.s3.requests], ["PUT"])

    def test_parts_that_cannot_be_put_together_are_removed(self):
        with mock.patch("step.PART_SIZE", 5 << 20):
            # S3 may say 200 and not mean it.
            self.s3.fail("POST .*uploadId", *[(200, "InternalError")] * step.TRIES)
            with self.assertRaisesRegex(OSError, "answered 200 InternalError"):
                self.put_file("parts", bytes(6 << 20))
        self.assertEqual(self.s3.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", []), [])
        self.assertEqual(self.s3.keys(), [])

    def test_parts_are_never_more_than_s3_takes(self):
        with mock.patch("step.PART_SIZE", 1), mock.patch("step.MOST_PARTS", 2):
            self.put_file("parts", bytes(10 << 20))
        parts = [target for _, target, status in self.s3.requests if "partNumber" in target]
        self.assertEqual(len(parts), 2)

    def test_credentials_are_renewed_before_they_expire_and_kept_until_then(self):
        for _ in range(3):
            self.spill.get_bytes("k")
        self.assertEqual(self.credentials_endpoint.asked, 1)
        endpoint = self.endpoint(credentials(seconds=200), credentials())
        with mock.patch.dict(os.environ, endpoint.environment()):
            spill = step.open_spill(f"s3://{BUCKET}")
            for _ in range(3):
                spill.get_bytes("k")
        self.assertEqual(endpoint.asked, 2)

    def test_credentials_that_expired_early_are_fetched_anew(self):
        self.spill.get_bytes("k")
        self.s3.fail("GET .*/k", (400, "ExpiredToken"))
        self.spill.get_bytes("k")
        self.assertEqual(self.credentials_endpoint.asked, 2)

    def test_the_token_may_stand_in_a_file_and_the_keys_in_the_environment(self):
        token = self.file(f"{CredentialsEndpoint.TOKEN}\n".encode())
        change = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": token, "AWS_CONTAINER_AUTHORIZATION_TOKEN": ""}
        with mock.patch.dict(os.environ, change):
            step.open_spill(f"s3://{BUCKET}").get_bytes("k")
        found = credentials()
        plain = {"AWS_ACCESS_KEY_ID": found["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"]}
        with mock.patch.dict(os.environ, {**plain, "AWS_CONTAINER_CREDENTIALS_FULL_URI": ""}):
            step.open_spill(f"s3://{BUCKET}").get_bytes("k")
        self.assertEqual(self.credentials_endpoint.asked, 1)

    def test_another_region_is_followed(self):
        self.s3.fail("GET .*/k", lambda *_: error(301, "PermanentRedirect", **{"x-amz-bucket-region": "us-west-2"}))
        self.spill.put_bytes("k", b"x")
        self.assertEqual(self.spill.get_bytes("k"), b"x")
        self.assertEqual(self.s3.regions[-2:], [REGION, "us-west-2"])

    def test_a_connection_is_used_again(self):
        with mock.patch("step.http.client.HTTPConnection", wraps=step.http.client.HTTPConnection) as made:
            for _ in range(5):
                self.spill.get_bytes("k")
        # One for the credentials. (This server closes each connection after its answer; the client opens it again.)
        self.assertLessEqual(made.call_count, 2)

def address_of_botocore(region: str, bucket: str, fips: bool, dual: bool):
    regional = {"us_east_1_regional_endpoint": "regional"}
    config = botocore.config.Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual, s3=regional)
    client = boto3.client("s3", region, config=config, aws_access_key_id="a", aws_secret_access_key="b")
    asked = []

    def answer(request, **_):
        asked.append(urllib.parse.urlsplit(request.url))
        return botocore.awsrequest.AWSResponse(request.url, 204, {}, urllib3.HTTPResponse(io.BytesIO(), preload_content=False))

    client.meta.events.register("before-send.s3", answer)
    client.delete_object(Bucket=bucket, Key="k +")
    return asked[0].scheme, asked[0].netloc, asked[0].path


class Addresses(unittest.TestCase):
    def test_they_are_those_of_botocore(self):
        source = stripped_bootstrap().partition("\ntry:\n code = step()")[0]
        bootstrap: dict = {}
        exec(source, bootstrap)
        bootstrap["fetch"] = lambda url, *_: url
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
        regions = ("eu-central-1", "us-east-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1")
        for region, bucket, fips, dual in itertools.product(regions, ("bucket", "a.bucket"), (False, True), (False, True)):
            if fips and not region.startswith("us-"):  # There is no such endpoint.
                continue
            uses = {"AWS_USE_FIPS_ENDPOINT": str(fips).lower(), "AWS_USE_DUALSTACK_ENDPOINT": str(dual).lower()}
            with self.subTest(region=region, bucket=bucket, **uses):
                expected = address_of_botocore(region, bucket, fips, dual)
                with mock.patch.dict(os.environ, {"AWS_REGION": region, **keys, **uses}):
                    secure, host, path = step.S3Client(bucket)._address("k +")
                    found = urllib.parse.urlsplit(bootstrap["get"](region, bucket, "k +"))
                self.assertEqual((f"http{'s' * secure}", host, path), expected)
                self.assertEqual((found.scheme, found.netloc, found.path), expected)


class Tls(ProjectTest):
    """An S3 with a certificate that no system trusts, behind a proxy."""

    def setUp(self):
        self.certificate = self.folder()
        program = str(BRIDGE.parent / "test" / "support" / "certificate.py")
        subprocess.run([sys.executable, program, str(self.certificate), "localhost"], check=True)
        self.s3, self.proxy, self.credentials = S3Server(self.certificate), Proxy(), CredentialsEndpoint()
        for one in (self.s3, self.proxy, self.credentials):
            self.addCleanup(one.close)
        pauses = mock.patch("step.time.sleep")
        pauses.start()
        self.addCleanup(pauses.stop)
        self.source = (BRIDGE / "step.py").read_bytes()
        name = hashlib.sha256(self.source).hexdigest()
        self.s3.client().put_object(Bucket=BUCKET, Key=f"steps/{name}.py", Body=b"changed")
        self.place = {"WHERRY_STEP": name, "WHERRY_SPILL": f"s3://{BUCKET}"}

    def environment(self, **more: str) -> dict:
        common = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL_S3": self.s3.url, **self.credentials.environment()}
        return {**common, "AWS_CA_BUNDLE": str(self.certificate / "cert.pem"), **more}

    def get(self, **more: str):
        with mock.patch.dict(os.environ, self.environment(**more)):
            return step.open_spill(f"s3://{BUCKET}").get_bytes("k")

    def bootstrap(self, **more: str):
        return run_bootstrap(self.folder(), **self.place, **self.environment(**more))

    def test_the_certificates_of_the_bundle_are_trusted(self):
        self.assertIsNone(self.get())
        self.assertIn("is not the step", self.bootstrap().stderr)

    def test_a_certificate_that_is_not_trusted_is_said_with_what_to_do(self):
        with self.assertRaisesRegex(OSError, "CERTIFICATE_VERIFY_FAILED.*AWS_CA_BUNDLE") as caught:
            self.get(AWS_CA_BUNDLE="")
        self.assertNotIsInstance(caught.exception, step.S3Unavailable)
        done = self.bootstrap(AWS_CA_BUNDLE="")
        self.assertEqual(done.returncode, 70)
        self.assertRegex(done.stderr, "from localhost:.*CERTIFICATE_VERIFY_FAILED.*AWS_CA_BUNDLE")

    def test_a_bundle_that_is_not_there_is_named(self):
        with self.assertRaisesRegex(step.StepError, "AWS_CA_BUNDLE .*nowhere.pem"):
            self.get(AWS_CA_BUNDLE="/nowhere.pem")
        self.assertEqual(self.bootstrap(AWS_CA_BUNDLE="/nowhere.pem").returncode, 70)

    def test_the_proxy_is_asked_for_s3_and_never_for_the_credentials(self):
        for proxy in (f"http://user:p%40ss@{self.proxy.address}", self.proxy.address):
            for ask in (self.get, self.bootstrap):
                with self.subTest(proxy, ask=ask):
                    self.proxy.asked.clear()
                    ask(HTTPS_PROXY=proxy, HTTP_PROXY="http://127.0.0.1:9")
                    ((line, *headers),) = self.proxy.asked
                    self.assertEqual(line.split()[:2], ["CONNECT", self.s3.url[8:]])
                    said = [header for header in headers if header.lower().startswith("proxy-authorization")]
                    expected = base64.b64encode(b"user:p@ss").decode() if "@" in proxy else None
                    self.assertEqual(said, [f"Proxy-Authorization: Basic {expected}"] if expected else [])
        self.assertEqual(self.s3.wrong_signatures, [])

    def test_a_host_of_no_proxy_is_asked_itself(self):
        self.assertIsNone(self.get(HTTPS_PROXY=self.proxy.address, NO_PROXY="localhost"))
        self.assertIn("is not the step", self.bootstrap(HTTPS_PROXY=self.proxy.address, no_proxy=".x,localhost").stderr)
        self.assertEqual(self.proxy.asked, [])


@contextlib.contextmanager
def refusing(status: int):
    """The address of a server that answers every request with this status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def stripped_bootstrap() -> str:
    """As src/fargate/step-command.ts sends it."""
    text = (BRIDGE / "bootstrap.py").read_text()
    text = re.sub(r'^("""|\'\'\')[\s\S]*?\1\n', "", text)
    lines = [line for line in text.split("\n") if not re.match(r"^\s*(#.*)?$", line)]
    return "\n".join(re.sub("^ +", lambda indent: " " * (len(indent[0]) // 4), line) for line in lines)


def run_bootstrap(cwd, **environment: str):
    quick = "import time; time.sleep = lambda seconds: None\n"
    command = [sys.executable, "-c", quick + stripped_bootstrap()]
    names = {"PATH": os.environ["PATH"], "DO_NOT_TRACK": "1", **environment}
    return subprocess.run(command, cwd=str(cwd), env=names, capture_output=True, text=True, timeout=TIMEOUT)


class Bootstrap(S3Test):
    SOURCE = (BRIDGE / "step.py").read_bytes()

    def put_step(self, source: bytes) -> dict:
        name = hashlib.sha256(self.SOURCE).hexdigest()
        self.s3.client().put_object(Bucket=BUCKET, Key=f"a prefix/steps/{name}.py", Body=source)
        return {"WHERRY_STEP": name, "WHERRY_SPILL": f"s3://{BUCKET}/a prefix/"}

    def test_it_is_small_enough_for_an_override(self):
        self.assertLessEqual(len(json.dumps(stripped_bootstrap())), 3500)

    def test_it_fetches_the_step_with_the_containers_credentials_and_runs_it(self):
        endpoint = self.endpoint()
        plan = manifest({"all": ["start", "middle", "end"]})
        project = self.project(chain())
        environment = {
            **step_environment(plan, "all", WHERRY_EVENTS="stdout:n"),
            **self.put_step(self.SOURCE),
            **self.environment(endpoint),
        }
        moved = error(301, "PermanentRedirect", **{"x-amz-bucket-region": "us-west-2"})
        self.s3.fail("GET .*/steps/", (503, "SlowDown"), lambda *_: moved)
        done = run_bootstrap(project.root, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"total": 12})
        self.assertIn('::wherry::n::{"event": "step-finished"', done.stdout)
        self.assertGreaterEqual(endpoint.asked, 2)
        self.assertIn("us-west-2", self.s3.regions)
        # The first request is the test's own put.
        self.assertEqual(set(self.s3.tokens[1:]), {credentials()["Token"]})

    def test_a_step_of_another_hash_is_refused(self):
        environment = {**self.put_step(b"print('changed')"), **self.environment()}
        done = run_bootstrap(self.folder(), **environment)
        self.assertEqual((done.returncode, done.stdout), (70, ""))
        self.assertRegex(done.stderr, r"^wherry: .*s3://wherry-test/a prefix/steps/\w{64}\.py is not the step.*\n$")

    def test_a_step_that_is_not_there_is_said_in_one_line_at_once(self):
        environment = {**self.put_step(b""), **self.environment(), "WHERRY_STEP": "0" * 64}
        began = time.monotonic()
        done = run_bootstrap(self.folder(), **environment)
        self.assertEqual(done.returncode, 70)
        self.assertRegex(done.stderr, r"^wherry: .*/steps/0{64}\.py cannot be fetched from .*404.*NoSuchKey.*\n$")
        self.assertLess(time.monotonic() - began, 5)

    def test_what_passes_by_itself_ends_with_75_and_what_does_not_with_70(self):
        place = self.put_step(self.SOURCE)
        for status, code, expected in (
            (503, "SlowDown", 75),
            (400, "KMS.ThrottlingException", 75),
            (429, "TooManyRequests", 75),
            (403, "AccessDenied", 70),
            (400, "InvalidRequest", 70),
        ):
            with self.subTest(code):
                self.s3.fail("GET .*/steps/", *[(status, code)] * 5)
                done = run_bootstrap(self.folder(), **place, **self.environment())
                self.assertEqual(done.returncode, expected, done.stderr)
                self.assertRegex(done.stderr, rf"^wherry: .*/steps/\w+\.py cannot be fetched from 127.0.0.1:\d+: .*{status}.*{code}[^ ]*\n$")

    def test_a_network_that_is_not_there_ends_with_75_and_says_who_was_asked(self):
        place = self.put_step(self.SOURCE)
        nobody = {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}
        done = run_bootstrap(self.folder(), **place, **{**self.environment(), **nobody})
        self.assertEqual(done.returncode, 75)
        self.assertRegex(done.stderr, r"cannot be fetched from 127.0.0.1:9: URLError\(ConnectionRefusedError")
        nobody = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:9/x"}
        done = run_bootstrap(self.folder(), **place, **{**self.environment(), **nobody})
        self.assertEqual(done.returncode, 75)
        self.assertIn("from localhost:9", done.stderr)

    def test_a_bucket_of_another_region_is_found_by_a_400_too(self):
        elsewhere = error(400, "AuthorizationHeaderMalformed", **{"x-amz-bucket-region": "us-west-2"})
        self.s3.fail("GET .*/steps/", lambda *_: elsewhere)
        environment = {**self.put_step(b"changed"), **self.environment()}
        self.assertIn("is not the step", run_bootstrap(self.folder(), **environment).stderr)
        self.assertEqual(self.s3.regions[-1], "us-west-2")

    def test_a_missing_variable_is_said_in_one_line(self):
        done = run_bootstrap(self.folder())
        self.assertEqual((done.returncode, done.stderr), (70, "wherry: KeyError('WHERRY_STEP')\n"))

    def test_a_step_that_is_handed_over_is_not_fetched(self):
        source = base64.b64encode(zlib.compress(b"import sys; print('here', __name__); sys.exit(5)")).decode()
        done = run_bootstrap(self.folder(), WHERRY_STEP_SOURCE=source)
        self.assertEqual((done.returncode, done.stdout), (5, "here __main__\n"))
        self.assertEqual(self.s3.requests, [])

    def test_a_proxy_is_not_asked(self):
        environment = {**self.put_step(b"x"), **self.environment(), "http_proxy": "http://127.0.0.1:9"}
        self.assertIn("is not the step", run_bootstrap(self.folder(), **environment).stderr)


if __name__ == "__main__":
    unittest.main()
