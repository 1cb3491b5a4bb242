"""Holds every operation against botocore's model of it: what it answers, and what it makes of requests that the model
does not allow. Requests are drawn from the model, the same ones every time."""

import copy
import http.client
import json
import random
import sys
import unittest
from pathlib import Path
from urllib.parse import urlsplit

from botocore.model import OperationModel, Shape, StructureShape
from support import CLUSTER, JSON_TYPE, LOG_GROUP, ROLE, TARGETS, Emulator, container, definition, id_of, new_name, request

MODEL = Path(__file__).parent.parent / "model"
sys.path.append(str(MODEL))
from generate import generated, operations  # noqa: E402

DRAWS = 40
ASTRAY = ["", "nowhere", *(f"arn:aws:ecs:eu-central-1:123456789012:{kind}" for kind in ("task/tests/1", "cluster/1", "task-definition/a:1"))]
EMPTY = StructureShape("Empty", {"type": "structure", "members": {}})
WRONG = {
    "string": [7, True, ["x"], {}],
    "integer": ["7", True, 1.5, [7], {}],
    "long": ["7", True, 1.5, [7], {}],
    "boolean": ["true", 1, [True], {}],
    "list": ["x", 7, {}],
    "map": ["x", 7, []],
    "structure": ["x", 7, []],
}


class World:
    """An emulator with something of everything, and the names by which requests mean it."""

    def __init__(self):
        self.aws = Emulator().open_account()
        self.connection = http.client.HTTPConnection(urlsplit(self.aws.url).netloc)
        self.random = random.Random(1)
        self.aws.register("drawn", container("exec sleep 600"), taskRoleArn=ROLE, tags=[{"key": "k", "value": "v"}])
        self.aws.register("quick")
        self.task = self.aws.until(self.aws.run("drawn"), "RUNNING")
        self.stream = self.new_stream()
        self.known = {
            "cluster": CLUSTER,
            "clusters": CLUSTER,
            "cpu": "256",
            "memory": "512",
            "resourceArn": self.task["taskArn"],
            "taskDefinition": "drawn",
            "tasks": id_of(self.task),
            "logGroupName": LOG_GROUP,
            "logStreamName": self.stream,
            "logStreamNames": self.stream,
            "executionRoleArn": ROLE,
            "taskRoleArn": ROLE,
            "subnets": "subnet-1",
            "securityGroups": "sg-1",
            "platformVersion": "LATEST",
            "capacityProviders": "FARGATE",
            "capacityProvider": "FARGATE",
        }
        # Requests that need more than what is required, or something that they may take away.
        self.bases = {
            "CreateLogGroup": lambda: {"logGroupName": new_name()},
            "CreateLogStream": lambda: {"logGroupName": LOG_GROUP, "logStreamName": new_name()},
            "DeleteCluster": lambda: {"cluster": self.aws.ecs.create_cluster(clusterName=new_name())["cluster"]["clusterName"]},
            "DeleteLogGroup": lambda: {"logGroupName": self.new_group()},
            "DeleteLogStream": lambda: {"logGroupName": LOG_GROUP, "logStreamName": self.new_stream()},
            "DeleteTaskDefinitions": lambda: {"taskDefinitions": [self.deregistered()]},
            "DeregisterTaskDefinition": lambda: {"taskDefinition": self.aws.register(new_name())["taskDefinitionArn"]},
            "DescribeLogStreams": lambda: {"logGroupName": LOG_GROUP},
            "FilterLogEvents": lambda: {"logGroupName": LOG_GROUP},
            "GetLogEvents": lambda: {"logGroupName": LOG_GROUP, "logStreamName": self.stream},
            "RegisterTaskDefinition": lambda: definition(new_name()),
            "RunTask": lambda: request("quick"),
            "StopTask": lambda: {"cluster": CLUSTER, "task": id_of(self.aws.run("quick"))},
        }

    def new_group(self) -> str:
        name = new_name()
        self.aws.logs.create_log_group(logGroupName=name)
        return name

    def new_stream(self) -> str:
        name = new_name()
        self.aws.logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName=name)
        return name

    def deregistered(self) -> str:
        arn = self.aws.register(new_name())["taskDefinitionArn"]
        self.aws.ecs.deregister_task_definition(taskDefinition=arn)
        return arn

    def ask(self, service: str, operation: OperationModel, body: object):
        headers = {"X-Amz-Target": f"{TARGETS[service]}.{operation.name}", "Content-Type": JSON_TYPE}
        self.connection.request("POST", "/", json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())

    def base(self, operation: OperationModel) -> dict:
        base = self.bases.get(operation.name)
        return copy.deepcopy(base()) if base else self.drawn(operation.input_shape, "", lambda shape: shape.required_members)

    def full(self, operation: OperationModel) -> dict:
        return self.drawn(operation.input_shape, "", lambda shape: shape.members)

    def drawn(self, shape: Shape, name: str, members) -> object:
        """A value that the model allows, with those members of its structures."""
        kind = shape.type_name
        if kind == "structure":
            return {key: self.drawn(shape.members[key], key, members) for key in members(shape)}
        if kind == "list":
            return [self.drawn(shape.member, name, members)]
        if kind == "map":
            entries = range(max(1, shape.metadata.get("min", 1)))
            return {f"key{n}": self.drawn(shape.value, name, members) for n in entries}
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind != "string":
            return max(1, shape.metadata.get("min", 1))
        return self.random.choice(shape.enum) if shape.enum else self.known.get(name, "123456789012")

    def grown(self, value: dict, shape: Shape) -> None:
        """Adds something that is not required, somewhere."""
        places = [(inner, kind) for inner, kind, *_ in walked(value, shape) if kind.type_name == "structure"]
        missing = [(inner, kind, key) for inner, kind in places for key in kind.members if key not in inner]
        if missing:
            inner, kind, key = self.random.choice(missing)
            inner[key] = self.drawn(kind.members[key], key, lambda shape: shape.required_members)

    def led_astray(self, value: dict, shape: Shape) -> dict:
        """Names something that is not there."""
        texts = [path for _, kind, path in walked(value, shape) if kind.type_name == "string"]
        return replaced(value, self.random.choice(texts), self.random.choice(ASTRAY)) if texts else value


