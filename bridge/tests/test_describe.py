"""describe.py on small real projects."""

import json
import os
import subprocess
import sys
import time
import unittest

import kedro
from support import BRIDGE, DATASET, KEDRO, TIMEOUT, Folder, ProjectTest, describe, plain_environment, registry

NODES = """
    import functools


    def keep(function):
        @functools.wraps(function)
        def inner(*arguments):
            return function(*arguments)
        return inner


    def clean(raw, rows):
        return raw


    @keep
    @keep
    def train(frame, options):
        return frame


    def scale(frame, by):
        return frame


    halve = functools.partial(scale, by=0.5)


    class Model:
        def __call__(self, frame):
            return frame


    model = Model()
"""
REGISTRY = """
    from kedro.pipeline import node, pipeline

    from .nodes import *

    print("registering")


    def register_pipelines():
        features = pipeline(
            [
                node(clean, ["raw_orders", "params:min_rows"], "clean_orders@spark", name="clean", tags=["slow", "gpu"]),
                node(halve, "clean_orders@pandas", ["halved"], name="halve"),
            ],
            namespace="features",
            inputs={"raw_orders"},
            parameters={"params:min_rows"},
        )
        rest = pipeline(
            [
                node(train, ["features.halved", "parameters"], "fitted", name="train", confirms="raw_orders"),
                node(model, "fitted", "by_pattern_csv", name="predict"),
                node(lambda x: x, "by_pattern_csv", "plain", name="last"),
                node(len, "plain", "text", name="text"),
            ]
        )
        return {"__default__": features + rest, "features": features}
"""
CATALOG = """
    _csv: &csv
      type: pandas.CSV$DATASET

    raw_orders:
      <<: *csv
      filepath: s3://bucket/raw/orders.csv
      credentials: dev_s3

    features.clean_orders@pandas:
      type: pandas.Parquet$DATASET
      filepath: data/clean.parquet
      versioned: true
    features.clean_orders@spark:
      type: pandas.Parquet$DATASET
      filepath: data/other.parquet

    "{name}_csv":
      type: pandas.CSV$DATASET
      filepath: data/{name}.csv
      credentials: "{name}_login"

    plain:
      type: Memory$DATASET

    unused:
      type: pandas.CSV$DATASET
      filepath: data/unused.csv
"""
PARAMETERS = "min_rows: 3\nmodel:\n  depth: 2\n  optimizer: {rate: 0.12345}\n"


def shop(**files) -> dict:
    return {
        "src/shop/nodes.py": NODES,
        "src/shop/pipeline_registry.py": REGISTRY,
        "conf/base/catalog.yml": CATALOG,
        "conf/base/parameters.yml": PARAMETERS,
        **files,
    }


def with_entry(entry: str) -> dict:
    """A project whose one node reads `data`."""
    return {
        "src/shop/pipeline_registry.py": registry(__default__='node(len, "data", "out", name="n")'),
        "src/shop/nodes.py": "",
        "conf/base/catalog.yml": entry,
    }


