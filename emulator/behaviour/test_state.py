import json
import signal
import unittest

from support import AWSLOGS, Emulator, codes, container, is_alive, temporary_folder


def sleepers(aws) -> tuple[dict, list[int]]:
    """A task whose container and a child of it run until they are killed, and their pids."""
    aws.register("sleepers", container("sleep 300 & echo $$ $!; wait"))
    task = aws.until(aws.run("sleepers"), "RUNNING")
    return task, [int(pid) for pid in aws.first_line(task).split()]


MODES = {
    "blocking": {"mode": "blocking"},
    "default": {},
    "lossy": {"mode": "non-blocking", "max-buffer-size": "1k"},
}


def logging(options: dict) -> dict:
    """A container that writes faster than its lines are delivered."""
    prints = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo "line number $i of all"; done'
    return container(prints, logConfiguration={**AWSLOGS, "options": {**AWSLOGS["options"], **options}})


class State(unittest.TestCase):
    """Three emulators on one state folder, one after the other: the first is ended, the second killed, the third has options."""

    @classmethod
    def setUpClass(cls):
        cls.state = temporary_folder()
        first = Emulator(state=cls.state).open_account()
        cls.about = json.loads((cls.state / "emulator.json").read_text())
        cls.first_url, cls.first_pid = first.url, first.process.pid
        cls.second_while_first = Emulator(state=cls.state, ready=False).process.wait()
        first.s3.create_bucket(Bucket="kept", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        first.s3.put_object(Bucket="kept", Key="a/b", Body=b"hello", Metadata={"k": "v"})
        first.ask("POST", "/_emulator/time", {"advanceSeconds": 5000})
        cls.ended_task, pids = sleepers(first)
        cls.exit_code = first.end()
        cls.left_by_ended = [pid for pid in pids if is_alive(pid)]
        cls.s3_after_end = first.s3_answers()
        cls.json_after_end = (cls.state / "emulator.json").exists()

        second = Emulator(state=cls.state)
        cls.after_end = second.described(cls.ended_task)
        cls.lines_after_end = second.lines(cls.ended_task)
        cls.cluster_after_end = second.ecs.describe_clusters(clusters=["tests"])["clusters"]
        cls.object_after_end = second.s3.get_object(Bucket="kept", Key="a/b")
        cls.time_after_end = second.ask("GET", "/_emulator/time")[2]["aheadSeconds"]
        cls.killed_task, pids = sleepers(second)
        cls.revision = second.ecs.describe_task_definition(taskDefinition="sleepers")["taskDefinition"]["revision"]
        second.s3.put_object(Bucket="kept", Key="last", Body=b"before the kill")
        second.end(signal.SIGKILL)
        (cls.state / "s3" / "dropped" / "in").mkdir(parents=True)
        (cls.state / "s3" / "dropped" / "in" / "file").write_text("by hand")

        third = Emulator("--advance", "100", "--log-rate", "20000", state=cls.state, time_scale=None)
        cls.addClassCleanup(third.end)
        while any(is_alive(pid) for pid in pids):
            pass
        cls.after_kill = third.described(cls.killed_task)
        cls.time_after_kill = third.ask("GET", "/_emulator/time")[2]["aheadSeconds"]
        cls.at_own_pace = third.ran()
        cls.written = {mode: third.lines(third.ran(logging(options))) for mode, options in MODES.items()}
        cls.dropped = third.s3.get_object(Bucket="dropped", Key="in/file")["Body"].read()
        cls.object_after_kill = third.s3.get_object(Bucket="kept", Key="last")["Body"].read()

    def test_state_kept(self):
        self.assertEqual(self.after_end["taskArn"], self.ended_task["taskArn"])
        self.assertEqual(len(self.lines_after_end), 1)
        self.assertEqual([cluster["status"] for cluster in self.cluster_after_end], ["ACTIVE"])
        self.assertEqual(self.revision, 2)
        self.assertEqual(self.object_after_end["Body"].read(), b"hello")
        self.assertEqual(self.object_after_end["Metadata"], {"k": "v"})

    def test_state_after_a_kill(self):
        self.assertEqual(self.object_after_kill, b"before the kill")
        self.assertEqual(self.after_kill["taskArn"], self.killed_task["taskArn"])

    def test_state_emulator_json(self):
        self.assertEqual((self.about["pid"], self.about["endpoints"]["ecs"]), (self.first_pid, self.first_url))
        self.assertFalse(self.json_after_end)

    def test_state_one_emulator(self):
        self.assertEqual(self.second_while_first, 1)

    def test_task_of_an_emulator_that_ends(self):
        self.assertEqual((self.exit_code, self.left_by_ended, self.s3_after_end), (0, [], False))
        self.assertEqual((self.after_end["lastStatus"], self.after_end["stopCode"]), ("STOPPED", "TerminationNotice"))
        self.assertRegex(self.after_end["stoppedReason"], "maintenance on the underlying infrastructure hosting the task")

    def test_task_of_a_killed_emulator(self):
        self.assertEqual((self.after_kill["lastStatus"], codes(self.after_kill)), ("STOPPED", {"main": None}))
        self.assertNotIn("stopCode", self.after_kill)

    def test_task_time_scale(self):
        took = self.at_own_pace["stoppedAt"] - self.at_own_pace["createdAt"]
        self.assertGreater(took.total_seconds(), 31 / 100)

    def test_container_log_modes(self):
        counts = {mode: len(lines) for mode, lines in self.written.items()}
        self.assertEqual((counts["blocking"], counts["default"]), (300, 300))
        self.assertLess(counts["lossy"], 200)
        self.assertEqual(self.written["lossy"][0], "line number 1 of all")

    def test_s3_dropped_file(self):
        self.assertEqual(self.dropped, b"by hand")

    def test_time_remembered(self):
        self.assertEqual((self.time_after_end, self.time_after_kill), (5000, 5100))
