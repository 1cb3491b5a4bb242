"""Runs the tests of BEHAVIOUR.md in this folder. Prints a line of JSON for each: {"id", "error"}, error null when it held."""

import faulthandler
import json
import sys
import unittest
from pathlib import Path


class Report(unittest.TestResult):
    def addSuccess(self, test):
        self.line(test, None)

    def addFailure(self, test, err):
        self.line(test, self._exc_info_to_string(err, test))

    addError = addFailure

    def line(self, test, error):
        # What a class makes ready has no method, and its failure belongs to the whole class.
        method = getattr(test, "_testMethodName", str(test))
        print(json.dumps({"id": method.removeprefix("test_").replace("_", "-"), "error": error}), flush=True)


if __name__ == "__main__":
    # Tests wait for what must come. Where it does not, this says for what they wait.
    faulthandler.dump_traceback_later(600, exit=True)
    folder = Path(__file__).parent
    names = sys.argv[1:] or sorted(path.stem for path in folder.glob("test_*.py"))
    unittest.defaultTestLoader.loadTestsFromNames(names).run(Report())
