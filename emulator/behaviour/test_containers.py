import json
import os
import sys
import time
import unittest
from datetime import datetime, timezone

import yaml
from support import CLUSTER, LOG_GROUP, REGION, codes, container, id_of, is_alive, new_name, shared, temporary_folder

aws = shared()
PLATFORM = {
    "AWS_DEFAULT_REGION",
    "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    "AWS_ENDPOINT_URL_ECS",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ENDPOINT_URL_STS",
    "AWS_REGION",
    "ECS_CONTAINER_METADATA_URI_V4",
    "HOME",
    "LANG",
    "PATH",
}
ARN = f"arn:aws:secretsmanager:{REGION}:123456789012:secret:prod/db-a1B2c3"


def mapped(ref: str, files: dict, **more) -> str:
    """An image of its own."""
    folder = temporary_folder()
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    aws.ask("PUT", "/_emulator/images", {"ref": ref, "dir": str(folder), **more})
    return ref


class Running(unittest.TestCase):
    def printed(self, script: str, **more) -> list[str]:
        return aws.lines(aws.ran(container(script, **more)))

    def test_container_command(self):
        self.assertEqual(self.printed("", entryPoint=["printf", "%s,%s"], command=["a", "b c"]), ["a,b c"])

    def test_container_isolated(self):
        image = mapped("isolated:1", {"hello.txt": "hello"})
        script = 'cat hello.txt; ls; touch left hello.txt "$HOME/left"; ls -A "$HOME"; pwd'
        first, second = (self.printed(script, image=image) for _ in range(2))
        self.assertEqual(first[:2], ["hellohello.txt", "left"])
        self.assertEqual(second[:2], first[:2])
        self.assertFalse(os.path.exists(first[2]))

    def test_container_group(self):
        [child] = self.printed("sleep 60 > /dev/null 2>&1 & echo $!")
        # It was sent SIGKILL, which takes its moment on a busy machine.
        deadline = time.monotonic() + 20
        while is_alive(int(child)) and time.monotonic() < deadline:
            time.sleep(0.01)
        self.assertFalse(is_alive(int(child)))

    def test_container_dockerignore(self):
        image = mapped(
            "ignoring:1",
            {".dockerignore": "data\n!data/kept\n", "data/dropped": "", "data/kept": "", ".venv/x": "", ".git/x": "", "code": ""},
        )
        self.assertEqual(self.printed("find . -type f | sort", image=image), ["./.dockerignore", "./code", "./data/kept"])

    def test_container_variables(self):
        environment = [{"name": "MINE", "value": "1"}, {"name": "AWS_REGION", "value": "mine"}]
        printed = self.printed("env; echo CALLERS_SECRET=[$CALLERS_SECRET]", environment=environment)
        values = dict(line.split("=", 1) for line in printed)
        self.assertEqual(values.pop("CALLERS_SECRET"), "[]")
        self.assertEqual(set(values) - {"PWD", "OLDPWD", "SHLVL", "_"}, PLATFORM | {"MINE"})
        self.assertEqual((values["MINE"], values["AWS_REGION"], values["AWS_DEFAULT_REGION"]), ("1", "mine", REGION))
        self.assertEqual(values["AWS_ENDPOINT_URL_ECS"], aws.url)
        self.assertFalse([name for name in values if "CREDENTIALS" in name])

    def test_container_python(self):
        image = mapped("python:1", {}, python=sys.executable)
        self.assertEqual(self.printed("command -v python", image=image), [sys.executable])

    def test_container_secrets(self):
        values = {"prod/db": {"password": "p w", "port": 5432}, "/plain": "text"}
        (aws.state / "secrets.yml").write_text(yaml.dump(values))
        secrets = [
            {"name": "WHOLE", "valueFrom": ARN},
            {"name": "PASSWORD", "valueFrom": f"{ARN}:password::"},
            {"name": "PLAIN", "valueFrom": f"arn:aws:ssm:{REGION}:123456789012:parameter/plain"},
        ]
        printed = self.printed('echo "$WHOLE $PASSWORD $PLAIN"', secrets=secrets)
        self.assertEqual(printed, ['{"password":"p w","port":5432} p w text'])

    def test_container_memory(self):
        greedy = "import time; held = b'x' * 60_000_000; time.sleep({})"
        for more, seconds, code, reason in (
            # It holds it until it is killed.
            ({"memory": 32}, 300, 137, "OutOfMemoryError: Container killed due to memory usage"),
            ({}, 0.3, 0, None),
        ):
            ended = aws.ran(container(entryPoint=[sys.executable, "-c"], command=[greedy.format(seconds)], **more))
            self.assertEqual((codes(ended), ended["containers"][0].get("reason")), ({"main": code}, reason))

    def test_container_credentials(self):
        role = "arn:aws:iam::123456789012:role/task"
        ask = """
import json, os, urllib.error, urllib.request
def ask(token):
    try:
        return json.load(urllib.request.urlopen(urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"], headers={"Authorization": token})))
    except urllib.error.HTTPError as error:
        return error.code
print(json.dumps([ask(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]), ask("another")]))
"""
        family = new_name()
        aws.register(family, container(entryPoint=[sys.executable, "-c"], command=[ask]), taskRoleArn=role)
        [credentials, other] = json.loads(aws.lines(aws.until(aws.run(family)))[0])
        self.assertEqual((credentials["RoleArn"], other), (role, 403))
        self.assertTrue(credentials["AccessKeyId"] and credentials["SecretAccessKey"] and credentials["Token"])
        self.assertGreater(datetime.fromisoformat(credentials["Expiration"].replace("Z", "+00:00")), datetime.now(timezone.utc))

    def test_container_credentials_serve_boto3(self):
        role = "arn:aws:iam::123456789012:role/task"
        ask = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'], boto3.Session().get_credentials().method)"
        family = new_name()
        aws.register(family, container(entryPoint=[sys.executable, "-c"], command=[ask]), taskRoleArn=role)
        self.assertEqual(aws.lines(aws.until(aws.run(family))), ["123456789012 container-role"])

    def test_container_metadata(self):
        ask = """
import json, os, urllib.request
uri = os.environ["ECS_CONTAINER_METADATA_URI_V4"]
print(json.dumps([json.load(urllib.request.urlopen(uri + path)) for path in ("", "/task")]))
"""
        task = aws.ran(container(entryPoint=[sys.executable, "-c"], command=[ask]))
        [own, whole] = json.loads(aws.lines(task)[0])
        self.assertEqual((own["Name"], own["Image"], own["KnownStatus"]), ("main", "image:1", "RUNNING"))
        self.assertEqual((whole["TaskARN"], whole["Limits"]), (task["taskArn"], {"CPU": 0.25, "Memory": 512}))
        self.assertEqual([each["Name"] for each in whole["Containers"]], ["main"])


