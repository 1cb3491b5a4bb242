"""The step against an S3 in a process of its own, at connections that break, and under the oldest Python there is."""

import ast
import hashlib
import json
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from s3_server import BUCKET, REGION, SECRETS, CredentialsEndpoint, S3Server
from support import BRIDGE, RUN_ID, TIMEOUT, ProjectTest, manifest, registry, run_step, step_environment
from test_s3 import stripped_bootstrap

import step

MOTO_PYTHON = os.environ.get("WHERRY_MOTO_PYTHON")
KEYS = {"AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "AKIDTEST", "AWS_SECRET_ACCESS_KEY": SECRETS["AKIDTEST"]}


@unittest.skipUnless(MOTO_PYTHON, "WHERRY_MOTO_PYTHON is not set: the Python that has what emulator/s3 needs")
class OwnServer(ProjectTest):
    """The S3 of the emulator, which answers conditional puts one at a time, as S3 does."""

    def setUp(self):
        server = BRIDGE.parent / "emulator" / "s3" / "serve.py"
        command = [MOTO_PYTHON, str(server), "--folder", str(self.folder()), "--region", REGION]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait, 30)
        self.addCleanup(child.stdin.close)
        self.environment = {**KEYS, "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{json.loads(child.stdout.readline())['port']}"}
        # Nothing of the one who runs the tests, whose credentials may come from a container's endpoint.
        change = mock.patch.dict(os.environ, {**self.environment, "HOME": os.environ.get("HOME", "/")}, clear=True)
        change.start()
        self.addCleanup(change.stop)
        self.client = step.S3Client(BUCKET)
        self.addCleanup(lambda: self.client._connection.close())
        place = f"<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint></CreateBucketConfiguration>"
        self.client.request("PUT", "", body=step.BytesBody(place.encode()))


class OwnProcess(OwnServer):
    def test_of_8_conditional_puts_at_once_exactly_one_wins(self):
        start = threading.Barrier(8)

        def put(number):
            spill, statuses = step.open_spill(f"s3://{BUCKET}/p"), []
            send = spill._client._send
            spill._client._send = lambda *words: note(statuses, send(*words))
            seen = []
            for key in range(5):
                start.wait()
                spill.put_if_absent(f"run-{key}.json", b"%d" % number)
                seen.append(spill.get_bytes(f"run-{key}.json"))
            spill._client._connection.close()
            return seen, statuses[::2]

        with ThreadPoolExecutor(8) as pool:
            all_seen, all_statuses = zip(*pool.map(put, range(8)))
        for number in range(5):
            self.assertEqual(len({seen[number] for seen in all_seen}), 1)
            self.assertEqual(sorted(statuses[number] for statuses in all_statuses), [200] + [412] * 7)

    def test_a_dataframe_goes_up_in_parts_and_comes_back_the_same(self):
        files = {
            "src/shop/nodes.py": """
                import numpy as np
                import pandas as pd


                def make():
                    random = np.random.default_rng(7)
                    return pd.DataFrame({"x": random.random(1_500_000), "n": range(1_500_000)}).set_index("n")


                def check(frame):
                    pd.testing.assert_frame_equal(frame, make())
                    print("the same")
            """,
            "src/shop/pipeline_registry.py": registry(
                __default__='node(make, None, "frame", name="make"), node(check, "frame", None, name="check")'
            ),
        }
        plan = manifest({"a": ["make"], "b": ["check"]}, spills=[("frame", "a", ["b"])])
        project, options = self.project(files), {"spill": f"s3://{BUCKET}/p", **self.environment}
        self.succeeds(run_step(project.root, plan, "a", prelude="step.PART_SIZE = 5 << 20", **options))
        self.assertIn("the same", self.succeeds(run_step(project.root, plan, "b", **options)).stdout)
        _, headers, _ = self.client.request("HEAD", f"p/runs/{RUN_ID}/data/frame.pkl")
        self.assertGreater(int(headers["content-length"]), 10 << 20)
        # S3 marks what was put together of parts with their number.
        self.assertRegex(headers["etag"], r'^"\w{32}-\d+"$')


def note(statuses: list, answer):
    statuses.append(answer[0])
    return answer


