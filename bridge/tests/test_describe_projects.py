"""describe.py on what real projects do; and its document against PROTOCOL.md."""

import json
import re
import unittest

import kedro
from support import BRIDGE, KEDRO, ProjectTest, describe, registry

OMEGA = """
    from kedro.config import OmegaConfigLoader

    CONFIG_LOADER_CLASS = OmegaConfigLoader
    CONFIG_LOADER_ARGS = {"base_env": "base", "default_run_env": "local"}
"""


def protocol_example() -> dict:
    """The document as PROTOCOL.md shows it, which is JSON but for its comments and dots."""
    text = re.search(r"```jsonc\n(.*?)```", (BRIDGE / "PROTOCOL.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    return json.loads(re.sub(r"\s//.*", "", text).replace(", …", ""))


class Protocol(ProjectTest):
    FILES = {
        "src/shop/pipeline_registry.py": """
            import warnings

            from kedro.framework.project import find_pipelines
            from kedro.pipeline import node, pipeline

            # As many projects do at their top, so that Kedro's warning of a lost pipeline is not seen.
            warnings.simplefilter("ignore")


            def register_pipelines():
                inner = pipeline([node(len, "raw_csv", "size", name="measure")])
                found = find_pipelines()
                return {
                    "main": pipeline(inner, namespace="alpha.beta"),
                    "kept": found.get("good", pipeline([])),
                }
        """,
        "src/shop/pipelines/__init__.py": "",
        "src/shop/pipelines/good/__init__.py": """
            from kedro.pipeline import node, pipeline


            def create_pipeline(**kwargs):
                return pipeline([node(len, "orders", "n_orders"), node(len, "stock#parquet", "n_stock")])
        """,
        "src/shop/pipelines/lost/__init__.py": "from shop.pipelines.lost.nodes import train\n",
        "src/shop/pipelines/lost/nodes.py": "import os\n\n\ndef train(:\n    pass\n",
        "conf/base/catalog.yml": '"{namespace}.{name}_csv": {type: a.B, filepath: "data/{namespace}/{name}.csv"}\n',
        "conf/base/catalog_sales.yml": "orders: {type: a.B, filepath: data/orders}\n",
        "conf/base/catalog/deep/er/stock.yml": "stock#parquet: {type: a.B, path: data/stock}\n",
        "conf/base/parameters/deep/train.yml": "train: {steps: [1, 2], rate: {start: 0.1}}\n",
        "src/shop/settings.py": OMEGA,
    }

    def test_the_document_is_as_the_protocol_shows_it(self):
        expected, (document, _) = protocol_example(), describe(self.project(self.FILES).root)
        self.assert_alike(document, expected, "document")
        for part in ("nodes", "datasets"):
            example = next(iter(expected[part].values()))
            for name, entry in document[part].items():
                self.assert_alike(entry, example, name)
        self.assertEqual(document["kedroVersion"], kedro.__version__)

        [lost] = document["problems"]
        self.assert_alike(lost, expected["problems"][0], "problem")
        self.assertEqual((lost["kind"], lost["module"], lost["exception"]), ("pipeline-dropped", "shop.pipelines.lost", "SyntaxError"))
        self.assertEqual((lost["file"], lost["line"]), ("src/shop/pipelines/lost/nodes.py", 4))

        # No `__default__` is asked for, and none is made up.
        self.assertEqual(sorted(document["pipelines"]), ["kept", "main"])
        datasets = document["datasets"]
        found = datasets["alpha.beta.raw_csv"]
        # Kedro's own reading of two fields with a dot between: the first takes as little as it can.
        self.assertEqual((found["pattern"], found["path"]), ("{namespace}.{name}_csv", "data/alpha/beta.raw.csv"))
        self.assertIsNone(datasets["alpha.beta.size"]["type"])
        self.assertEqual(datasets["orders"]["path"], "data/orders")
        self.assertEqual((datasets["stock#parquet"]["path"], datasets["stock#parquet"]["pathKey"]), ("data/stock", "path"))
        self.assertEqual(document["parameters"], ["train", "train.rate", "train.rate.start", "train.steps"])

    def assert_alike(self, found: dict, example: dict, what: str) -> None:
        """The same keys, and values of the same kind; null is for what is unknown."""
        self.assertEqual(sorted(found), sorted(example), what)
        for key, value in found.items():
            if value is not None and example[key] is not None:
                self.assertIs(type(value), type(example[key]), f"{what}.{key} is {value!r}")


class Trouble(ProjectTest):
    def files(self, **files) -> dict:
        nodes = 'node(len, "data", "out", name="n")'
        return {
            "src/shop/pipeline_registry.py": registry(__default__=nodes),
            "src/shop/nodes.py": "",
            "src/shop/settings.py": OMEGA,
            **files,
        }

    def only(self, *words: str, environment=None, **files) -> tuple:
        document, _ = describe(self.project(self.files(**files)).root, *words, **(environment or {}))
        self.assertEqual(len(document["problems"]), 1, document["problems"])
        return document, document["problems"][0]

    def test_a_registry_that_raises_is_named_with_its_line(self):
        text = "def register_pipelines():\n    settings = {}\n    return settings['pipelines']\n"
        document, problem = self.only(**{"src/shop/pipeline_registry.py": text})
        self.assertEqual((problem["kind"], problem["exception"]), ("import", "KeyError"))
        self.assertEqual((problem["file"], problem["line"]), ("src/shop/pipeline_registry.py", 3))
        self.assertEqual(document["pipelines"], {})

    def test_a_variable_that_is_not_set_is_named(self):
        settings = OMEGA + """
    from omegaconf.resolvers import oc

    CONFIG_LOADER_ARGS["custom_resolvers"] = {"oc.env": oc.env}
"""
        catalog = "data: {type: a.B, filepath: 's3://${oc.env:BUCKET_OF_THE_TEAM}/x'}\n"
        files = {"src/shop/settings.py": settings, "conf/base/catalog.yml": catalog}
        document, problem = self.only(**files)
        self.assertEqual(problem["kind"], "config")
        self.assertIn("BUCKET_OF_THE_TEAM", problem["message"])
        self.assertIn("n", document["nodes"])
        document, _ = describe(self.project(self.files(**files)).root, BUCKET_OF_THE_TEAM="team")
        self.assertEqual((document["problems"], document["datasets"]["data"]["path"]), ([], "s3://team/x"))

    def test_bad_yaml_in_a_sub_folder_with_blanks_is_named_with_its_line(self):
        _, problem = self.only(**{"conf/base/catalog/my team/b.yml": "ok: {type: a.B}\nbad:\n  type: 'a.B\n"})
        self.assertEqual((problem["kind"], problem["file"]), ("config", "conf/base/catalog/my team/b.yml"))
        self.assertIn(problem["line"], (3, 4))

    def test_an_entry_that_stands_in_two_files_is_said_with_both(self):
        entry = "data: {type: a.B, filepath: x}\n"
        _, problem = self.only(**{"conf/base/catalog_a.yml": entry, "conf/base/catalog_b.yml": entry})
        self.assertEqual(problem["kind"], "config")
        self.assertIn("catalog_a.yml", problem["message"])
        self.assertIn("catalog_b.yml", problem["message"])

    def test_a_graph_that_depends_on_a_variable_is_that_of_the_variable(self):
        text = """
            import os

            from kedro.pipeline import node, pipeline


            def register_pipelines():
                return {os.environ["KEDRO_ENV"]: pipeline([node(len, "data", "out", name="n")])}
        """
        files = {"src/shop/pipeline_registry.py": text, "conf/prod/.gitkeep": ""}
        document, _ = describe(self.project(self.files(**files)).root, KEDRO_ENV="prod")
        self.assertEqual((document["problems"], list(document["pipelines"])), ([], ["prod"]))
        _, problem = self.only(**files)
        self.assertEqual((problem["exception"], problem["message"]), ("KeyError", "'KEDRO_ENV'"))

    def test_a_pipeline_that_needs_a_folder_of_the_project_finds_it(self):
        """Pipelines are made with the project's root as working directory, as `kedro run` has it."""
        text = """
            import pathlib

            from kedro.pipeline import node, pipeline

            NAMES = pathlib.Path("names.txt").read_text().split()


            def register_pipelines():
                return {"__default__": pipeline([node(len, name, name + "_n", name=name) for name in NAMES])}
        """
        project = self.project(self.files(**{"src/shop/pipeline_registry.py": text, "names.txt": "b a"}))
        document, _ = describe(project.root)
        self.assertEqual(document["problems"], [])
        self.assertEqual(sorted(document["nodes"]), ["a", "b"])
        self.assertEqual(KEDRO[0] if KEDRO >= (1, 0) else 0, int(kedro.__version__.split(".")[0]))


if __name__ == "__main__":
    unittest.main()