class Shop(unittest.TestCase):
    """One look at one project; the tests read what was found."""

    @classmethod
    def setUpClass(cls):
        cls.project = Folder(shop())
        cls.addClassCleanup(cls.project.remove)
        cls.document, cls.stderr = describe(cls.project.root)
        assert cls.document["problems"] == [], cls.document["problems"]

    def test_says_what_and_where_it_is(self):
        names = ("version", "kedroVersion", "packageName", "projectName", "env", "baseEnv", "confSource")
        self.assertEqual(
            [self.document[name] for name in names], [1, kedro.__version__, "shop", "Shop", "local", "base", "conf"]
        )
        self.assertEqual(self.document["pythonVersion"], sys.version.split()[0])

    def test_what_the_project_prints_goes_to_stderr(self):
        self.assertIn("registering", self.stderr)

    def test_pipelines_have_their_nodes_in_order(self):
        order = ["features.clean", "features.halve", "train", "predict", "last", "text"]
        self.assertEqual(self.document["pipelines"], {"__default__": order, "features": order[:2]})

    def test_a_namespaced_node_keeps_the_order_of_its_inputs(self):
        self.assertEqual(
            self.document["nodes"]["features.clean"],
            {
                "function": "clean",
                "file": "src/shop/nodes.py",
                "line": 11,
                "inputs": ["raw_orders", "params:min_rows"],
                "outputs": ["features.clean_orders@spark"],
                "tags": ["gpu", "slow"],
                "namespace": "features",
                "confirms": [],
            },
        )

    def test_functions_are_found_behind_decorators_partials_and_objects(self):
        nodes = self.document["nodes"]
        found = {name: (node["function"], node["line"]) for name, node in nodes.items()}
        self.assertEqual(found["train"], ("train", 17))
        self.assertEqual(found["features.halve"], ("scale", 21))
        self.assertEqual(found["predict"], ("Model", 29))
        self.assertEqual(found["last"][0], "<lambda>")
        self.assertEqual(nodes["last"]["file"], "src/shop/pipeline_registry.py")
        self.assertEqual((nodes["text"]["function"], nodes["text"]["file"], nodes["text"]["line"]), ("len", None, None))
        self.assertEqual(nodes["train"]["confirms"], ["raw_orders"])

    def test_credentials_are_a_name_and_need_no_file(self):
        entry = self.document["datasets"]["raw_orders"]
        self.assertEqual((entry["credentials"], entry["path"]), ("dev_s3", "s3://bucket/raw/orders.csv"))

    def test_a_transcoded_name_has_its_own_entry(self):
        datasets = self.document["datasets"]
        self.assertEqual(self.document["nodes"]["features.halve"]["inputs"], ["features.clean_orders@pandas"])
        self.assertEqual(datasets["features.clean_orders@pandas"]["path"], "data/clean.parquet")
        self.assertTrue(datasets["features.clean_orders@pandas"]["versioned"])
        self.assertEqual(datasets["features.clean_orders@spark"]["path"], "data/other.parquet")
        self.assertFalse(datasets["features.clean_orders@spark"]["versioned"])

    def test_a_pattern_is_resolved_and_named(self):
        self.assertEqual(
            self.document["datasets"]["by_pattern_csv"],
            {
                "type": f"pandas.CSV{DATASET}",
                "path": "data/by_pattern.csv",
                "pathKey": "filepath",
                "table": None,
                "versioned": False,
                "credentials": "by_pattern_login",
                "pattern": "{name}_csv",
                "classError": None,
                "usesFsspec": True,
            },
        )

    def test_in_memory_is_null_unless_it_is_written_down(self):
        datasets = self.document["datasets"]
        self.assertEqual(datasets["plain"]["type"], f"Memory{DATASET}")
        self.assertIsNone(datasets["fitted"]["type"])

    def test_only_what_nodes_touch_is_listed(self):
        names = ["by_pattern_csv", "features.clean_orders@spark", "features.clean_orders@pandas", "features.halved"]
        self.assertEqual(sorted(self.document["datasets"]), sorted([*names, "fitted", "plain", "raw_orders", "text"]))

    def test_parameters_are_named_inner_ones_too_and_their_values_are_not_printed(self):
        self.assertEqual(
            self.document["parameters"], ["min_rows", "model", "model.depth", "model.optimizer", "model.optimizer.rate"]
        )
        self.assertNotIn("0.12345", json.dumps(self.document))