def walked(value: object, shape: Shape, path: tuple = ()):
    """All values in a value, with their shapes and paths, and the shape that each is a member of."""
    yield value, shape, path
    if shape.type_name == "structure":
        for key, inner in value.items():
            yield from walked(inner, shape.members[key], (*path, key))
    elif shape.type_name == "list":
        for index, inner in enumerate(value):
            yield from walked(inner, shape.member, (*path, index))
    elif shape.type_name == "map":
        for key, inner in value.items():
            yield from walked(inner, shape.value, (*path, key))


def at(value: object, path: tuple) -> object:
    for key in path:
        value = value[key]
    return value


def replaced(value: dict, path: tuple, by: object) -> dict:
    changed = copy.deepcopy(value)
    at(changed, path[:-1])[path[-1]] = by
    return changed


def forbidden(full: dict, shape: Shape, has_limits: bool):
    """The request with a value that the model does not allow, or without a member that it requires, one at each place."""
    for _, kind, path in walked(full, shape):
        if kind.type_name == "string" and kind.enum:
            yield replaced(full, path, "other")
        for value in beyond(kind) if has_limits else ():
            yield replaced(full, path, value)
        for key in kind.required_members if kind.type_name == "structure" else ():
            lacking = copy.deepcopy(full)
            del at(lacking, path)[key]
            yield lacking


def beyond(shape: Shape):
    """Values outside the limits of a shape."""
    sized = {"string": lambda size: "x" * size, "list": lambda size: ["x"] * size, "integer": int, "long": int}
    make = sized.get(shape.type_name)
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    if make and low > 0:
        yield make(low - 1)
    if make and high and not (shape.type_name == "list" and shape.member.type_name == "structure"):
        yield make(high + 1)
    if "pattern" in shape.metadata:
        yield "*"


def unlike(value: object, shape: Shape, path: str = "answer") -> str | None:
    """What of a value is not as the model has it."""
    types = {"string": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, float), "list": list}
    kind = shape.type_name
    if not isinstance(value, types.get(kind, dict)) or (kind != "boolean" and isinstance(value, bool)):
        return f"{path} is no {kind}: {value!r}"
    if kind == "structure":
        lacking = [key for key in shape.required_members if key not in value]
        unknown = [key for key in value if key not in shape.members]
        if lacking or unknown:
            return f"{path} lacks {lacking}, has unknown {unknown}"
        inner = [(value[key], shape.members[key], key) for key in value]
    elif kind == "list":
        inner = [(item, shape.member, str(index)) for index, item in enumerate(value)]
    elif kind == "map":
        inner = [(item, shape.value, key) for key, item in value.items()]
    else:
        return None
    return next((wrong for item, of, key in inner if (wrong := unlike(item, of, f"{path}.{key}"))), None)


class Model(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World()
        cls.addClassCleanup(cls.world.aws.end)

    def test_wire_model(self):
        self.assertEqual((MODEL / "shapes.json").read_text(), generated(), "run emulator/model/generate.py")

    def test_wire_model_answers(self):
        for service, operation in operations():
            answered = sum(self.is_answered(service, operation, changes=draw % 4) for draw in range(DRAWS))
            self.assertGreater(answered, DRAWS / 4, operation.name)

    def is_answered(self, service, operation, changes: int) -> bool:
        body = self.world.base(operation)
        for _ in range(changes):
            self.world.grown(body, operation.input_shape)
        if changes == 3:
            body = self.world.led_astray(body, operation.input_shape)
        status, headers, answer = self.world.ask(service, operation, body)
        self.assertEqual(headers["content-type"], JSON_TYPE)
        self.assertRegex(headers["x-amzn-requestid"], "^[0-9a-f-]{36}$")
        if status == 200:
            self.assertIsNone(unlike(answer, operation.output_shape or EMPTY), (operation.name, body))
        else:
            self.assertIn(answer["__type"], [shape.error_code for shape in operation.error_shapes], (operation.name, body, answer))
            self.assertEqual((status, headers["x-amzn-errortype"]), (400, answer["__type"]))
        return status == 200

    def test_wire_model_types(self):
        for service, operation in operations():
            full = self.world.full(operation)
            for _, shape, path in walked(full, operation.input_shape):
                for wrong in WRONG[shape.type_name] if path else ():
                    self.is_refused(service, operation, replaced(full, path, wrong), "SerializationException")

    def test_wire_model_values(self):
        for service, operation in operations():
            refusal = "ClientException" if operation.name == "RegisterTaskDefinition" else "InvalidParameterException"
            for body in forbidden(self.world.full(operation), operation.input_shape, has_limits=service == "logs"):
                self.is_refused(service, operation, body, refusal)

    def is_refused(self, service, operation, body, error):
        status, headers, answer = self.world.ask(service, operation, body)
        self.assertEqual((status, answer.get("__type")), (400, error), (operation.name, body, answer))
        self.assertEqual(headers["x-amzn-errortype"], error)
