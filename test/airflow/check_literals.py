"""Reads JSON from standard input and exits 1 where a DAG is more than constants and the one program.

{"dags": [source], "literals": [[python text, value as JSON]]}
"""

import ast
import json
import sys


def shape(source: str) -> str:
    """The file without what its constants hold. Fails where a constant is no literal."""
    kept = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign) and statement.targets[0].id.isupper():
            name = statement.targets[0].id
            if name == "BOOTSTRAP":
                assert isinstance(statement.value.func.value, ast.Constant), name
            else:
                ast.literal_eval(statement.value)
            kept.append(name)
        else:
            kept.append(ast.dump(statement))
    return "\n".join(kept)


def main() -> None:
    given = json.load(sys.stdin)
    shapes = {shape(source) for source in given["dags"]}
    assert len(shapes) == 1, f"{len(shapes)} different programs"
    for text, value in given["literals"]:
        assert ast.literal_eval(text) == value, (text, value)
    print(f"{len(given['dags'])} DAGs, {len(given['literals'])} literals")


main()
