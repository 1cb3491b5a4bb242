"""Fetches a Kedro project that nobody here wrote and makes it ready to run on Kedro 1.7.

    python fetch-project.py FOLDER

`python` has the packages of requirements.txt beside this file. FOLDER must not exist. README.md says what the project
is and why each change below is needed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
STARTER = "kedro_snowflake/starters/snowflights/"
ANSWERS = {
    "project_name": "Snowflights",
    "repo_name": "snowflights",
    "python_package": "snowflights",
    "snowflake_account": "none",
    "snowflake_user": "none",
    "snowflake_warehouse": "none",
    "snowflake_database": "DEMO",
    "snowflake_schema": "DEMO",
    "snowflake_password_env_variable": "SNOWFLAKE_PASSWORD",
    "pipeline_name": "default",
    "enable_mlflow_integration": "false",
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


def main(folder: Path) -> None:
    if folder.exists():
        sys.exit(f"{folder} exists already")
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        create_project(unpack_starter(work), work)
        shutil.copytree(HERE / "overlay", work / "snowflights", dirs_exist_ok=True)
        edit(work / "snowflights")
        sample(work / "snowflights" / "data" / "01_raw")
        shutil.move(work / "snowflights", folder)
    print(folder)


def unpack_starter(work: Path) -> Path:
    """Download the wheel, whose hash pip checks, and unpack the starter in it."""
    download = ["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
    python = ["--python-version", "3.8", "--only-binary=:all:"]
    wanted = ["--requirement", str(HERE / "starter.txt"), "--dest", str(work)]
    subprocess.run([sys.executable, "-m", "pip", *download, *python, *wanted], check=True, stdout=sys.stderr)
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        wheel.extractall(work, [name for name in wheel.namelist() if name.startswith(STARTER)])
    return work / STARTER


def create_project(starter: Path, work: Path) -> None:
    """Let Kedro make the project, as `kedro new --starter` does for anyone."""
    answers = work / "answers.yml"
    lines = [f'{key}: "{value}"\n' for key, value in {**ANSWERS, "output_dir": work.as_posix()}.items()]
    answers.write_text("".join(lines), encoding="utf-8")
    kedro = [sys.executable, "-m", "kedro", "new", "--telemetry", "no"]
    command = [*kedro, "--starter", str(starter), "--config", str(answers)]
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
    main(Path(sys.argv[1]).resolve())