class Entries(ProjectTest):
    def entry(self, text: str) -> dict:
        document, _ = describe(self.project(with_entry(text)).root)
        self.assertEqual(document["problems"], [])
        return document["datasets"]["data"]

    def check(self, text: str, **expected) -> None:
        entry = self.entry(text)
        self.assertEqual({key: entry[key] for key in expected}, expected)

    def test_paths_tables_and_wrapped_datasets(self):
        inner = f"dataset: {{type: json.JSON{DATASET}, filepath: data/x.json, versioned: true, credentials: deep}}"
        self.check(
            f"data: {{type: Cached{DATASET}, {inner}}}",
            type=f"Cached{DATASET}",
            path="data/x.json",
            pathKey="filepath",
            versioned=True,
            credentials="deep",
        )
        self.check("data: {type: partitions.PartitionedDataset, path: data/p}", path="data/p", pathKey="path")
        self.check("data: {type: pandas.SQLTableDataset, table_name: t, credentials: db}", table="t", credentials="db")
        self.check("data: {type: a.B, filename: 'sftp://me:secret@host/x'}", path="sftp://***@host/x", pathKey="filename")
        self.check("data: {type: a.B, filepath: x, credentials: {key: very-secret}}", credentials="<inline>")

    def test_a_catch_all_of_the_users_counts_as_defined(self):
        self.check(
            '"{any}": {type: pandas.PickleDataset, filepath: "data/{any}.pkl"}',
            pattern="{any}",
            path="data/data.pkl",
            type="pandas.PickleDataset",
        )

    def test_the_most_specific_pattern_wins(self):
        self.check('"{a}": {type: x.Y}\n"d{b}": {type: x.Y, filepath: "{b}"}\n"{c}a": {type: x.Y}', pattern="d{b}", path="ata")

    def test_the_env_goes_over_base(self):
        files = with_entry("data: {type: a.B, filepath: data/base}")
        project = self.project({**files, "conf/prod/catalog.yml": "data: {type: a.B, filepath: 's3://b/prod'}"})
        for words, variables in ((["--env", "prod"], {}), ([], {"KEDRO_ENV": "prod"})):
            document, _ = describe(project.root, *words, **variables)
            self.assertEqual(document["env"], "prod")
            self.assertEqual(document["datasets"]["data"]["path"], "s3://b/prod")

    def test_another_conf_source_and_other_names_of_the_envs(self):
        files = with_entry("")
        files["src/shop/settings.py"] = """
            from kedro.config import OmegaConfigLoader

            CONFIG_LOADER_CLASS = OmegaConfigLoader
            CONFIG_LOADER_ARGS = {"base_env": "common", "default_run_env": "dev"}
        """
        files["settings/common/catalog.yml"] = "data: {type: a.B, filepath: data/common}"
        files["settings/dev/.gitkeep"] = ""
        document, _ = describe(self.project(files).root, "--conf-source", "settings")
        self.assertEqual(document["problems"], [])
        self.assertEqual((document["env"], document["baseEnv"], document["confSource"]), ("dev", "common", "settings"))
        self.assertEqual(document["datasets"]["data"]["path"], "data/common")


