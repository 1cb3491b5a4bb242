"""Nodes of every shape, planned by the names that describe.py gives them and run by step.py."""

import json
import signal
import time
import unittest

from support import KEDRO, ProjectTest, describe, manifest, registry, run_step, start_step

NODES = """
    import os
    import pathlib


    def note(name):
        with open(os.environ["NOTES"], "a") as notes:
            notes.write(name + "\\n")


    def make():
        note("make")
        return {"n": 20}


    def grow(value, by):
        note("grow")
        return {"n": value["n"] + by}


    def split(value):
        note("split")
        return value["n"], {"n": value["n"]}


    def tell(number):
        note("tell")
        print("told", number)


    def quiet():
        note("quiet")
        return 1
"""

REGISTRY = """
    from kedro.pipeline import node, pipeline

    from .nodes import grow, make, quiet, split, tell


    def register_pipelines():
        inner = pipeline([node(grow, ["seed@one", "params:by"], "grown"), node(split, "grown", ["number", "copy"])])
        outer = pipeline(
            [
                node(make, None, "seed@one"),
                node(tell, "deep.er.number", None),
                node(quiet, None, "deep.er.nobody", name="quiet-one_1"),
            ]
        )
        return {
            "shapes": outer + pipeline(inner, namespace="deep.er", inputs={"seed@one"}, parameters={"params:by"})
        }
"""


def shapes(**files) -> dict:
    return {
        "src/shop/nodes.py": NODES,
        "src/shop/pipeline_registry.py": REGISTRY,
        "conf/base/parameters.yml": "by: 1\n",
        "conf/base/catalog.yml": "deep.er.copy: {type: json.JSON$DATASET, filepath: data/copy.json}\n",
        **files,
    }


class Shapes(ProjectTest):
    """Unnamed and namespaced nodes, nodes without inputs or outputs, a transcoded name that is in memory."""

    def test_every_node_runs_once_in_its_task_under_the_name_that_was_described(self):
        project, spill = self.project(shapes()), self.spill()
        document, _ = describe(project.root)
        self.assertEqual(document["problems"], [])
        self.assertEqual(list(document["pipelines"]), ["shapes"])
        name = {node["function"]: name for name, node in document["nodes"].items()}
        # Unnamed nodes are called otherwise in each Kedro: a plan must have been made with the Kedro that runs it.
        self.assertTrue(name["make"].startswith("make(None)" if KEDRO < (1, 0) else "make__"), name["make"])
        self.assertTrue(name["grow"].startswith("deep.er."), name["grow"])
        self.assertEqual(document["nodes"][name["tell"]]["outputs"], [])

        tasks = {
            "first": [name["make"], name["quiet"]],
            "second": [name["grow"], name["split"]],
            "third": [name["tell"]],
        }
        spills = [("seed", "first", ["second"]), ("deep.er.number", "second", ["third"])]
        plan = manifest(tasks, pipeline="shapes", spills=spills, params={"by": 22})
        notes = self.folder() / "notes"
        for task in tasks:
            answer = self.succeeds(run_step(project.root, plan, task, spill=spill, NOTES=str(notes)))
            self.assertEqual(sorted(event["node"] for event in answer.of("node-finished")), sorted(tasks[task]))
        self.assertIn("told 42", answer.stdout)
        self.assertEqual(json.loads((project.root / "data/copy.json").read_text()), {"n": 42})

        # A second container of a task that is done, as a scheduler may start by mistake, runs no node again.
        again = self.succeeds(run_step(project.root, plan, "third", spill=spill, attempt=2, NOTES=str(notes)))
        self.assertEqual(again.one("task-already-done")["doneAttempt"], 1)
        self.assertEqual(sorted(notes.read_text().split()), ["grow", "make", "quiet", "split", "tell"])


