"""The claim by which one container at a time has a task: with time injected, on S3, and between processes."""

import contextlib
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from s3_server import BUCKET
from support import RUN_ID, ProjectTest, manifest, registry, start_step
from test_s3 import S3Test
from test_s3_process import OwnServer

import step

TASK = "train"
KEY = f"runs/{RUN_ID}/tasks/{TASK}/"


class Clock:
    """Seconds that pass when somebody sleeps, and what happens meanwhile."""

    def __init__(self):
        self.now = 1000.0
        self.meanwhile = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.meanwhile:
            self.meanwhile.pop(0)()


class AgedSpill(step.FileSpill):
    """On disk, where what was written is as old as the clock says."""

    def __init__(self, folder: str, clock: Clock):
        super().__init__(f"file://{folder}", folder)
        self._clock = clock
        self._written: dict = {}

    def put_bytes(self, key, content):
        super().put_bytes(key, content)
        self._written[key] = self._clock()

    def put_if_absent(self, key, content):
        version = super().put_if_absent(key, content)
        if version is not None:
            self._written[key] = self._clock()
        return version

    def get_versioned(self, key):
        found = super().get_versioned(key)
        return found and (found[0], found[1], self._clock() - self._written[key])


class Taking(ProjectTest):
    """One container after the other, in this process."""

    def setUp(self):
        self.clock = Clock()
        self.spill = AgedSpill(str(self.folder()), self.clock)
        self.told: list = []
        location = self.spill.url_of("").rstrip("/")
        change = mock.patch.dict(os.environ, {"WHERRY_RUN_ID": RUN_ID, "WHERRY_SPILL": location})
        change.start()
        self.addCleanup(change.stop)
        # The thread that beats is started by hand here.
        keeping = mock.patch.object(step.Claim, "_keep_alive", lambda claim: None)
        keeping.start()
        self.addCleanup(keeping.stop)

    def claim(self, attempt: int = 1, **more):
        environment = {"WHERRY_TASK": TASK, "WHERRY_ATTEMPT": str(attempt), **more}
        return step.Claim(environment, self.clock, self.clock.sleep)

    def take(self, claim):
        return claim.take(self.spill, lambda: step.read_marker(self.spill, TASK), self.told.append)

    def finish(self) -> None:
        self.spill.put_bytes(f"{KEY}done.json", b'{"attempt": 1}')

    def holder(self) -> dict:
        return json.loads(self.spill.get_bytes(f"{KEY}claim.json"))

    def test_a_task_that_nobody_has_is_taken_and_another_waits_until_it_is_done(self):
        self.assertIsNone(self.take(self.claim()))
        self.clock.meanwhile = [lambda: None, self.finish]
        self.assertEqual(self.take(self.claim(2)), {"attempt": 1})
        self.assertEqual(self.told, [1])
        self.assertEqual(self.clock.now, 1000 + 2 * step.LOOK)
        self.assertEqual(self.holder()["attempt"], 1)

    def test_the_failure_of_the_one_that_has_it_is_the_end_of_another_of_the_same_attempt(self):
        first = self.claim()
        self.take(first)
        self.clock.meanwhile = [lambda: first.give_up(137)]
        with self.assertRaises(step.StepError) as caught:
            self.take(self.claim())
        self.assertEqual((caught.exception.phase, caught.exception.status), ("claim", 137))
        self.assertIn("attempt 1 of this task has failed in another container", str(caught.exception))

    def test_one_that_comes_after_the_failure_runs_the_task_again_whatever_its_attempt(self):
        first = self.claim()
        self.take(first)
        first.give_up(1)
        self.assertIsNone(self.take(self.claim()))
        self.assertEqual(self.told, [])

    def test_a_later_attempt_takes_over_from_one_that_has_failed(self):
        first = self.claim()
        self.take(first)
        self.clock.meanwhile = [lambda: first.give_up(1)]
        self.assertIsNone(self.take(self.claim(2)))
        self.assertEqual(self.holder()["attempt"], 2)
        # The failure was that of the first claim, not of this one.
        third = self.claim(3)
        self.clock.meanwhile = [self.finish]
        self.assertEqual(self.take(third), {"attempt": 1})

    def test_a_silence_of_more_than_a_minute_frees_the_task_also_for_the_same_attempt(self):
        first = self.claim()
        self.take(first)
        self.clock.now += 30
        first.check()
        self.assertIsNone(self.take(self.claim()))
        # The claim was young until a minute after it was written; a look takes three seconds.
        self.assertEqual(self.clock.now, 1063)
        with self.assertRaisesRegex(step.StepError, "another container has taken this task over, as attempt 1"):
            first.check()

    def test_with_beats_in_time_a_task_is_never_taken(self):
        first, second = self.claim(), self.claim(2)
        self.take(first)
        self.clock.meanwhile = [first._beat if turn % 5 == 0 else (lambda: None) for turn in range(100)] + [self.finish]
        self.assertEqual(self.take(second), {"attempt": 1})
        self.assertGreater(self.clock.now, 1290)
        first.check()

    def test_whoever_knows_that_the_attempts_before_have_ended_does_not_wait(self):
        self.take(self.claim())
        self.assertIsNone(self.take(self.claim(2, WHERRY_TAKES_OVER="1")))
        self.assertEqual(self.clock.now, 1000)
        # But it does for another container of its own attempt.
        self.clock.meanwhile = [self.finish]
        self.assertEqual(self.take(self.claim(2, WHERRY_TAKES_OVER="1")), {"attempt": 1})

    def test_what_was_finished_at_the_last_moment_is_not_run_again(self):
        self.take(self.claim())
        self.clock.now += 61
        put = self.spill.put_over
        self.spill.put_over = lambda *words: (self.finish(), put(*words))[1]
        self.assertEqual(self.take(self.claim(2)), {"attempt": 1})

    def test_a_write_after_a_short_silence_asks_nobody_and_after_a_long_one_it_beats_first(self):
        claim = self.claim()
        self.take(claim)
        self.clock.now += 2 * step.BEAT
        with mock.patch.object(self.spill, "put_over", side_effect=AssertionError("asked")):
            claim.check()
        self.clock.now += 1
        claim.check()
        self.assertEqual(self.spill.get_versioned(f"{KEY}claim.json")[2], 0)

    def test_a_write_is_not_made_when_nobody_can_say_whose_the_task_is(self):
        claim = self.claim()
        self.take(claim)
        self.clock.now += 45
        with mock.patch.object(self.spill, "put_over", side_effect=OSError("away")):
            with self.assertRaisesRegex(step.StepError, "away"):
                claim.check()
        claim.check()

    def test_the_failure_of_a_container_that_has_lost_the_task_is_not_told(self):
        first = self.claim()
        self.take(first)
        self.clock.now += 61
        self.take(self.claim(2))
        with self.assertRaises(step.StepError):
            first.check()
        first.give_up(1)
        self.assertIsNone(self.spill.get_bytes(f"{KEY}failed.json"))

    def test_without_a_spill_there_is_nothing_to_claim(self):
        claim = self.claim()
        self.assertIsNone(claim.take(None, None, None))
        claim.check()
        claim.give_up(1)

    def test_of_many_that_take_over_at_once_one_wins(self):
        self.take(self.claim())
        _, version, _ = self.spill.get_versioned(f"{KEY}claim.json")
        start = threading.Barrier(8)

        def put(number):
            start.wait()
            return self.spill.put_over(f"{KEY}claim.json", b"%d" % number, version)

        with ThreadPoolExecutor(8) as pool:
            won = [number for number, version in enumerate(pool.map(put, range(8))) if version]
        self.assertEqual([self.spill.get_bytes(f"{KEY}claim.json")], [b"%d" % number for number in won])


