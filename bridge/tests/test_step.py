"""step.py as an engine runs it, each task a process of its own, with the spill on disk."""

import hashlib
import json
import os
import pathlib
import signal
import sys
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

from support import (
    DATASET,
    KEDRO,
    RUN_ID,
    SAVE_VERSION,
    ProjectTest,
    manifest,
    registry,
    run_step,
    start_step,
)

import step

NODES = """
    import os
    import time


    def numbers():
        return [1, 2, 3]


    def double(values):
        return [2 * value for value in values]


    def total(values):
        print("the total is", sum(values))
        return {"total": sum(values)}


    def fails(values):
        raise ValueError(f"the sum of {values} is odd")


    def exits(values):
        raise SystemExit(0)


    def sleeps(values):
        print("sleeping", flush=True)
        time.sleep(120)
"""

CHAIN = (
    'node(numbers, None, "raw", name="start"), node(double, "raw", "doubled", name="middle"),'
    ' node(total, "doubled", "result", name="end")'
)
CATALOG = """
    result:
      type: json.JSON$DATASET
      filepath: data/result.json
"""
TWO_TASKS = manifest({"first": ["start", "middle"], "second": ["end"]}, spills=[("doubled", "first", ["second"])])


def chain(**files) -> dict:
    return {
        "src/shop/nodes.py": NODES,
        "src/shop/pipeline_registry.py": registry(__default__=CHAIN),
        "conf/base/catalog.yml": CATALOG,
        **files,
    }


class TwoTasks(ProjectTest):
    def test_two_processes_exchange_what_the_catalog_does_not_persist(self):
        project, spill = self.project(chain()), self.spill()
        first = self.succeeds(run_step(project.root, TWO_TASKS, "first", spill=spill))
        second = self.succeeds(run_step(project.root, TWO_TASKS, "second", spill=spill))

        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"total": 12})
        self.assertIn("the total is 12", second.stdout)
        self.assertEqual(
            first.names(),
            ["step-started", "node-started", "node-finished", "node-started", "node-finished", "step-finished"],
        )
        self.assertEqual([event["node"] for event in first.of("node-finished")], ["start", "middle"])
        started, finished = first.one("step-started"), first.one("step-finished")
        self.assertEqual((started["task"], started["attempt"]), ("first", 1))
        self.assertRegex(started["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(finished["exitCode"], 0)
        self.assertGreater(finished["spilledBytes"], 0)
        self.assertGreater(finished["cpuSeconds"], 0)

        run = pathlib.Path(spill[len("file://") :]) / "runs" / RUN_ID
        self.assertEqual(json.loads((run / "run.json").read_text())["saveVersion"], SAVE_VERSION)
        marker = json.loads((run / "tasks/first/done.json").read_text())
        self.assertEqual([(item["dataset"]) for item in marker["outputs"]], ["doubled"])
        self.assertEqual([node["name"] for node in marker["nodes"]], ["start", "middle"])
        self.assertEqual((marker["attempt"], marker["saveVersion"]), (1, SAVE_VERSION))
        value = run / "data/doubled.pkl"
        self.assertEqual(marker["outputs"][0]["url"], f"file://{value}")
        self.assertEqual(marker["outputs"][0]["bytes"], value.stat().st_size)
        self.assertEqual(marker["outputs"][0]["sha256"], sha256(value))

    def test_a_task_that_is_done_is_not_run_again(self):
        project, spill = self.project(chain()), self.spill()
        self.succeeds(run_step(project.root, TWO_TASKS, "first", spill=spill))
        again = self.succeeds(run_step(project.root, TWO_TASKS, "first", spill=spill, attempt=2))
        self.assertEqual(again.names(), ["step-started", "task-already-done", "step-finished"])
        self.assertEqual(again.one("task-already-done")["doneAttempt"], 1)

    def test_a_dataframe_and_a_name_with_odd_characters_pass_unchanged(self):
        files = chain()
        files["src/shop/nodes.py"] = """
            import pandas as pd


            def make():
                index = pd.Index(["a", "b", "a"], name="key")
                return pd.DataFrame({"n": [1, 2, 3], "at": pd.to_datetime(["2026-01-01"] * 3), "s": ["x", None, "ü"]}, index)


            def check(frame):
                assert frame.equals(make()) and list(frame.dtypes) == list(make().dtypes), frame
                assert frame.index.name == "key"
                return {"rows": len(frame)}
        """
        name = "a.b:c d/ü"
        files["src/shop/pipeline_registry.py"] = registry(
            __default__=f'node(make, None, {name!r}, name="make"), node(check, {name!r}, "result", name="check")'
        )
        project, spill = self.project(files), self.spill()
        plan = manifest({"a": ["make"], "b": ["check"]}, spills=[(name, "a", ["b"])])
        self.succeeds(run_step(project.root, plan, "a", spill=spill))
        self.succeeds(run_step(project.root, plan, "b", spill=spill))
        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"rows": 3})

    def test_a_spilled_value_read_in_the_same_task_is_not_fetched_and_is_a_copy(self):
        """The spilled object is destroyed by the node between, so that only the local file can be what is loaded."""
        files = chain()
        files["src/shop/nodes.py"] = """
            import glob
            import os


            def numbers():
                return [1, 2, 3]


            def spoil(values, root):
                values.append(4)
                for path in glob.glob(root + "/runs/*/data/raw.pkl"):
                    open(path, "w").write("no pickle")
                return "spoilt"


            def total(values, spoilt):
                return {"total": sum(values)}
        """
        files["src/shop/pipeline_registry.py"] = registry(
            __default__='node(numbers, None, "raw", name="start"),'
            ' node(spoil, ["raw", "params:root"], "spoilt", name="spoil"),'
            ' node(total, ["raw", "spoilt"], "result", name="end")'
        )
        project, spill = self.project(files), self.spill()
        plan = manifest(
            {"all": ["start", "spoil", "end"]},
            spills=[("raw", "all", ["elsewhere"])],
            params={"root": spill[len("file://") :]},
        )
        self.succeeds(run_step(project.root, plan, "all", spill=spill))
        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"total": 6})

    def test_a_generator_node_is_finished_with_its_last_piece(self):
        files = chain()
        files["src/shop/nodes.py"] = """
            def pieces():
                for number in (1, 2, 3):
                    yield [number]


            def total(values):
                return {"total": sum(values)}
        """
        files["src/shop/pipeline_registry.py"] = registry(
            __default__='node(pieces, None, "raw", name="start"), node(total, "raw", "result", name="end")'
        )
        project, spill = self.project(files), self.spill()
        plan = manifest({"a": ["start"], "b": ["end"]}, spills=[("raw", "a", ["b"])])
        first = self.succeeds(run_step(project.root, plan, "a", spill=spill))
        self.assertEqual(first.names(), ["step-started", "node-started", "node-finished", "step-finished"])
        self.succeeds(run_step(project.root, plan, "b", spill=spill))
        # As with Kedro's own MemoryDataset, the last piece is what is kept.
        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"total": 3})


