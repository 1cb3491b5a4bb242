"""Asks a real Airflow, 2 or 3, and prints one line of JSON last.

airflow_probe.py import FOLDER            what importing each DAG file reports
airflow_probe.py run FOLDER DAG_ID DATE   the DAG run of that date; asked again, the same run again
"""

import datetime
import json
import sys
import warnings

try:
    from airflow.dag_processing.dagbag import DagBag

    AIRFLOW_2 = False
except ImportError:
    # The table of users: running a DAG run again deletes the one before, and its notes point there.
    import airflow.providers.fab.auth_manager.models  # noqa: F401
    from airflow.models import DagBag

    AIRFLOW_2 = True


def report_import(folder: str) -> dict:
    # Python keeps deprecations to itself where they do not come from the main program.
    warnings.simplefilter("always")
    bag = DagBag(folder)
    captured = {path: [str(item) for item in found] for path, found in bag.captured_warnings.items()}
    zones = {name: getattr(dag.timezone, "name", str(dag.timezone)) for name, dag in bag.dags.items()}
    return {"dags": sorted(bag.dags), "zones": zones, "errors": bag.import_errors, "warnings": captured}


def run(folder: str, dag_id: str, date: str) -> dict:
    when = datetime.datetime.fromisoformat(f"{date}T00:00:00+00:00")
    dag = DagBag(folder).dags[dag_id]
    return ended(dag.test(when) if AIRFLOW_2 else dag.test(run_after=when, logical_date=when))


def ended(dag_run) -> dict:
    states = {item.task_id: str(getattr(item.state, "value", item.state)) for item in dag_run.get_task_instances()}
    return {"runId": dag_run.run_id, "state": str(dag_run.state), "tasks": states}


if __name__ == "__main__":
    command, *words = sys.argv[1:]
    print(json.dumps({"import": report_import, "run": run}[command](*words)))
