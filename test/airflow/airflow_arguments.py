"""Prints what the DAG of the Airflow that runs this and its EcsRunTaskOperator take, as JSON."""

import inspect
import json

from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator

try:
    import attrs
    from airflow.sdk import DAG

    OF_DAG = {field.alias or field.name for field in attrs.fields(DAG) if field.init}
except ImportError:  # Airflow 2
    from airflow.models.dag import DAG

    OF_DAG = set(inspect.signature(inspect.unwrap(DAG.__init__)).parameters)


def of_class(cls) -> set:
    found: set = set()
    for each in cls.__mro__:
        if "__init__" in vars(each):
            parameters = inspect.signature(inspect.unwrap(each.__init__)).parameters.values()
            found |= {item.name for item in parameters if item.kind is not inspect.Parameter.VAR_KEYWORD}
    return found


def names(found: set) -> list:
    return sorted(found - {"self", "args", "kwargs"})


print(json.dumps({"dag": names(OF_DAG), "operator": names(of_class(EcsRunTaskOperator))}))
