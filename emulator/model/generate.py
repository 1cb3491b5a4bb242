"""Writes shapes.json: what the models of botocore (Apache-2.0, Amazon.com) say of the inputs of the operations that the
emulator does. Run it by the Python of the S3 server when an operation is added or botocore is another."""

import json
import re
from pathlib import Path

from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

HERE = Path(__file__).parent
SERVICES = {"ECS": "ecs", "LOGS": "logs"}
# The limits of ECS's model are those of few members, and the service says them in words of its own.
LIMITED = {"logs"}
HEADER = "Made by generate.py from botocore, Copyright Amazon.com, Apache-2.0"


def operations():
    """The service and the model of each operation that the emulator does."""
    code = (HERE.parent / "operations" / "operations.ts").read_text()
    for variable, service in SERVICES.items():
        model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        for name in re.findall(rf"\${{{variable}}}\.(\w+)`", code):
            yield service, model.operation_model(name)


def generated() -> str:
    structures = {}
    for service, operation in operations():
        written(operation.input_shape, service, structures)
    # A structure a line, so that a difference can be read.
    parts = [f'{{"//":{compact(HEADER)},"structures":{{']
    parts += [f"{compact(name)}:{compact(structures[name])}," for name in sorted(structures)]
    return "\n".join(parts).removesuffix(",") + "}}\n"


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def written(shape: Shape, service: str, structures: dict) -> dict:
    kind = shape.type_name
    limits = {key: shape.metadata[key] for key in ("min", "max", "pattern") if key in shape.metadata and service in LIMITED}
    if kind == "list":
        return {"type": kind, "member": written(shape.member, service, structures), **limits}
    if kind == "map":
        return {"type": kind, "member": written(shape.value, service, structures), **limits}
    if kind != "structure":
        enum = {"enum": shape.enum} if kind == "string" and shape.enum else {}
        return {"type": kind, **enum, **limits}
    name = f"{service}:{shape.name}"
    if name not in structures:
        structures[name] = {}
        members = {key: written(member, service, structures) for key, member in shape.members.items()}
        structures[name] = {"members": members, "required": shape.required_members}
    return {"type": kind, "structure": name}


if __name__ == "__main__":
    (HERE / "shapes.json").write_text(generated())