class OnS3(S3Test):
    def setUp(self):
        super().setUp()
        own = {"WHERRY_RUN_ID": RUN_ID, "WHERRY_SPILL": f"s3://{BUCKET}"}
        change = mock.patch.dict(os.environ, {**self.environment(), **own})
        change.start()
        self.addCleanup(change.stop)
        self.spill = step.open_spill(f"s3://{BUCKET}")

    def claim(self, attempt: int = 1):
        return step.Claim({"WHERRY_TASK": TASK, "WHERRY_ATTEMPT": str(attempt)}, sleep=lambda seconds: None)

    def take(self, claim):
        with mock.patch.object(step.Claim, "_keep_alive", lambda claim: None):
            return claim.take(self.spill, lambda: step.read_marker(self.spill, TASK), lambda holder: None)

    def put_and_lose_the_answer(self, *_):
        return 500, [("Content-Type", "application/xml")], b"<Error><Code>InternalError</Code></Error>"

    def test_where_nothing_contends_it_is_one_put(self):
        claim = self.claim()
        self.s3.requests.clear()
        self.assertIsNone(self.take(claim))
        claim.check()
        self.assertEqual([(method, status) for method, _, status in self.s3.requests], [("PUT", 200)])

    def test_an_answer_that_was_lost_is_no_other_container(self):
        claim = self.claim()
        self.s3.fail(r"PUT .*/claim\.json", self.put_and_lose_the_answer)
        with mock.patch("step.time.sleep"):
            self.assertIsNone(self.take(claim))
            self.s3.fail(r"PUT .*/claim\.json", self.put_and_lose_the_answer)
            claim._beat()
        claim._beat()
        claim.check()

    def test_the_age_is_told_by_the_clock_of_s3_and_a_stale_claim_is_taken_by_its_etag(self):
        first, second = self.claim(), self.claim()
        self.take(first)

        def aged(status, headers, body):
            others = [header for header in headers if header[0].lower() not in ("date", "last-modified")]
            times = [("Last-Modified", "Tue, 24 Nov 2026 03:00:00 GMT"), ("Date", "Tue, 24 Nov 2026 03:01:01 GMT")]
            return status, [*others, *times], body

        self.s3.fail(r"GET .*/claim\.json", aged)
        self.assertIsNone(self.take(second))
        first._beat()
        with self.assertRaisesRegex(step.StepError, "taken this task over"):
            first.check()
        second._beat()
        second.check()