class Scripted:
    """A server of one thread that treats each connection as the next word of its script says; `ok` for ever after."""

    def __init__(self, *script: str):
        self._script = list(script)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.bodies: list = []
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                word = self._script.pop(0) if self._script else "ok"
                if word.startswith("reset"):
                    # A linger of no seconds: closing sends a reset.
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if word == "reset at once":
                    continue
                stream.readline()
                headers = {}
                for line in iter(stream.readline, b"\r\n"):
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                size = int(headers.get("content-length", 0))
                if word == "reset in the body":
                    stream.read(size // 2)
                    continue
                self.bodies.append(stream.read(size))
                answer = {
                    "no answer": b"",
                    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
                    "no HTTP": b"SSH-2.0-something\r\n",
                    "500": b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\nConnection: close\r\n\r\noops",
                    "ok": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
                }[word]
                connection.sendall(answer)


class Connections(ProjectTest):
    def client(self, *script: str):
        server = Scripted(*script)
        self.addCleanup(server.close)
        change = mock.patch.dict(os.environ, {**KEYS, "AWS_ENDPOINT_URL_S3": server.url}, clear=True)
        change.start()
        self.addCleanup(change.stop)
        pauses = mock.patch("step.time.sleep")
        self.pauses = pauses.start()
        self.addCleanup(pauses.stop)
        return server, step.open_spill(f"s3://{BUCKET}/p")

    def test_a_put_is_sent_again_whole_however_the_connection_breaks(self):
        script = ["reset at once", "reset in the body", "no answer", "no HTTP", "500"]
        server, spill = self.client(*script)
        content = os.urandom(4 << 20)
        path = self.folder() / "file"
        path.write_bytes(content)
        spill.put_file("k", str(path), hashlib.sha256(content).hexdigest())
        self.assertEqual(server.bodies[-1], content)
        self.assertEqual(self.pauses.call_count, len(script))

    def test_a_get_too_and_the_head_of_an_answer_alone_is_not_taken_for_an_empty_object(self):
        script = ["reset at once", "no answer", "half a head", "500"]
        _, spill = self.client(*script)
        self.assertEqual(spill.get_bytes("k"), b"ok")
        self.assertEqual(self.pauses.call_count, len(script))

    def test_it_ends_with_what_the_last_try_met(self):
        _, spill = self.client(*["reset at once"] * 20)
        with self.assertRaisesRegex(OSError, f"GET s3://{BUCKET}/p/k failed: (ConnectionResetError|RemoteDisconnected)"):
            spill.get_bytes("k")
        self.assertEqual(self.pauses.call_count, step.TRIES - 1)


def oldest_python():
    """Python 3.8, 3.9 or 3.10, if one is on the path or installed beside the Python of the tests."""
    beside = pathlib.Path(sys.base_prefix).parent
    for minor in (8, 9, 10):
        found = [shutil.which(f"python3.{minor}"), *sorted(map(str, beside.glob(f"3.{minor}.*/bin/python3")))]
        for python in filter(None, found):
            if subprocess.run([python, "--version"], capture_output=True).returncode == 0:
                return python
    return None


class OldPython(ProjectTest):
    def test_all_three_files_are_python_3_8(self):
        for name in ("step.py", "describe.py", "bootstrap.py"):
            ast.parse((BRIDGE / name).read_text(encoding="utf-8"), name, feature_version=(3, 8))
        ast.parse(stripped_bootstrap(), feature_version=(3, 8))

    @unittest.skipUnless(oldest_python(), "no Python 3.8 to 3.10 is on the path or beside the Python of the tests")
    def test_bootstrap_and_step_run_under_the_oldest_python_there_is(self):
        """There is no Kedro there: what is reached is the step's own work before and after it."""
        s3, endpoint = S3Server(), CredentialsEndpoint()
        self.addCleanup(s3.close)
        self.addCleanup(endpoint.close)
        source = (BRIDGE / "step.py").read_bytes()
        name = hashlib.sha256(source).hexdigest()
        s3.client().put_object(Bucket=BUCKET, Key=f"p/steps/{name}.py", Body=source)
        s3.client().put_object(Bucket=BUCKET, Key=f"p/runs/{RUN_ID}/tasks/done/done.json", Body=b'{"attempt": 3}')
        environment = {
            **endpoint.environment(),
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL_S3": s3.url,
            "WHERRY_STEP": name,
            "WHERRY_EVENTS": "spill",
            "WHERRY_SPILL": f"s3://{BUCKET}/p",
        }
        plan = manifest({"done": ["n"], "todo": ["n"]})
        expected = {"done": (0, "task-already-done"), "todo": (70, "step-failed")}
        for task, (status, event) in expected.items():
            done = subprocess.run(
                [oldest_python(), "-I", "-c", stripped_bootstrap()],
                cwd=str(self.folder()),
                env=step_environment(plan, task, **environment),
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
            self.assertEqual(done.returncode, status, done.stderr)
            key = f"p/runs/{RUN_ID}/tasks/{task}/events-1.jsonl"
            self.assertIn(key, s3.keys(), (task, done.stderr, s3.requests))
            lines = s3.get(key).splitlines()
            events = [json.loads(line) for line in lines]
            self.assertEqual([found["event"] for found in events], ["step-started", event, "step-finished"])
            self.assertIsNone(events[0]["kedro"])
        self.assertEqual((events[1]["phase"], events[1]["exception"]), ("bootstrap", "ModuleNotFoundError"))
        self.assertEqual(json.loads(s3.get(f"p/runs/{RUN_ID}/run.json"))["runId"], RUN_ID)
        self.assertEqual(s3.wrong_signatures, [])


if __name__ == "__main__":
    unittest.main()