class Failures(ProjectTest):
    def failing(self, function: str) -> tuple:
        nodes = f'node(numbers, None, "raw", name="start"), node({function}, "raw", "never", name="bad")'
        files = chain(**{"src/shop/pipeline_registry.py": registry(__default__=nodes)})
        return self.project(files), manifest({"all": ["start", "bad"]})

    def test_a_node_that_raises_is_named_with_its_traceback_and_status_1(self):
        project, plan = self.failing("fails")
        spill = self.spill()
        answer = run_step(project.root, plan, "all", spill=spill)
        self.assertEqual(answer.status, 1)
        failed = answer.one("node-failed")
        self.assertEqual((failed["node"], failed["exception"]), ("bad", "ValueError"))
        self.assertEqual(failed["message"], "the sum of [1, 2, 3] is odd")
        self.assertIn("in fails", failed["traceback"])
        self.assertGreaterEqual(failed["seconds"], 0)
        self.assertEqual(answer.of("step-failed"), [])
        self.assertEqual(answer.one("step-finished")["exitCode"], 1)
        self.assertEqual(answer.stderr.count("\nValueError: the sum of [1, 2, 3] is odd"), 1)
        marker = pathlib.Path(spill[len("file://") :]) / "runs" / RUN_ID / "tasks/all/done.json"
        self.assertFalse(marker.exists())

    def test_a_node_that_exits_with_0_has_failed(self):
        project, plan = self.failing("exits")
        answer = run_step(project.root, plan, "all")
        self.assertEqual(answer.status, 1)
        self.assertEqual(answer.one("node-failed")["exception"], "SystemExit")

    def test_a_traceback_keeps_its_end_and_a_message_its_start_within_8_kib(self):
        project, plan = self.failing("fails")
        project.write({"src/shop/nodes.py": NODES + "\n\n    def fails(values):\n        raise ValueError('é' * 9000 + 'end')\n"})
        failed = run_step(project.root, plan, "all").one("node-failed")
        self.assertLessEqual(len(failed["traceback"].encode()), 8192)
        self.assertLessEqual(len(failed["message"].encode()), 8192)
        self.assertTrue(failed["traceback"].endswith("end\n"))

    def test_an_output_that_cannot_be_saved_fails_its_node(self):
        nodes = 'node(lambda: {"a": object()}, None, "result", name="bad")'
        project = self.project(chain(**{"src/shop/pipeline_registry.py": registry(__default__=nodes)}))
        answer = run_step(project.root, manifest({"all": ["bad"]}), "all")
        self.assertEqual(answer.status, 1)
        self.assertEqual(answer.one("node-failed")["node"], "bad")
        self.assertEqual(answer.of("node-finished"), [])

    def test_a_value_that_cannot_be_pickled_is_named_with_what_to_do(self):
        files = chain(**{"src/shop/nodes.py": NODES + "\n\n    def numbers():\n        return __import__('threading').Lock()\n"})
        answer = run_step(self.project(files).root, self.one_spill(), "first", spill=self.spill())
        self.assertEqual(answer.status, 1)
        failed = answer.one("step-failed")
        self.assertEqual(failed["phase"], "spill")
        self.assertRegex(failed["message"], "'raw' is a _thread.lock, which cannot be pickled")
        self.assertIn("Give it a catalog entry", failed["message"])
        self.assertEqual(answer.of("node-failed"), [])

    def test_what_only_cloudpickle_can_pickle_is_carried_by_it(self):
        change = "\n\n    def numbers():\n        return lambda: [5]\n\n\n    def double(values):\n        return values()\n"
        project, spill = self.project(chain(**{"src/shop/nodes.py": NODES + change})), self.spill()
        plan = manifest({"first": ["start"], "second": ["middle", "end"]}, spills=[("raw", "first", ["second"])])
        self.succeeds(run_step(project.root, plan, "first", spill=spill))
        self.succeeds(run_step(project.root, plan, "second", spill=spill))
        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"total": 5})

    @staticmethod
    def one_spill() -> dict:
        return manifest({"first": ["start"], "second": ["middle", "end"]}, spills=[("raw", "first", ["second"])])

    def test_a_missing_spilled_value_is_trouble_of_the_step(self):
        answer = run_step(self.project(chain()).root, TWO_TASKS, "second", spill=self.spill())
        self.assertEqual(answer.status, 70)
        failed = answer.one("step-failed")
        self.assertEqual(failed["phase"], "spill")
        self.assertRegex(failed["message"], r"'doubled' is not at file:///.*/data/doubled\.pkl")

    def test_trouble_before_the_nodes_names_its_phase(self):
        project = self.project(chain())
        plan = manifest({"first": ["start"], "renamed": ["gone"], "lost": ["end"]}, spills=[("doubled", "x", ["lost"])])
        cases = {
            "no such task": ("nowhere", {}, "manifest", "has no task 'nowhere'"),
            "no manifest": ("first", {"WHERRY_MANIFEST": ""}, "manifest", "WHERRY_PLAN is not set"),
            "absent manifest": (
                "first",
                {"WHERRY_MANIFEST": "", "WHERRY_PLAN": "file:///nowhere/plans/1.json"},
                "manifest",
                "there is nothing at file:///nowhere/plans/1.json",
            ),
            "bad location": ("first", {"WHERRY_SPILL": "gs://b"}, "manifest", "'gs://b' is no location"),
            "no spill": ("lost", {}, "manifest", "no spill location is set, and it would have to carry doubled"),
            "no version": ("first", {"WHERRY_SAVE_VERSION": ""}, "marker", "WHERRY_SAVE_VERSION is not set"),
            "no node": ("renamed", {}, "bootstrap", "the pipeline '__default__' has no node gone"),
        }
        for name, (task, change, where, message) in cases.items():
            with self.subTest(name):
                answer = run_step(project.root, plan, task, **change)
                self.assertEqual(answer.status, 70, answer.stderr)
                self.assertEqual(answer.one("step-failed")["phase"], where)
                self.assertIn(message, answer.one("step-failed")["message"])
                self.assertEqual(answer.one("step-finished")["exitCode"], 70)

    def test_a_project_that_cannot_be_set_up_names_its_phase(self):
        plan = manifest({"all": ["start"]})
        bad_catalog = "result:\n  type: nowhere.Dataset\n  filepath: x\n"
        cases = {
            "settings": ({"src/shop/settings.py": "import nowhere"}, "bootstrap", "ModuleNotFoundError"),
            "exit": ({"src/shop/pipeline_registry.py": "raise SystemExit(0)"}, "bootstrap", "SystemExit"),
            "registry": ({"src/shop/pipeline_registry.py": "import nowhere"}, "bootstrap", "ModuleNotFoundError"),
            "yaml": ({"conf/base/catalog.yml": "a: ["}, "catalog", None),
            "class": ({"conf/base/catalog.yml": bad_catalog}, None, None),
        }
        for name, (change, where, exception) in cases.items():
            with self.subTest(name):
                project = self.project(chain(**change))
                if name == "class":
                    project.write({"src/shop/pipeline_registry.py": registry(
                        __default__='node(lambda: {}, None, "result", name="start")')})
                answer = run_step(project.root, plan, "all")
                self.assertEqual(answer.status, 70, answer.stderr)
                failed = answer.one("step-failed")
                self.assertIn(failed["phase"], (where,) if where else ("catalog", "run"))
                if exception:
                    self.assertEqual(failed["exception"], exception)
                self.assertEqual(answer.of("node-started"), [])

    def test_a_pipeline_that_kedro_dropped_is_not_a_success(self):
        files = chain(
            **{
                "src/shop/pipelines/__init__.py": "",
                "src/shop/pipelines/train/__init__.py": "import nowhere",
                "src/shop/pipeline_registry.py": """
                    from kedro.framework.project import find_pipelines


                    def register_pipelines():
                        return find_pipelines()
                """,
            }
        )
        answer = run_step(self.project(files).root, manifest({"all": ["fit"]}, pipeline="train"), "all")
        self.assertEqual(answer.status, 70)
        self.assertIn("'train' is not in this project", answer.one("step-failed")["message"])

    def test_sigterm_is_reported_at_once_and_ends_with_143(self):
        for body in ("time.sleep(120)", "import hashlib; hashlib.pbkdf2_hmac('sha256', b'', b'', 500_000_000)"):
            with self.subTest(body):
                project, plan = self.failing("sleeps")
                project.write({"src/shop/nodes.py": NODES.replace("time.sleep(120)", body)})
                child, stream = start_step(project.root, plan, "all")
                with stream, child.stdout, child.stderr:
                    while "sleeping" not in child.stdout.readline():
                        self.assertIsNone(child.poll())
                    time.sleep(0.2)
                    child.send_signal(signal.SIGTERM)
                    asked = time.monotonic()
                    self.assertEqual(child.wait(timeout=30), 143)
                    self.assertLess(time.monotonic() - asked, 10)
                    events = [json.loads(line) for line in stream]
                self.assertEqual([event["event"] for event in events[-2:]], ["step-failed", "step-finished"])
                self.assertEqual(events[-2]["phase"], "run")
                self.assertIn("asked to stop", events[-2]["message"])
                self.assertEqual(events[-1]["exitCode"], 143)

    def test_what_a_node_prints_is_read_while_it_runs_and_after_it_was_killed(self):
        prints = """print("a line"); print("a warning", file=sys.stderr); print("a beginning", end="")"""
        waits = """open("printed", "w").close(); time.sleep(120)"""
        process = f"""import subprocess; subprocess.run([sys.executable, "-c", '''import sys, time; {prints}; {waits}'''])"""
        cases = (
            (f"{prints}; {waits}", signal.SIGKILL, "a line\n"),
            (f"{prints}; {waits}", signal.SIGTERM, "a line\na beginning"),
            (process, signal.SIGKILL, "a line\na beginning"),
        )
        for body, number, expected in cases:
            with self.subTest(body, number=number):
                project, plan = self.failing("sleeps")
                nodes = NODES.replace('print("sleeping", flush=True)', "import sys").replace("time.sleep(120)", body)
                project.write({"src/shop/nodes.py": nodes})
                child, stream = start_step(project.root, plan, "all")
                with stream:
                    until = time.monotonic() + 30
                    while not (project.root / "printed").exists() and time.monotonic() < until:
                        time.sleep(0.02)
                    os.killpg(child.pid, number)
                    stdout, stderr = child.communicate(timeout=30)
                self.assertTrue(stdout.endswith(expected), stdout)
                self.assertIn("a warning\n", stderr)

    def test_a_container_without_a_place_for_temporary_files_says_so(self):
        # A read-only root leaves Python no folder of those that it tries.
        prelude = "step.tempfile._candidate_tempdir_list = lambda: ['/nowhere']"
        child, stream = start_step(self.folder(), TWO_TASKS, "first", prelude=prelude)
        with stream:
            _, stderr = child.communicate(timeout=30)
            events = [json.loads(line) for line in stream]
        self.assertEqual(child.returncode, 70, stderr)
        self.assertEqual([event["event"] for event in events], ["step-started", "step-failed", "step-finished"])
        self.assertIn("readonlyRootFilesystem", events[1]["message"])
        self.assertIn("/nowhere", events[1]["message"])

    def test_a_worker_that_a_node_forks_and_stops_does_not_stop_the_task(self):
        change = """

    def numbers():
        import multiprocessing
        worker = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
        worker.start()
        time.sleep(0.3)
        worker.terminate()
        worker.join()
        time.sleep(0.3)
        return [1, 2, 3]
"""
        project = self.project(chain(**{"src/shop/nodes.py": NODES + change}))
        plan = manifest({"all": ["start", "middle", "end"]})
        for channel in ("fd", "spill"):
            with self.subTest(channel):
                spill = self.spill()
                more = {"WHERRY_EVENTS": "spill"} if channel == "spill" else {}
                answer = self.succeeds(run_step(project.root, plan, "all", spill=spill, **more))
                self.assertEqual(answer.of("step-failed"), [])
                self.assertIn("the total is 12", answer.stdout)

    def test_a_kedro_that_ran_none_of_the_nodes_is_not_a_success(self):
        settings = """
            from kedro.framework.session import KedroSession

            ran = KedroSession.run
            KedroSession.run = lambda self, node_names, **rest: ran(self, node_names=["start"], **rest)
        """
        project, spill = self.project(chain(**{"src/shop/settings.py": settings})), self.spill()
        answer = run_step(project.root, manifest({"all": ["start", "middle", "end"]}), "all", spill=spill)
        self.assertEqual(answer.status, 70)
        self.assertIn("did not run these nodes of the task: middle, end", answer.one("step-failed")["message"])
        self.assertFalse((pathlib.Path(spill[len("file://") :]) / "runs" / RUN_ID / "tasks/all/done.json").exists())


