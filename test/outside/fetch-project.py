"""Fetches a Kedro project that nobody here wrote.

    python fetch-project.py NAME FOLDER

NAME is a folder beside this file. `python` has Kedro and what the project needs. FOLDER must not exist. README.md says what
the projects are and why each change below is needed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
# Each in a wheel of the package index, which NAME/starter.txt names with its hash.
STARTERS = {
    "snowflights": "kedro_snowflake/starters/snowflights/",
    "iris": "getindata_kedro_starters/pyspark-iris-running-on-gcp-dataproc-serverless/",
}
ANSWERS = {
    "snowflights": {
        "project_name": "Snowflights",
        "snowflake_account": "none",
        "snowflake_user": "none",
        "snowflake_warehouse": "none",
        "snowflake_database": "DEMO",
        "snowflake_schema": "DEMO",
        "snowflake_password_env_variable": "SNOWFLAKE_PASSWORD",
        "pipeline_name": "default",
        "enable_mlflow_integration": "false",
    },
    "iris": {
        "project_name": "Iris",
        "spark_version": "3.3.0",
        "gcloud_project": "none",
        "gcloud_region": "none",
    },
}
# File, text in it, text in its place.
EDITS = [
    (
        "src/snowflights/settings.py",
        "CONFIG_LOADER_ARGS = {\n",
        'CONFIG_LOADER_ARGS = {\n    "base_env": "base",\n    "default_run_env": "local",\n',
    ),
    (
        "src/snowflights/pipelines/data_processing/nodes.py",
        'x.str.replace("$", "", regex=True)',
        'x.str.replace("$", "", regex=False)',
    ),
]
KEEP_EVERY = 20


def main(name: str, folder: Path) -> None:
    if folder.exists():
        sys.exit(f"{folder} exists already")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        create_project(name, unpack_starter(name, work), work)
        shutil.copytree(HERE / name / "overlay", work / name, dirs_exist_ok=True)
        if name == "snowflights":
            edit(work / name)
            sample(work / name / "data" / "01_raw")
        shutil.move(work / name, folder)
    print(folder)


def unpack_starter(name: str, work: Path) -> Path:
    """Download the wheel, whose hash pip checks, and unpack the starter in it."""
    download = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    python = ["--python-version", "3.8", "--only-binary=:all:"]
    wanted = ["--requirement", str(HERE / name / "starter.txt"), "--dest", str(work)]
    subprocess.run([sys.executable, "-m", "pip", *download, *python, *wanted], check=True, stdout=sys.stderr)
    starter = STARTERS[name]
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        wheel.extractall(work, [file for file in wheel.namelist() if file.startswith(starter)])
    return work / starter


def create_project(name: str, starter: Path, work: Path) -> None:
    """Let Kedro make the project, as `kedro new --starter` does for anyone."""
    kedro = [sys.executable, "-m", "kedro"]
    version = subprocess.run([*kedro, "--version"], check=True, capture_output=True, text=True).stdout.split()[-1]
    names = {"repo_name": name, "python_package": name, "kedro_version": version, "output_dir": work.as_posix()}
    answers = work / "answers.yml"
    lines = [f'{key}: "{value}"\n' for key, value in {**ANSWERS[name], **names}.items()]
    answers.write_text("".join(lines), encoding="utf-8")
    quiet = [] if version.startswith("0.18.") else ["--telemetry", "no"]
    command = [*kedro, "new", *quiet, "--starter", str(starter), "--config", str(answers)]
    subprocess.run(command, check=True, stdout=sys.stderr, env={**os.environ, "DO_NOT_TRACK": "1"})


def edit(project: Path) -> None:
    for name, old, new in EDITS:
        path = project / name
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            sys.exit(f"{name} does not have {old!r} once: it is not the starter that was expected")
        path.write_text(text.replace(old, new), encoding="utf-8")


def sample(raw: Path) -> None:
    """Keep a twentieth of the companies, their shuttles and the reviews of those."""
    import pandas as pd

    companies = pd.read_csv(raw / "companies.csv")
    shuttles = pd.read_excel(raw / "shuttles.xlsx", engine="openpyxl")
    reviews = pd.read_csv(raw / "reviews.csv")
    companies = companies[companies["id"] % KEEP_EVERY == 0]
    shuttles = shuttles[shuttles["company_id"].isin(companies["id"])]
    reviews = reviews[reviews["shuttle_id"].isin(shuttles["id"])]
    companies.to_csv(raw / "companies.csv", index=False)
    shuttles.to_excel(raw / "shuttles.xlsx", index=False, engine="openpyxl")
    reviews.to_csv(raw / "reviews.csv", index=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]).resolve())