class Problems(ProjectTest):
    def only(self, files: dict, *words: str, **options) -> tuple:
        document, _ = describe(self.project(files, **options).root, *words)
        self.assertEqual(len(document["problems"]), 1, document["problems"])
        return document, document["problems"][0]

    def test_a_broken_import_names_file_line_and_error(self):
        nodes = NODES + "\n\n    import nowhere_to_be_found\n"
        document, problem = self.only(shop(**{"src/shop/nodes.py": nodes}))
        self.assertEqual((problem["kind"], problem["exception"]), ("import", "ModuleNotFoundError"))
        self.assertEqual(problem["message"], "No module named 'nowhere_to_be_found'")
        self.assertEqual((problem["file"], problem["line"]), ("src/shop/nodes.py", 36))
        self.assertIn("nowhere_to_be_found", problem["traceback"])
        self.assertEqual(document["packageName"], "shop")

    def test_a_syntax_error_lies_in_the_file_that_cannot_be_read(self):
        _, problem = self.only(shop(**{"src/shop/nodes.py": "x = 1\ndef broken(:\n"}))
        self.assertEqual((problem["exception"], problem["file"], problem["line"]), ("SyntaxError", "src/shop/nodes.py", 2))

    def test_settings_that_fail_and_a_project_that_exits_are_import_problems(self):
        _, problem = self.only(shop(**{"src/shop/settings.py": "import os\nimport nowhere"}))
        self.assertEqual((problem["kind"], problem["file"], problem["line"]), ("import", "src/shop/settings.py", 2))
        _, problem = self.only(shop(**{"src/shop/nodes.py": "raise SystemExit(3)"}))
        self.assertEqual((problem["kind"], problem["exception"]), ("import", "SystemExit"))

    def test_an_error_of_the_projects_own_is_not_replaced_by_what_caused_it(self):
        text = "try:\n    {}['a']\nexcept KeyError as error:\n    raise ValueError('set A first') from error\n"
        _, problem = self.only(shop(**{"src/shop/nodes.py": text}))
        self.assertEqual((problem["exception"], problem["message"], problem["line"]), ("ValueError", "set A first", 4))

    def test_what_kedro_says_of_a_node_is_kept(self):
        nodes = registry(__default__='node(lambda x: x, ["data", "more"], "out", name="n")')
        _, problem = self.only({**with_entry(""), "src/shop/pipeline_registry.py": nodes})
        self.assertEqual((problem["kind"], problem["exception"]), ("import", "TypeError"))
        self.assertIn("Inputs of '<lambda>' function expected", problem["message"])
        self.assertEqual((problem["file"], problem["line"]), ("src/shop/pipeline_registry.py", 7))

    def test_a_module_that_the_registry_asks_kedro_to_insist_on_is_named_itself(self):
        files = {**self.DROPPED}
        name = "src/shop/pipeline_registry.py"
        files[name] = files[name].replace("find_pipelines()", "find_pipelines(raise_errors=True)")
        _, problem = self.only(files)
        self.assertEqual(problem["kind"], "import")
        if KEDRO >= (0, 19):  # Before, it cannot be asked to.
            self.assertEqual(problem["message"], "No module named 'nowhere_to_be_found'")
            self.assertEqual(problem["file"], "src/shop/pipelines/train/pipeline.py")

    DROPPED = {
        "src/shop/pipeline_registry.py": """
            from kedro.framework.project import find_pipelines


            def register_pipelines():
                found = find_pipelines()
                found["__default__"] = sum(found.values())
                return found
        """,
        "src/shop/pipelines/__init__.py": "",
        "src/shop/pipelines/good/__init__.py": """
            from kedro.pipeline import node, pipeline


            def create_pipeline(**kwargs):
                return pipeline([node(len, "data", "out", name="good_node")])
        """,
        "src/shop/pipelines/train/__init__.py": "from .pipeline import create_pipeline\n",
        "src/shop/pipelines/train/pipeline.py": "import os\n\nimport nowhere_to_be_found\n",
        "conf/base/catalog.yml": "data: {type: a.B, filepath: x}",
    }

    def test_a_pipeline_that_kedro_drops_is_reported(self):
        document, problem = self.only(self.DROPPED)
        self.assertEqual((problem["kind"], problem["exception"]), ("pipeline-dropped", "ModuleNotFoundError"))
        self.assertEqual(problem["module"], "shop.pipelines.train")
        self.assertEqual((problem["file"], problem["line"]), ("src/shop/pipelines/train/pipeline.py", 3))
        self.assertEqual(document["pipelines"]["good"], ["good_node"])
        self.assertEqual(document["datasets"]["data"]["path"], "x")

    def test_a_dropped_pipeline_that_was_asked_for_is_not_called_unknown(self):
        document, problem = self.only(self.DROPPED, "--pipeline", "train")
        self.assertEqual(problem["kind"], "pipeline-dropped")
        self.assertEqual(document["pipelines"], {})

    def test_other_pipelines_are_not_imported_when_one_is_asked_for(self):
        document, _ = describe(self.project(self.DROPPED).root, "--pipeline", "good")
        # Before 1.5, Kedro imports them all.
        kinds = [] if KEDRO >= (1, 5) else ["pipeline-dropped"]
        self.assertEqual([problem["kind"] for problem in document["problems"]], kinds)
        self.assertEqual(document["pipelines"], {"good": ["good_node"]})

    def test_only_what_the_asked_pipeline_has_is_listed(self):
        document, _ = describe(self.project(shop()).root, "--pipeline", "features")
        self.assertEqual(document["problems"], [])
        self.assertEqual(list(document["pipelines"]), ["features"])
        self.assertEqual(sorted(document["nodes"]), ["features.clean", "features.halve"])
        self.assertNotIn("fitted", document["datasets"])

    def test_an_unknown_pipeline_lists_the_known_ones(self):
        _, problem = self.only(shop(), "--pipeline", "featurs")
        self.assertEqual(problem["kind"], "pipeline-unknown")
        self.assertEqual(problem["message"], "there is no pipeline 'featurs'. Pipelines: __default__, features")

    def test_an_unknown_env_lists_the_known_ones(self):
        for words in (["--env", "prd"], ["--env", "prd", "--conf-source", "conf"]):
            _, problem = self.only(shop(**{"conf/prod/.gitkeep": ""}), *words)
            self.assertEqual(problem["kind"], "env-missing")
            message = "there is no environment 'prd': no folder conf/prd. Environments: base, local, prod"
            self.assertEqual(problem["message"], message)

    def test_bad_yaml_and_unset_variables_are_config_problems_and_the_rest_is_still_there(self):
        omega = """
            from kedro.config import OmegaConfigLoader

            CONFIG_LOADER_CLASS = OmegaConfigLoader
            CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
        """
        files = shop(**{"src/shop/settings.py": omega})
        document, problem = self.only({**files, "conf/base/catalog.yml": "a:\n  b: [\nc: 1\n"})
        self.assertEqual((problem["kind"], problem["file"]), ("config", "conf/base/catalog.yml"))
        self.assertEqual(problem["line"], 3)
        self.assertEqual(len(document["nodes"]), 6)
        self.assertIn("min_rows", document["parameters"])
        _, problem = self.only({**files, "conf/base/parameters.yml": "a: ${nowhere}\n"})
        self.assertEqual(problem["kind"], "config")
        self.assertIn("nowhere", problem["message"])

    def test_no_catalog_and_no_parameters_are_no_problem(self):
        project = self.project(with_entry(""))
        (project.root / "conf/base/catalog.yml").unlink()
        document, _ = describe(project.root)
        self.assertEqual((document["problems"], document["parameters"]), ([], []))
        self.assertIsNone(document["datasets"]["data"]["type"])

    def test_a_folder_without_a_kedro_project_is_said(self):
        document, problem = self.only({"pyproject.toml": "[tool.other]\n"})
        self.assertEqual(problem["kind"], "not-a-project")
        self.assertIsNone(document["packageName"])
        self.assertEqual(document["kedroVersion"], kedro.__version__)

    def test_another_kedros_project_is_refused_by_kedro_itself(self):
        text = '[tool.kedro]\npackage_name = "shop"\nproject_name = "Shop"\nkedro_init_version = "0.16.0"\n'
        _, problem = self.only(shop(**{"pyproject.toml": text}))
        self.assertEqual(problem["kind"], "import")
        self.assertIn("0.16.0", problem["message"])

    def test_a_python_without_kedro_is_said(self):
        project = self.project(shop())
        # Without site-packages there is no Kedro.
        command = [sys.executable, "-S", "-E", str(BRIDGE / "describe.py")]
        done = subprocess.run(command, cwd=project.root, env=plain_environment(), capture_output=True, timeout=TIMEOUT)
        document = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0)
        self.assertEqual([problem["kind"] for problem in document["problems"]], ["kedro-missing"])
        self.assertIsNone(document["kedroVersion"])