class Versions(ProjectTest):
    CATALOG = """
        raw:
          type: json.JSON$DATASET
          filepath: data/raw.json
          versioned: true
        result:
          type: json.JSON$DATASET
          filepath: data/result.json
          versioned: true
    """
    PLAN = manifest({"a": ["start"], "b": ["middle", "end"]}, catalog=[("raw", "a", ["b"])])

    def test_all_tasks_of_a_run_save_and_load_one_version(self):
        project, spill = self.project(chain(**{"conf/base/catalog.yml": self.CATALOG})), self.spill()
        self.succeeds(run_step(project.root, self.PLAN, "a", spill=spill))
        # Another run has saved a newer version meanwhile.
        project.write({"data/raw.json/2031-01-01T00.00.00.000Z/raw.json": "[1000]"})
        self.succeeds(run_step(project.root, self.PLAN, "b", spill=spill, WHERRY_SAVE_VERSION="not this one"))
        self.assertEqual([path.name for path in (project.root / "data/result.json").iterdir()], [SAVE_VERSION])
        self.assertEqual(self.result(project), {"total": 12})

    def test_a_load_version_that_was_asked_for_wins(self):
        project = self.project(chain(**{"conf/base/catalog.yml": self.CATALOG}))
        project.write({"data/raw.json/2020-01-01T00.00.00.000Z/raw.json": "[7]"})
        plan = {**self.PLAN, "loadVersions": {"raw": "2020-01-01T00.00.00.000Z"}}
        self.succeeds(run_step(project.root, plan, "b"))
        self.assertEqual(self.result(project), {"total": 14})

    def test_a_retry_saves_over_what_an_earlier_attempt_left(self):
        project = self.project(chain(**{"conf/base/catalog.yml": self.CATALOG}))
        project.write({f"data/raw.json/{SAVE_VERSION}/raw.json": "[half"})
        first = run_step(project.root, self.PLAN, "a")
        self.assertEqual(first.status, 1)
        self.assertIn("must not exist if versioning is enabled", first.one("node-failed")["message"])
        self.succeeds(run_step(project.root, self.PLAN, "a", attempt=2))
        self.succeeds(run_step(project.root, self.PLAN, "b", attempt=2))
        self.assertEqual(self.result(project), {"total": 12})

    def test_the_first_writer_of_an_object_wins(self):
        spill = step.open_spill(self.spill())
        spill.put_if_absent("a/k", b"first")
        spill.put_if_absent("a/k", b"second")
        self.assertEqual(spill.get_bytes("a/k"), b"first")

    def test_the_first_writer_of_run_json_wins(self):
        project, spill = self.project(chain(**{"conf/base/catalog.yml": self.CATALOG})), self.spill()
        plan = manifest({f"t{number}": ["start"] for number in range(3)})
        with ThreadPoolExecutor(3) as pool:
            answers = list(
                pool.map(
                    lambda number: run_step(
                        project.root, plan, f"t{number}", spill=spill, attempt=2, WHERRY_SAVE_VERSION=f"v{number}"
                    ),
                    range(3),
                )
            )
        for answer in answers:
            self.succeeds(answer)
        run = pathlib.Path(spill[len("file://") :]) / "runs" / RUN_ID
        winner = json.loads((run / "run.json").read_text())["saveVersion"]
        markers = [json.loads((run / f"tasks/t{number}/done.json").read_text())["saveVersion"] for number in range(3)]
        self.assertEqual(markers, [winner] * 3)
        self.assertEqual([path.name for path in (project.root / "data/raw.json").iterdir()], [winner])

    @staticmethod
    def result(project) -> dict:
        return json.loads((project.root / f"data/result.json/{SAVE_VERSION}/result.json").read_text())