class Blame(ProjectTest):
    def test_an_input_that_cannot_be_loaded_fails_the_node_that_reads_it(self):
        files = shapes()
        files["src/shop/pipeline_registry.py"] = registry(
            __default__='node(make, None, "seed", name="one"), node(len, ["seed2"], "two", name="reader")'
            ', node(len, "two", "three", name="after")'
        )
        files["conf/base/catalog.yml"] = "seed2: {type: json.JSON$DATASET, filepath: data/absent.json}\n"
        project, plan = self.project(files), manifest({"all": ["one", "reader", "after"]})
        answer = run_step(project.root, plan, "all", NOTES=str(self.folder() / "notes"))
        self.assertEqual(answer.status, 1)
        failed = answer.one("node-failed")
        self.assertEqual((failed["node"], failed["exception"]), ("reader", "DatasetError"))
        self.assertIn("absent.json", failed["message"])
        self.assertEqual(answer.of("step-failed"), [])
        self.assertNotIn("after", [event["node"] for event in answer.of("node-started")])
        self.assertEqual(answer.stderr.count(failed["traceback"][-300:]), 1)

    def test_a_generator_inside_a_value_is_named_by_the_value_it_is_in(self):
        files = shapes()
        files["src/shop/nodes.py"] = "def make():\n    return {'rows': (n for n in [1])}\n"
        files["src/shop/pipeline_registry.py"] = registry(
            __default__='node(make, None, "rows", name="one"), node(list, "rows", "two", name="two")'
        )
        plan = manifest({"a": ["one"], "b": ["two"]}, spills=[("rows", "a", ["b"])])
        answer = run_step(self.project(files).root, plan, "a", spill=self.spill())
        self.assertEqual(answer.status, 1)
        failed = answer.one("step-failed")
        self.assertEqual((failed["phase"], answer.of("node-finished")), ("spill", []))
        self.assertRegex(failed["message"], r"^'rows' is a builtins\.dict, which cannot be pickled .*generator")


class Noise(ProjectTest):
    def test_a_project_that_prints_and_logs_a_lot_disturbs_no_event(self):
        files = shapes()
        files["src/shop/nodes.py"] = """
            import logging
            import os
            import subprocess
            import sys


            def make():
                for number in range(200):
                    print("x" * 5000)
                    sys.stderr.write("y" * 5000 + "\\n")
                os.write(1, b"no newline")
                # A child that closes what it did not open, as a daemon does.
                subprocess.run([sys.executable, "-c", "import os; os.closerange(3, 256)"], close_fds=False, check=True)
                for number in range(500):
                    logging.getLogger("shop").warning("line %d ::wherry::nonce::{}", number)
                return 1
        """
        files["src/shop/pipeline_registry.py"] = registry(__default__='node(make, None, "nothing", name="loud")')
        project, plan = self.project(files), manifest({"all": ["loud"]})
        answer = self.succeeds(run_step(project.root, plan, "all"))
        self.assertEqual(answer.names(), ["step-started", "node-started", "node-finished", "step-finished"])
        self.assertEqual(answer.stdout.count("x" * 5000), 200)
        self.assertEqual(answer.stderr.count("y" * 5000), 200)
        self.assertIn("line 499", answer.stdout + answer.stderr)

    def test_it_ends_when_the_reader_of_its_events_is_gone(self):
        settings = {"src/shop/settings.py": "import time\nprint('importing', flush=True)\ntime.sleep(60)"}
        project, plan = self.project(shapes(**settings)), manifest({"all": ["quiet-one_1"]}, pipeline="shapes")
        child, stream = start_step(project.root, plan, "all")
        while "importing" not in child.stdout.readline():
            pass
        stream.close()
        _, stderr = child.communicate(timeout=30)
        self.assertEqual(child.returncode, -signal.SIGKILL, stderr)

    def test_a_stop_while_the_project_is_imported_is_reported(self):
        project = self.project(shapes(**{"src/shop/settings.py": "import time\nprint('importing', flush=True)\ntime.sleep(60)"}))
        child, stream = start_step(project.root, manifest({"all": ["quiet-one_1"]}, pipeline="shapes"), "all")
        while "importing" not in child.stdout.readline():
            self.assertIsNone(child.poll())
        began = time.monotonic()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=30)
        self.assertLess(time.monotonic() - began, 10)
        with stream:
            events = [json.loads(line) for line in stream]
        self.assertEqual(child.returncode, 143)
        self.assertEqual([event["event"] for event in events], ["step-started", "step-failed", "step-finished"])


class Workers(ProjectTest):
    def test_a_worker_that_is_stopped_before_it_runs_at_all_dies_alone(self):
        """A pool may stop a worker at once; it has inherited all by which the step hears of its own stop."""
        files = shapes()
        files["src/shop/nodes.py"] = """
            import os
            import signal
            import time


            def make():
                ends = []
                for _ in range(200):
                    worker = os.fork()
                    if worker == 0:
                        time.sleep(2)
                        os._exit(0)
                    os.kill(worker, signal.SIGTERM)
                    ends.append(os.waitpid(worker, 0)[1])
                assert ends == [signal.SIGTERM] * 200, ends
                return 1
        """
        files["src/shop/pipeline_registry.py"] = registry(__default__='node(make, None, "nothing", name="pool")')
        answer = self.succeeds(run_step(self.project(files).root, manifest({"all": ["pool"]}), "all"))
        self.assertEqual(answer.names(), ["step-started", "node-started", "node-finished", "step-finished"])


if __name__ == "__main__":
    unittest.main()
