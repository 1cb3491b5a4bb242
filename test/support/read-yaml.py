"""Reads YAML texts as Kedro does: a JSON list of texts on stdin; on stdout, for each, what OmegaConf's loader (Kedro since
0.19) and PyYAML's SafeLoader (before) make of it: a type and a value, or what they complain about."""

import json
import sys

import yaml
from omegaconf._utils import get_yaml_loader


def typed(value):
    if isinstance(value, dict):
        return ["map", [[typed(key), typed(item)] for key, item in value.items()]]
    if isinstance(value, list):
        return ["list", [typed(item) for item in value]]
    return [type(value).__name__, str(value)]


def read(text, loader):
    try:
        return typed(yaml.load(text, Loader=loader))  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return ["error", str(error)]


kedro = get_yaml_loader()
texts = json.load(sys.stdin)
json.dump([{"kedro": read(text, kedro), "pyYaml": read(text, yaml.SafeLoader)} for text in texts], sys.stdout)