class Paths(ProjectTest):
    def test_paths_are_rewritten_also_in_nested_and_partitioned_datasets(self):
        files = chain(
            **{
                "conf/base/catalog.yml": """
                    raw:
                      type: partitions.PartitionedDataset
                      path: data/raw/parts
                      dataset: json.JSON$DATASET
                      filename_suffix: .json
                    doubled:
                      type: Cached$DATASET
                      dataset:
                        type: json.JSON$DATASET
                        filepath: ./data/doubled.json
                    "res{rest}":
                      type: json.JSON$DATASET
                      filepath: data/raw/res{rest}.json
                    kept:
                      type: json.JSON$DATASET
                      filepath: other/kept.json
                """.replace("partitions.PartitionedDataset", PARTITIONED),
                "src/shop/nodes.py": """
                    def numbers():
                        return {"one": [1], "two": [2]}


                    def double(parts):
                        return [2 * load()[0] for load in parts.values()]


                    def total(values):
                        return {"total": sum(values)}
                """,
                "src/shop/pipeline_registry.py": registry(
                    __default__=CHAIN + ', node(total, "doubled", "kept", name="other")'
                ),
            }
        )
        project, target, deeper = self.project(files), self.folder(), self.folder()
        # The longest prefix decides, however the prefixes are written and ordered.
        paths = {"data/": f"file://{target}/data/", "./data/raw/": f"file://{deeper}/", "dat": "file:///nowhere/"}
        plan = manifest({"all": ["start", "middle", "end", "other"]}, paths=paths)
        self.succeeds(run_step(project.root, plan, "all"))
        self.assertEqual(json.loads((deeper / "parts/one.json").read_text()), [1])
        self.assertEqual(json.loads((target / "data/doubled.json").read_text()), [2, 4])
        self.assertEqual(json.loads((deeper / "result.json").read_text()), {"total": 6})
        self.assertFalse((project.root / "data").exists())
        self.assertTrue((project.root / "other/kept.json").exists())

    def test_the_local_root_is_where_relative_paths_lie(self):
        absolute = self.folder()
        catalog = f"raw:\n  type: json.JSON{DATASET}\n  filepath: {absolute}/raw.json\n"
        files = chain(**{"conf/base/catalog.yml": catalog, "conf/local/catalog.yml": CATALOG})
        project, users = self.project(files), self.folder()
        plan = manifest({"all": ["start", "middle", "end"]})
        self.succeeds(run_step(project.root, plan, "all", WHERRY_LOCAL_ROOT=str(users)))
        self.assertEqual(json.loads((users / "data/result.json").read_text()), {"total": 12})
        self.assertEqual(json.loads((absolute / "raw.json").read_text()), [1, 2, 3])
        self.assertFalse((project.root / "data").exists())

    def test_the_projects_own_config_loader_is_kept(self):
        settings = """
            from kedro.config import OmegaConfigLoader


            class Loader(OmegaConfigLoader):
                def __getitem__(self, key):
                    value = super().__getitem__(key)
                    if key == "catalog":
                        value["result"]["filepath"] = "data/by-loader.json"
                    return value


            CONFIG_LOADER_CLASS = Loader
            CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
        """
        project, users = self.project(chain(**{"src/shop/settings.py": settings})), self.folder()
        plan = manifest({"all": ["start", "middle", "end"]}, paths={"data/": f"file://{users}/"})
        self.succeeds(run_step(project.root, plan, "all"))
        self.assertTrue((users / "by-loader.json").exists())


