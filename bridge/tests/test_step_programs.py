"""step.py on the nodes of a pipeline.yml: programs that find their files' paths in their environment."""

import hashlib
import json
import pathlib
import signal
import time

from support import ProjectTest, manifest, run_step, start_step


def programs(nodes: dict, datasets=None) -> dict:
    """`nodes`: name to (command, inputs, outputs), a command being words or a text for a shell."""

    def variables(kind: str, names) -> dict:
        return {name: f"WHERRY_{kind}_{name.upper().replace('.', '_')}" for name in names}

    entries = {
        name: {
            "command": ["sh", "-c", command] if isinstance(command, str) else command,
            "env": {"OWN": f"of {name}"},
            "inputs": variables("IN", inputs),
            "outputs": variables("OUT", outputs),
        }
        for name, (command, inputs, outputs) in nodes.items()
    }
    return {"nodes": entries, "datasets": datasets or {}}


class ProgramsTest(ProjectTest):
    def run_node(self, command, inputs=(), outputs=(), datasets=None, root=None, **options):
        plan = manifest({"t": ["n"]}, programs=programs({"n": (command, inputs, outputs)}, datasets))
        return run_step(root or self.folder(), plan, "t", spill=self.spill(), **options)

    def test_files_pass_between_nodes_tasks_and_places(self):
        root, spill = self.folder(), self.spill()
        (root / "data").mkdir()
        (root / "data" / "raw.csv").write_text("b\na\n")
        nodes = {
            "sort": ('sort "$WHERRY_IN_RAW" > "$WHERRY_OUT_SORTED_TXT"; echo "$OWN"', ["raw"], ["sorted.txt"]),
            "first": ('head -n 1 "$WHERRY_IN_SORTED_TXT" > "$WHERRY_OUT_FIRST"', ["sorted.txt"], ["first"]),
            "last": (["cp", "made.txt", "made.txt"], ["first", "sorted.txt"], ["report"]),
        }
        script = "import os; e = os.environ; open(e['WHERRY_OUT_REPORT'], 'w').write("
        script += "open(e['WHERRY_IN_FIRST']).read() + e['WHERRY_IN_SORTED_TXT'].rsplit('/')[-1])"
        nodes["last"] = (["python3", "-c", script], *nodes["last"][1:])
        datasets = {"raw": "data/raw.csv", "report": "out/report.txt"}
        plan = manifest(
            {"one": ["sort", "first"], "two": ["last"]},
            spills=[("sorted.txt", "one", ["two"]), ("first", "one", ["two"])],
            programs=programs(nodes, datasets),
        )
        one = self.succeeds(run_step(root, plan, "one", spill=spill))
        self.assertEqual(one.stdout, "of sort\n")
        self.assertEqual([event["node"] for event in one.of("node-finished")], ["sort", "first"])
        self.succeeds(run_step(root, plan, "two", spill=spill))
        self.assertEqual((root / "out" / "report.txt").read_text(), "a\nsorted.txt")

        kept = next(pathlib.Path(spill[7:]).glob("runs/*/data/sorted.txt"))
        self.assertEqual(kept.read_text(), "a\nb\n")
        marker = json.loads(next(pathlib.Path(spill[7:]).glob("runs/*/tasks/one/done.json")).read_text())
        sums = {item["dataset"]: item["sha256"] for item in marker["outputs"]}
        self.assertEqual(sums["first"], hashlib.sha256(b"a\n").hexdigest())
        self.assertEqual(run_step(root, plan, "one", spill=spill).names()[-2:], ["task-already-done", "step-finished"])

    def test_local_paths_are_the_users_own_or_elsewhere(self):
        home, elsewhere = self.folder(), self.folder()
        (home / "in put.csv").write_text("1")
        copy = 'cp "$WHERRY_IN_A" "$WHERRY_OUT_B"'
        answer = self.run_node(copy, ["a"], ["b"], {"a": "./in put.csv", "b": "b%20.csv"}, WHERRY_LOCAL_ROOT=str(home))
        self.succeeds(answer)
        self.assertEqual((home / "b%20.csv").read_text(), "1")
        plan = manifest(
            {"t": ["n"]},
            programs=programs({"n": (copy, ["a"], ["b"])}, {"a": f"file://{home}/in%20put.csv", "b": "data/b.csv"}),
            paths={"data/": f"file://{elsewhere}/"},
        )
        self.succeeds(run_step(self.folder(), plan, "t", spill=self.spill()))
        self.assertEqual((elsewhere / "b.csv").read_text(), "1")

    def test_a_program_that_fails_is_the_nodes_failure(self):
        for command, said in (
            ("exit 3", "its command ended with exit status 3"),
            ("kill -KILL $$", "its command was killed by signal 9 (Killed)"),
            (["no-such-program"], "the program 'no-such-program' cannot be started: not in the image"),
        ):
            answer = self.run_node(command)
            self.assertEqual(answer.status, 1)
            failed = answer.one("node-failed")
            self.assertEqual((failed["node"], failed["exception"]), ("n", "ProgramFailed"))
            self.assertIn(said, failed["message"])
            self.assertNotIn("Traceback", answer.stderr)

    def test_an_output_that_is_not_written_is_a_failure(self):
        answer = self.run_node("true", outputs=["made"])
        self.assertEqual(answer.status, 1)
        self.assertEqual(
            answer.one("node-failed")["message"], "it wrote its output 'made' as nothing: the path is in WHERRY_OUT_MADE"
        )
        answer = self.run_node('mkdir "$WHERRY_OUT_MADE"', outputs=["made"])
        self.assertIn("as a folder", answer.one("node-failed")["message"])

    def test_outputs_of_a_failed_program_are_not_kept(self):
        root = self.folder()
        answer = self.run_node('echo half > "$WHERRY_OUT_MADE"; exit 1', (), ["made"], {"made": "made.txt"}, root)
        self.assertEqual(answer.status, 1)
        self.assertFalse((root / "made.txt").exists())

    def test_an_input_that_is_not_there_is_named_with_its_place(self):
        answer = self.run_node("true", ["raw"], datasets={"raw": "data/raw.csv"})
        self.assertEqual(answer.status, 70)
        failed = answer.one("step-failed")
        self.assertEqual((failed["phase"], failed["message"]), ("catalog", "there is no 'raw' at data/raw.csv"))

    def test_a_program_sees_nothing_of_the_steps_own(self):
        answer = self.succeeds(self.run_node("env; ls /proc/self/fd | wc -l"))
        for name in ("WHERRY_MANIFEST", "WHERRY_EVENTS"):
            self.assertNotIn(name, answer.stdout)
        self.assertIn("WHERRY_RUN_ID", answer.stdout)

    def test_it_ends_when_whoever_started_it_is_gone(self):
        root = self.folder()
        command = "trap 'echo stopped > told; exit 0' TERM; echo ready > ready; while :; do sleep 0.05; done"
        plan = manifest({"t": ["n"]}, programs=programs({"n": (command, (), ())}))
        child, events = start_step(root, plan, "t")
        while not (root / "ready").exists():
            time.sleep(0.02)
        events.close()
        child.communicate(timeout=60)
        self.assertEqual(child.returncode, -signal.SIGKILL, "with all that it had started")
        self.assertEqual((root / "told").read_text(), "stopped\n")

    def test_a_stop_reaches_the_program(self):
        root = self.folder()
        command = "trap 'echo stopped > told; exit 0' TERM; echo ready > ready; while :; do sleep 0.05; done"
        plan = manifest({"t": ["n"]}, programs=programs({"n": (command, (), ())}))
        child, events = start_step(root, plan, "t")
        with events:
            while not (root / "ready").exists():
                time.sleep(0.02)
            child.send_signal(signal.SIGTERM)
            _, stderr = child.communicate(timeout=60)
            names = [json.loads(line)["event"] for line in events]
        self.assertEqual(child.returncode, 143, stderr)
        self.assertEqual((root / "told").read_text(), "stopped\n")
        self.assertEqual(names[-2:], ["step-failed", "step-finished"])
        self.assertNotIn("node-failed", names)