class Behaviour(ProjectTest):
    def test_output_of_other_processes_and_threads_that_never_end_do_no_harm(self):
        files = shop()
        files["src/shop/nodes.py"] = NODES + """

    import os, subprocess, threading, time
    os.write(1, b"from C\\n")
    subprocess.run(["echo", "from a child"])
    threading.Thread(target=time.sleep, args=(600,)).start()
"""
        began = time.monotonic()
        document, stderr = describe(self.project(files).root)
        self.assertLess(time.monotonic() - began, 60)
        self.assertEqual(document["problems"], [])
        self.assertIn("from C", stderr)
        self.assertIn("from a child", stderr)

    def test_nothing_is_written_and_no_dataset_is_built(self):
        files = with_entry("data: {type: package_that_is_not_there.Data, filepath: x, credentials: nobody}")
        project = self.project(files)
        before = {path for path in project.root.rglob("*") if "__pycache__" not in path.parts}
        document, _ = describe(project.root)
        self.assertEqual(document["datasets"]["data"]["type"], "package_that_is_not_there.Data")
        self.assertEqual({path for path in project.root.rglob("*") if "__pycache__" not in path.parts}, before)

    def test_a_large_project_takes_no_longer_than_kedro_needs_to_make_it(self):
        """CPU seconds, so that a busy machine does not matter: ours against those that Kedro took to build the graph."""
        count, patterns = 2000, 40
        nodes = f"[node(step, f'd{{i}}_x', f'd{{i + 1}}_x', name=f'n{{i}}') for i in range({count})]"
        files = {
            "src/shop/pipeline_registry.py": f"""
                import resource
                from kedro.pipeline import node, pipeline


                def step(x):
                    return x


                def register_pipelines():
                    made = pipeline({nodes})
                    print("made at", resource.getrusage(resource.RUSAGE_SELF).ru_utime)
                    return {{"__default__": made}}
            """,
            "conf/base/catalog.yml": "".join(
                f'"{{name}}_{number}y": {{type: a.B, filepath: "data/{{name}}"}}\n' for number in range(patterns)
            ),
        }
        project = self.project(files)
        before = os.times()
        document, stderr = describe(project.root)
        spent = os.times()
        self.assertEqual(len(document["nodes"]), count)
        self.assertEqual(len(document["datasets"]), count + 1)
        made_at = float(stderr.split("made at ")[1].split()[0])
        ours = (spent.children_user - before.children_user) - made_at
        self.assertLess(ours, max(1.0, made_at), f"{ours:.2f} s of CPU after Kedro had made the graph in {made_at:.2f}")


if __name__ == "__main__":
    unittest.main()