class Hooks(ProjectTest):
    def test_the_projects_hooks_are_kept_and_what_they_put_into_the_catalog_stays(self):
        settings = """
            import json

            from kedro.framework.hooks import hook_impl
            from kedro.io import Memory$DATASET
            from kedro_datasets.json import JSON$DATASET


            class Hooks:
                @hook_impl
                def after_catalog_created(self, catalog):
                    for name, dataset in {
                        "raw": JSON$DATASET(filepath="data/by-hook.json"),
                        "doubled": Memory$DATASET(),
                    }.items():
                        if hasattr(catalog, "__setitem__"):
                            catalog[name] = dataset
                        else:
                            catalog.add(name, dataset)

                @hook_impl
                def before_node_run(self, node):
                    print("the project's own hook sees", node.name)


            HOOKS = (Hooks(),)
        """
        project, spill = self.project(chain(**{"src/shop/settings.py": settings})), self.spill()
        plan = manifest(
            {"a": ["start"], "b": ["middle"], "c": ["end"]}, spills=[("raw", "a", ["b"]), ("doubled", "b", ["c"])]
        )
        for task, node in {"a": "start", "b": "middle", "c": "end"}.items():
            answer = self.succeeds(run_step(project.root, plan, task, spill=spill))
            self.assertIn(f"the project's own hook sees {node}", answer.stdout)
        self.assertEqual(json.loads((project.root / "data/by-hook.json").read_text()), [1, 2, 3])
        spilled = pathlib.Path(spill[len("file://") :]) / "runs" / RUN_ID / "data"
        self.assertEqual([path.name for path in spilled.iterdir()], ["doubled.pkl"])
        self.assertEqual(json.loads((project.root / "data/result.json").read_text()), {"total": 12})

    def test_parameters_env_and_conf_source_reach_the_project(self):
        files = {
            "src/shop/nodes.py": NODES + "\n\n    def show(a, b):\n        return {'a': a, 'b': b}\n",
            "src/shop/pipeline_registry.py": registry(
                other='node(show, ["params:a", "params:b.c"], "result", name="show")'
            ),
            "settings/base/catalog.yml": CATALOG,
            "settings/base/parameters.yml": "a: 1\nb: {c: 2}\n",
            "settings/prod/parameters.yml": "a: 3\n",
        }
        project = self.project(files)
        plan = manifest(
            {"all": ["show"]}, pipeline="other", env="prod", confSource="settings", params={"b": {"c": "given"}}
        )
        self.succeeds(run_step(project.root, plan, "all"))
        result = json.loads((project.root / "data/result.json").read_text())
        self.assertEqual(result, {"a": 3, "b": "given"})

        at_start = json.dumps({"b.c": {"deep": "é"}, "a": 7})
        self.succeeds(run_step(project.root, plan, "all", WHERRY_PARAMS=at_start))
        result = json.loads((project.root / "data/result.json").read_text())
        self.assertEqual(result, {"a": 7, "b": {"deep": "é"}})