NODES = """
    import os
    import time


    def counted():
        with open(os.environ["COUNTS"], "a") as counts:
            counts.write(f"{os.environ['WHERRY_ATTEMPT']}\\n")
        while not os.path.exists(os.environ["GO"]):
            time.sleep(0.02)
        return {"attempt": os.environ["WHERRY_ATTEMPT"]}
"""
CATALOG = """
    result:
      type: json.JSON$DATASET
      filepath: data/result.json
"""
PLAN = manifest({TASK: ["counted"]})
QUICK = "step.BEAT, step.DEAD_AFTER, step.LOOK = 0.3, 2.5, 0.05"


class Contending(ProjectTest):
    """Whole steps, each a process, that contend for one task."""

    def setUp(self):
        files = {
            "src/shop/nodes.py": NODES,
            "src/shop/pipeline_registry.py": registry(__default__='node(counted, None, "result", name="counted")'),
            "conf/base/catalog.yml": CATALOG,
        }
        self.root = self.project(files).root
        self.counts, self.go = self.root / "counts", self.root / "go"
        self.location = self.spill()

    def start(self, attempt: int = 1, **more):
        environment = {"COUNTS": str(self.counts), "GO": str(self.go), **self.place(), **more}
        child, stream = start_step(
            self.root, PLAN, TASK, prelude=QUICK, spill=self.location, attempt=attempt, **environment
        )
        events: list = []
        reader = threading.Thread(target=lambda: events.extend(json.loads(line) for line in stream))
        reader.start()
        for stop in (stream.close, child.stdout.close, child.stderr.close, child.wait, reader.join):
            self.addCleanup(stop)
        self.addCleanup(end_group, child)
        return child, events

    def place(self) -> dict:
        return {}

    def begun(self) -> list:
        return self.counts.read_text().split() if self.counts.exists() else []

    def until(self, is_so) -> None:
        deadline = time.monotonic() + 60
        while not is_so():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def ends(self, child) -> int:
        return child.wait(60)

    def said(self, events: list, name: str) -> list:
        return [event for event in events if event["event"] == name]


class Contention:
    """What holds wherever the claim is kept."""

    def test_of_three_containers_of_one_attempt_one_runs_the_nodes_and_all_end_well(self):
        started = [self.start() for _ in range(3)]
        self.until(lambda: sum(len(self.said(events, "claim-held")) for _, events in started) == 2)
        self.go.touch()
        self.assertEqual([self.ends(child) for child, _ in started], [0, 0, 0])
        self.assertEqual(self.begun(), ["1"])

    def test_a_container_that_slept_while_another_took_its_task_writes_nothing_more(self):
        first, events = self.start()
        self.until(lambda: self.begun() == ["1"])
        os.killpg(first.pid, signal.SIGSTOP)
        second, _ = self.start(2)
        self.until(lambda: self.begun() == ["1", "2"])
        self.go.touch()
        self.assertEqual(self.ends(second), 0)
        os.killpg(first.pid, signal.SIGCONT)
        self.assertEqual(self.ends(first), 70)
        self.until(lambda: self.said(events, "step-failed") != [])
        failed = self.said(events, "step-failed")[0]
        self.assertEqual(failed["phase"], "claim")
        self.assertIn("another container has taken this task over, as attempt 2", failed["message"])
        self.assertEqual(json.loads((self.root / "data/result.json").read_text()), {"attempt": "2"})


class ContentionOnDisk(Contention, Contending):
    def test_a_container_that_was_killed_is_waited_for_until_it_counts_for_dead(self):
        first, _ = self.start()
        self.until(lambda: self.begun() == ["1"])
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        second, events = self.start()
        self.go.touch()
        self.assertEqual(self.ends(second), 0)
        self.assertEqual(self.begun(), ["1", "1"])
        self.until(lambda: self.said(events, "step-finished") != [])
        self.assertEqual(len(self.said(events, "claim-held")), 1)

    def test_a_container_that_is_stopped_frees_its_task_at_once(self):
        first, _ = self.start()
        self.until(lambda: self.begun() == ["1"])
        first.terminate()
        self.assertEqual(self.ends(first), 143)
        self.go.touch()
        second, events = self.start(2)
        self.assertEqual(self.ends(second), 0)
        self.assertEqual(self.begun(), ["1", "2"])
        self.until(lambda: self.said(events, "step-finished") != [])
        self.assertEqual(self.said(events, "claim-held"), [])


class ContentionOnS3(Contention, Contending, OwnServer):
    def setUp(self):
        OwnServer.setUp(self)
        Contending.setUp(self)
        self.location = f"s3://{BUCKET}/p"

    def place(self) -> dict:
        return self.environment


def end_group(child) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