class Order(unittest.TestCase):
    def test_container_depends_on(self):
        task = aws.ran(
            container(
                dependsOn=[
                    {"containerName": "migrates", "condition": "SUCCESS"},
                    {"containerName": "fails", "condition": "COMPLETE"},
                    {"containerName": "proxy", "condition": "HEALTHY"},
                ]
            ),
            container(
                "exit 5", name="fails", essential=False, dependsOn=[{"containerName": "migrates", "condition": "START"}]
            ),
            container("sleep 0.1", name="migrates", essential=False),
            container(
                "sleep 0.1; touch ready; exec sleep 60",
                name="proxy",
                essential=False,
                healthCheck={"command": ["CMD-SHELL", "test -e ready"], "interval": 5, "retries": 10},
            ),
        )
        self.assertEqual(codes(task), {"main": 0, "fails": 5, "migrates": 0, "proxy": 143})

    def test_container_stopped_before(self):
        log = temporary_folder() / "order"
        waits = "trap 'echo {0} >> {1}; exit 0' TERM; echo up; while :; do sleep 0.02; done"
        first = [{"containerName": "last", "condition": "START"}]
        aws.ran(
            container("sleep 0.2"),
            container(waits.format("first", log), name="first", essential=False, dependsOn=first),
            container(waits.format("last", log), name="last", essential=False),
        )
        self.assertEqual(log.read_text(), "first\nlast\n")

    def test_container_health(self):
        for command, status in (("true", "HEALTHY"), ("false", "UNHEALTHY")):
            family = new_name()
            check = {"command": ["CMD-SHELL", command], "interval": 5, "retries": 2}
            aws.register(family, container("exec sleep 60", healthCheck=check))
            task = aws.run(family)
            while (now := aws.described(task))["healthStatus"] == "UNKNOWN":
                pass
            self.assertEqual((now["healthStatus"], now["containers"][0]["healthStatus"]), (status, status))
            aws.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])


class Logging(unittest.TestCase):
    def test_container_stream(self):
        task = aws.ran(container("echo one; sleep 0.05; echo two >&2"))
        stream = f"ecs/main/{id_of(task)}"
        events = aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream, startFromHead=True)["events"]
        self.assertEqual([event["message"] for event in events], ["one", "two"])
        silent = aws.ran()
        with self.assertRaises(aws.logs.exceptions.ResourceNotFoundException):
            aws.lines(silent)

    def test_container_lines(self):
        long = 262_118
        script = f"printf 'one\\r\\n\\ntwo\\n'; head -c {long} /dev/zero | tr '\\\\0' x; printf 'é\\nlast'"
        lines = aws.lines(aws.ran(container(script)))
        self.assertEqual([*lines[:2], *lines[3:]], ["one", "two", "é", "last"])
        self.assertEqual(len(lines[2]), long)

    def test_container_lines_at_the_end(self):
        for _ in range(5):
            self.assertEqual(len(aws.lines(aws.ran(container("seq 500")))), 500)
