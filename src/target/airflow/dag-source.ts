import { assignment, type Literal } from './python-literal.ts';

/** What is particular to one DAG: constants only. The program below reads them and is the same for every project. */
export interface DagConstants {
  /** Names in the order of the file. */
  readonly [name: string]: Literal;
}

/** The text of a DAG file. Nothing a user wrote gets into it but through the printer of literals. */
export function dagSource(marker: string, bootstrap: string, constants: DagConstants): string {
  const lines = Object.entries(constants).map(([name, value]) => assignment(name, value));
  return [marker, HEAD, ...lines, bootstrapLines(bootstrap), PROGRAM].join('\n');
}

/** The program as it is, readable; empty where each task has a command of its own. */
function bootstrapLines(bootstrap: string): string {
  return bootstrap === '' ? 'BOOTSTRAP = ""\n' : `BOOTSTRAP = r"""\n${bootstrap}\n""".strip()\n`;
}

const HEAD = `# Written by \`wherry compile --target airflow\`, for Airflow 2 and 3: compile again rather than edit.
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from importlib.util import find_spec

import pendulum
from airflow.providers.amazon.aws.hooks.ecs import EcsHook
from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator

try:
    from airflow.sdk import DAG, get_current_context, task
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowSkipException,
    )
except ImportError:  # Airflow 2
    from airflow.decorators import task
    from airflow.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowSkipException,
    )
    from airflow.models.dag import DAG
    from airflow.operators.python import get_current_context
`;

const PROGRAM = `
@task(task_id="resolve_revision", multiple_outputs=True)
def resolve_revision(run_id=None, params=None):
    """What all tasks of this run have in common: the revisions, the run's id, save version, params."""
    ecs = EcsHook(aws_conn_id=AWS["aws_conn_id"], region_name=AWS["region_name"]).conn
    revisions = {}
    for index, wanted in enumerate(DEFINITIONS):
        answer = ecs.describe_task_definition(taskDefinition=wanted["name"])
        found = answer["taskDefinition"]
        containers = {item["name"]: item for item in found["containerDefinitions"]}
        if CONTAINER not in containers:
            raise AirflowFailException(
                f"{wanted['name']} has no container {CONTAINER}, but {list(containers)}: set container_name"
            )
        image = containers.pop(CONTAINER)["image"]
        if wanted["image"] not in (None, image):
            raise AirflowFailException(
                f"{wanted['name']} has the image {image} and this DAG was compiled for {wanted['image']}: "
                "run wherry compile --publish"
            )
        revisions[f"revision_{index}"] = found["taskDefinitionArn"]
    digest = hashlib.sha256(f"{DAG_ID}|{run_id}".encode()).hexdigest()[:8]
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    others = containers.values()
    cpu = sum(item.get("cpu") or 0 for item in others)
    memory = sum(
        item.get("memory") or item.get("memoryReservation") or 0 for item in others
    )
    sizes = [(spec["cpu"], spec["memory"]) for spec in TASKS.values()]
    return {
        **revisions,
        "run": re.sub("[^A-Za-z0-9-]+", "-", run_id)[:27] + "-" + digest,
        "params": json.dumps({name: params[name] for name in PARAMS}),
        "version": now.replace(":", ".").replace("+00.00", "Z"),
        **{f"cpu_{size}": int(size) - cpu for size, _ in sizes},
        **{f"memory_{size}": int(size) - memory for _, size in sizes},
    }


class FargateTask(EcsRunTaskOperator):
    """The end of the main container decides, and what a node raised has retries of its own.

    Sidecars are stopped with the task, and EcsRunTaskOperator takes that for a failure.
    """

    def _check_success_task(self):
        try:
            super()._check_success_task()
        except AirflowSkipException:
            raise
        except AirflowException as error:
            status = self.exit_status()
            tries = get_current_context()["ti"].try_number
            if status == NODE_RAISED and tries > USER_RETRIES:
                raise AirflowFailException(str(error)) from error
            if status != 0:
                raise

    def exit_status(self):
        found = self.client.describe_tasks(cluster=self.cluster, tasks=[self.arn])
        containers = [item for task in found["tasks"] for item in task["containers"]]
        return next(
            (item.get("exitCode") for item in containers if item["name"] == CONTAINER),
            None,
        )


def supported(arguments):
    """Those that this version of the provider knows."""
    known = EcsRunTaskOperator.template_fields
    return {name: value for name, value in arguments.items() if name in known}


def fargate_task(name, spec, resolved):
    environment = {**ENVIRONMENT, **spec["environment"], "WHERRY_TASK": name}
    container = {
        "name": CONTAINER,
        "command": spec.get("command") or ["python3", "-c", BOOTSTRAP],
        "environment": [
            {"name": key, "value": environment[key]} for key in sorted(environment)
        ],
    }
    if LIMITS_CONTAINERS:
        container["cpu"] = resolved[f"cpu_{spec['cpu']}"]
        container["memory"] = resolved[f"memory_{spec['memory']}"]
    size = {"cpu": spec["cpu"], "memory": spec["memory"]}
    timeout = timedelta(seconds=spec.get("timeout", TIMEOUT))
    return FargateTask(
        task_id=name,
        task_definition=resolved[f"revision_{spec['definition']}"],
        overrides={**OVERRIDES, **size, "containerOverrides": [container]},
        reattach=True,
        do_xcom_push=False,
        execution_timeout=timeout,
        **supported({"container_name": CONTAINER}),
        doc_md=spec["doc"],
        **AWS,
        **RUN_TASK,
        **LOGS,
    )


if DEFAULT_ARGS.get("deferrable") and find_spec("aiobotocore") is None:
    # Without it Airflow 2 starts the same task again and again.
    raise AirflowException(
        "deferrable tasks need apache-airflow-providers-amazon[aiobotocore]"
    )

start_date = datetime.fromisoformat(START_DATE)
if TIME_ZONE is not None:
    start_date = start_date.replace(tzinfo=pendulum.timezone(TIME_ZONE))

with DAG(
    dag_id=DAG_ID,
    schedule=SCHEDULE,
    start_date=start_date,
    params=PARAMS,
    default_args={
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        **DEFAULT_ARGS,
    },
    **DAG_ARGS,
):
    resolved = resolve_revision()
    tasks = {name: fargate_task(name, spec, resolved) for name, spec in TASKS.items()}
    for name, spec in TASKS.items():
        for upstream in spec["depends_on"]:
            tasks[upstream] >> tasks[name]
`;