class Channels(ProjectTest):
    def test_events_on_stdout_carry_the_nonce(self):
        project = self.project(chain())
        answer = self.succeeds(run_step(project.root, TWO_TASKS, "first", spill=self.spill(), WHERRY_EVENTS="stdout:n0nce"))
        marked = [line for line in answer.stdout.splitlines() if line.startswith("::wherry::n0nce::")]
        events = [json.loads(line.split("::", 3)[3]) for line in marked]
        self.assertEqual((events[0]["event"], events[-1]["event"]), ("step-started", "step-finished"))

    def test_events_at_the_spill_are_one_growing_object(self):
        project, spill = self.project(chain()), self.spill()
        self.succeeds(run_step(project.root, TWO_TASKS, "first", spill=spill, attempt=3, WHERRY_EVENTS="spill"))
        path = pathlib.Path(spill[len("file://") :]) / "runs" / RUN_ID / "tasks/first/events-3.jsonl"
        events = [json.loads(line) for line in path.read_text().splitlines()]
        self.assertEqual((events[0]["event"], events[-1]["event"]), ("step-started", "step-finished"))
        self.assertEqual(len(events), 6)
        self.assertEqual({event["attempt"] for event in events}, {3})

    def test_events_at_the_spill_are_there_while_a_node_runs(self):
        nodes = 'node(numbers, None, "raw", name="start"), node(sleeps, "raw", "never", name="bad")'
        project = self.project(chain(**{"src/shop/pipeline_registry.py": registry(__default__=nodes)}))
        spill = self.spill()
        path = pathlib.Path(spill[len("file://") :]) / "runs" / RUN_ID / "tasks/all/events-1.jsonl"
        child, stream = start_step(
            project.root, manifest({"all": ["start", "bad"]}), "all", spill=spill, WHERRY_EVENTS="spill"
        )
        with stream, child.stdout, child.stderr:
            while "sleeping" not in child.stdout.readline():
                self.assertIsNone(child.poll())
            time.sleep(0.5)
            names = [json.loads(line)["event"] for line in path.read_text().splitlines()]
            child.send_signal(signal.SIGTERM)
            self.assertEqual(child.wait(timeout=30), 143)
        self.assertEqual(names, ["step-started", "node-started", "node-finished", "node-started"])
        names = [json.loads(line)["event"] for line in path.read_text().splitlines()]
        self.assertEqual(names[-2:], ["step-failed", "step-finished"])

    def test_a_put_that_failed_is_made_good_while_the_node_still_runs(self):
        written, complaints = [], []

        class Spill:
            refusals = 2

            def put_bytes(self, key, content):
                if self.refusals:
                    self.refusals -= 1
                    raise OSError("refused")
                written.append(content)

        with mock.patch("step.time.sleep"):
            growing = step.GrowingObject(Spill(), "k", complaints.append)
            growing.append("one\n")
            until = time.monotonic() + 10
            while not written and time.monotonic() < until:
                threading.Event().wait(0.01)
        self.assertEqual(written, [b"one\n"])
        self.assertEqual(len(complaints), 2)
        growing.append("two\n")
        growing.flush()
        self.assertEqual(written[-1], b"one\ntwo\n")

    def test_a_broken_channel_is_complained_of_once_and_kills_nothing(self):
        project = self.project(chain())
        for channel in ("fd:99", "fd:x", "spill"):
            with self.subTest(channel):
                plan = manifest({"all": ["start", "middle", "end"]})
                answer = self.succeeds(run_step(project.root, plan, "all", WHERRY_EVENTS=channel))
                self.assertEqual(answer.stderr.count("wherry: events cannot be reported"), 1)


