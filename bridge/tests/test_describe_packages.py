"""What describe.py says of classes, credentials and packages."""

import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

from support import DATASET, KEDRO, ProjectTest, describe, registry
from test_describe import with_entry

import describe_packages  # After support, which makes the bridge's folder known.


class Classes(unittest.TestCase):
    def error(self, name: str):
        return describe_packages.class_error(name)

    def test_classes_that_are_there_have_no_error_and_are_not_imported(self):
        loaded = set(sys.modules)
        for name in (f"pandas.CSV{DATASET}", f"pickle.Pickle{DATASET}", f"Memory{DATASET}", "json.JSONDataset"):
            self.assertIsNone(self.error(name), name)
        self.assertFalse({"pandas", "kedro_datasets.pandas"} & (set(sys.modules) - loaded))

    def test_a_misspelt_class_gets_the_near_one(self):
        self.assertIn("CSVDataset is near", self.error("pandas.CSVDateset"))
        self.assertIsNotNone(self.error("pandas.Nope"))
        self.assertIsNotNone(self.error("nowhere.at.all.Dataset"))
        self.assertIsNotNone(self.error(".Dataset"))

    def test_what_a_class_needs_and_is_not_installed_is_named(self):
        self.assertEqual(self.error("tensorflow.TensorFlowModelDataset"), "not installed: tensorflow")

    def test_the_older_spelling_is_there_where_kedro_datasets_has_it(self):
        self.assertEqual(self.error("pandas.CSVDataSet") is None, KEDRO < (0, 19))

    def test_fsspec_is_used_by_classes_with_files(self):
        used = {name: describe_packages.uses_fsspec(name) for name in ("pandas.CSVDataset", "api.APIDataset", "a.B")}
        self.assertEqual(used, {"pandas.CSVDataset": True, "api.APIDataset": False, "a.B": False})


class Described(ProjectTest):
    def document(self, entry: str, **files) -> dict:
        return describe(self.project({**with_entry(entry), **files}).root)[0]

    def test_a_class_of_the_projects_own_is_found_also_where_it_is_imported_from_elsewhere(self):
        files = {
            "src/shop/extras/__init__.py": "from .deep.mine import Mine\n",
            "src/shop/extras/deep/__init__.py": "",
            "src/shop/extras/deep/mine.py": """
                from kedro.io import Abstract$DATASET


                class Mine(Abstract$DATASET):
                    pass
            """,
        }
        for name in ("shop.extras.Mine", "shop.extras.deep.mine.Mine"):
            found = self.document(f"data: {{type: {name}, filepath: x}}", **files)
            self.assertIsNone(found["datasets"]["data"]["classError"], name)
        found = self.document("data: {type: shop.extras.Yours, filepath: x}", **files)
        self.assertTrue(found["datasets"]["data"]["classError"].startswith("shop.extras.Yours: "))

    def test_the_class_of_partitions_counts_too(self):
        text = "data: {type: partitions.PartitionedDataset, path: x, dataset: pandas.Nope}"
        self.assertIn("pandas.Nope: ", self.document(text)["datasets"]["data"]["classError"])
        text = "data: {type: partitions.PartitionedDataset, path: x, dataset: {type: pandas.CSVDataset}}"
        self.assertIsNone(self.document(text)["datasets"]["data"]["classError"])

    def test_credentials_are_names_of_base_and_env_and_never_values(self):
        files = {
            "conf/base/credentials.yml": "one: {key: very-secret}",
            "conf/local/credentials.yml": "two: {key: very-secret}\nthree: very-secret",
            "conf/prod/credentials.yml": "four: {key: very-secret}",
        }
        found = self.document("", **files)
        self.assertEqual(found["credentials"], ["one", "three", "two"])
        self.assertNotIn("very-secret", json.dumps(found))

    def test_no_credentials_are_none_and_those_that_cannot_be_read_are_unknown(self):
        self.assertEqual(self.document("")["credentials"], [])
        if KEDRO >= (0, 19):  # Before, OmegaConf is not the default loader.
            found = self.document("", **{"conf/local/credentials.yml": "one: {key: '${oc.env:NOT_SET_ANYWHERE}'}"})
            self.assertIsNone(found["credentials"])
            self.assertEqual(found["problems"], [])

    def test_the_project_does_not_see_the_bridge(self):
        files = {
            "src/shop/pipeline_registry.py": registry(__default__='node(len, "data", "out", name="n")') + "\nimport step\n",
        }
        found = self.document("", **files)
        self.assertEqual(found["problems"][0]["message"], "No module named 'step'")


class FileSystems(unittest.TestCase):
    def required(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                path = root / name.replace("__", "/").replace("_txt", ".txt").replace("_toml", ".toml")
                path.parent.mkdir(exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return describe_packages.file_systems(root)["s3"]["required"]

    def test_what_the_lists_name_is_required_wherever_it_stands(self):
        self.assertTrue(self.required(requirements_txt="kedro~=1.0\ns3fs>=2024 # data\n"))
        self.assertTrue(self.required(src__requirements_txt="kedro\nS3FS\n"))
        self.assertTrue(self.required(pyproject_toml='[project]\ndependencies = ["kedro>=0.19", "s3fs[boto3]"]\n'))
        self.assertTrue(self.required(requirements_txt="kedro\n", Dockerfile="RUN pip install s3fs\n"))
        self.assertTrue(self.required(requirements_txt="kedro\n-r needs/prod.txt\n", needs__prod_txt="s3fs\n"))

    def test_what_the_lists_do_not_name_is_not(self):
        self.assertFalse(self.required(requirements_txt="kedro\n# s3fs\ns3fs-like\n"))

    def test_without_a_list_nothing_is_known(self):
        self.assertIsNone(self.required())
        self.assertIsNone(self.required(pyproject_toml='[tool.kedro]\npackage_name = "shop"\n'))

    def test_what_an_installed_package_brings_along_is_required_with_its_extras_only(self):
        requires = {"lake": ["fsspec[s3]", "docs-only; extra == 'docs'"], "fsspec": ['s3fs; extra == "s3"', 'gcsfs; extra == "gcs"']}
        requires["frames"] = ["s3fs; extra == 'spark.sparkdataset'"]

        def distribution(name):
            if name not in requires:
                raise describe_packages.metadata.PackageNotFoundError(name)
            return mock.Mock(requires=requires[name])

        describe_packages.needs_of.cache_clear()
        self.addCleanup(describe_packages.needs_of.cache_clear)
        with mock.patch.object(describe_packages.metadata, "distribution", distribution):
            self.assertTrue(self.required(requirements_txt="kedro\nlake\n"))
            self.assertFalse(self.required(requirements_txt="kedro\nfsspec\n"))
            self.assertTrue(self.required(requirements_txt="kedro\nframes[pandas, spark.SparkDataSet]~=0.18\n"))

    def test_only_protocols_that_need_a_package_are_listed(self):
        with tempfile.TemporaryDirectory() as folder:
            found = describe_packages.file_systems(pathlib.Path(folder))
        self.assertEqual(found["gs"]["package"], "gcsfs")
        self.assertEqual(found["https"]["package"], "aiohttp")
        self.assertFalse({"file", "memory", "local"} & set(found))


if __name__ == "__main__":
    unittest.main()
