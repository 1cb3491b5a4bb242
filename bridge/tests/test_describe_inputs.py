"""What describe.py says that a description was made from."""

import os
import unittest

from support import ProjectTest, describe, registry

FILES = {
    "conf/base/parameters.yml": "rows: 3\n",
    "conf/base/wherry.yml": "grouping: node\n",
    "src/shop/pipeline_registry.py": registry(__default__='node(len, "raw", "size", name="measure")'),
    "src/shop/nodes.py": "",
    "src/shop/settings.py": """
        import os
        import sys
        import tempfile
        from pathlib import Path

        assert os.stat in os.supports_follow_symlinks and os.environ.get("NOT_SET") is None
        assert "SEEN" in os.environ and os.environb[b"SEEN_AS_BYTES"] and os.environ.items() and len(os.environ.copy())
        assert not any(path.endswith("bridge") for path in sys.path)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "made").write_text("")
            Path(folder, "made").read_text()
        Path("../elsewhere").exists()
        with open("log.txt", "a") as log:
            log.write("not read")
        with open("counter.txt", "a+") as counter:
            counter.read()
    """,
}


class InputsTest(ProjectTest):
    def described(self, *words):
        self.root = self.project(FILES).root
        (self.root / "conf" / "base" / "lost.csv").symlink_to("nowhere")
        with open(self.root / "src" / "large.bin", "wb") as large:
            large.truncate(1 << 24)
        return describe(self.root, *words, SEEN="1", SEEN_AS_BYTES="1")[0]

    def test_the_description_is_the_same_with_and_without(self):
        plain = describe(self.project(FILES).root, SEEN="1", SEEN_AS_BYTES="1")[0]
        recorded = self.described("--inputs")
        inputs = recorded.pop("inputs")
        self.assertEqual(recorded, plain)
        self.assertEqual(plain["problems"], [])
        self.assertTrue(inputs["isWhole"])
        self.assertTrue(os.path.samefile(inputs["executable"], os.sys.executable))

    def test_what_was_read_looked_for_and_listed_is_there_and_nothing_that_was_made_meanwhile(self):
        inputs = self.described("--inputs")["inputs"]
        paths = inputs["paths"]
        for name in ("src/shop/settings.py", "src/shop/pipeline_registry.py", "conf/base/catalog.yml"):
            self.assertRegex(paths[f"content:{self.root}/{name}"], "^[0-9a-f]{64}$")
        self.assertEqual(paths[f"kind:{os.path.dirname(self.root)}/elsewhere"], "absent")
        self.assertRegex(paths[f"names:{self.root}/conf/base"], "^[0-9a-f]{64}$")
        self.assertEqual(paths[f"content:{self.root}/conf/base/lost.csv"], "absent")
        self.assertIn(f"changed:{self.root}/src/large.bin", paths)
        self.assertNotIn(f"content:{self.root}/src/large.bin", paths)
        self.assertNotIn(f"content:{self.root}/conf/base/wherry.yml", paths)
        self.assertIn(f"content:{self.root}/counter.txt", paths)
        self.assertEqual([path for path in paths if path.endswith(("/made", "/log.txt", ".pyc"))], [])
        self.assertTrue({"SEEN", "SEEN_AS_BYTES", "NOT_SET", "*"} <= set(inputs["variables"]))


if __name__ == "__main__":
    unittest.main()