class Process(ProjectTest):
    def test_kedros_log_is_not_wrapped(self):
        long = "node_" + "x" * 150
        nodes = f'node(numbers, None, "raw", name={long!r})'
        project = self.project(chain(**{"src/shop/pipeline_registry.py": registry(__default__=nodes)}))
        plan = manifest({"all": [long]})
        answer = self.succeeds(run_step(project.root, plan, "all"))
        self.assertIn(long, answer.stdout + answer.stderr)
        narrow = self.succeeds(run_step(project.root, plan, "all", COLUMNS="80"))
        self.assertNotIn(long, narrow.stdout + narrow.stderr)

    def test_nothing_is_left_in_the_temporary_folder(self):
        project, temporary = self.project(chain()), self.folder()
        self.succeeds(run_step(project.root, TWO_TASKS, "first", spill=self.spill(), TMPDIR=str(temporary)))
        self.assertEqual([path.name for path in temporary.iterdir() if path.name.startswith("wherry-")], [])

    def test_a_task_without_a_spill_needs_none(self):
        project = self.project(chain())
        answer = self.succeeds(run_step(project.root, manifest({"all": ["start", "middle", "end"]}), "all"))
        self.assertEqual(answer.one("step-finished")["spilledBytes"], 0)

    def test_the_manifest_is_read_from_a_url(self):
        project, spill = self.project(chain()), self.spill()
        place = pathlib.Path(spill[len("file://") :]) / "plans/abc.json"
        place.parent.mkdir()
        place.write_text(json.dumps(TWO_TASKS))
        more = {"WHERRY_MANIFEST": "", "WHERRY_PLAN": f"{spill}/plans/abc.json"}
        self.succeeds(run_step(project.root, TWO_TASKS, "first", spill=spill, **more))


# Where PartitionedDataset is: in Kedro itself in 0.18, in kedro-datasets after.
PARTITIONED = "partitions.PartitionedDataset" if KEDRO >= (0, 19) else "PartitionedDataSet"


def sha256(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    unittest.main()
