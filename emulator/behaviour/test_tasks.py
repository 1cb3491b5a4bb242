import unittest

from botocore.exceptions import WaiterError
from support import AWSLOGS, CLUSTER, codes, container, id_of, new_name, refused, request, session, shared

aws = shared()
INSTANTS = [
    "createdAt",
    "connectivityAt",
    "pullStartedAt",
    "pullStoppedAt",
    "startedAt",
    "stoppingAt",
    "executionStoppedAt",
    "stoppedAt",
]


class Life(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.family = new_name()
        aws.register(cls.family, container("sleep 0.1; exit 3"))
        cls.ended = aws.until(aws.run(cls.family))

    def test_task_timestamps(self):
        instants = [self.ended[name].timestamp() for name in INSTANTS]
        # A container's end and the task's wish to stop are one event, whichever is noted first.
        in_order = [*instants[:5], *sorted(instants[5:7]), instants[7]]
        self.assertEqual(in_order, sorted(instants))
        before = aws.now()
        created = aws.run(self.family)["createdAt"]
        self.assertTrue(before <= created <= aws.now())

    def test_task_interface(self):
        [attachment] = self.ended["attachments"]
        self.assertEqual((attachment["type"], attachment["status"]), ("ElasticNetworkInterface", "DELETED"))
        details = {each["name"]: each["value"] for each in attachment["details"]}
        self.assertEqual(details["subnetId"], "subnet-1")
        self.assertRegex(details["networkInterfaceId"], "^eni-[0-9a-f]{17}$")
        [interface] = self.ended["containers"][0]["networkInterfaces"]
        self.assertEqual(interface["privateIpv4Address"], details["privateIPv4Address"])
        self.assertEqual(aws.run(self.family)["attachments"][0]["status"], "PRECREATED")

    def test_task_digest(self):
        digest = self.ended["containers"][0]["imageDigest"]
        self.assertRegex(digest, "^sha256:[0-9a-f]{64}$")
        self.assertEqual(aws.ran()["containers"][0]["imageDigest"], digest)
        pinned = f"image@sha256:{'a' * 64}"
        self.assertNotIn("imageDigest", aws.ran(container(image=pinned))["containers"][0])
        aws.ask("PUT", "/_emulator/images", {"ref": pinned, "dir": str(aws.image)})
        self.assertEqual(aws.ran(container(image=pinned))["containers"][0]["imageDigest"], f"sha256:{'a' * 64}")

    def test_task_essential_exits(self):
        self.assertEqual(codes(self.ended), {"main": 3})
        self.assertEqual(
            (self.ended["stopCode"], self.ended["stoppedReason"], self.ended["desiredStatus"]),
            ("EssentialContainerExited", "Essential container in task exited", "STOPPED"),
        )

    def test_task_others_are_stopped(self):
        two = aws.ran(container("exec sleep 60", name="sidecar", essential=False), container("sleep 0.1"))
        self.assertEqual(codes(two), {"main": 0, "sidecar": 143})

    def test_task_not_essential_exits(self):
        two = aws.ran(container("exit 5", name="sidecar", essential=False), container("sleep 0.1"))
        self.assertEqual(codes(two), {"main": 0, "sidecar": 5})

    def test_task_signal(self):
        self.assertEqual(codes(aws.ran(container("kill -9 $$"))), {"main": 137})

    def test_task_version(self):
        aws.register("versions", container("sleep 0.1"))
        first = aws.run("versions")
        running, ended = aws.until(first, "RUNNING"), aws.until(first)
        self.assertEqual(first["version"], 1)
        self.assertTrue(1 < running["version"] < ended["version"])


class Stop(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.family = new_name()
        aws.register(cls.family, container("exec sleep 60"))

    def test_stop_reason(self):
        for given, shown in (({"reason": "enough"}, "enough"), ({}, "Task stopped by user")):
            task = aws.until(aws.run(self.family), "RUNNING")
            answer = aws.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"], **given)["task"]
            self.assertEqual((answer["desiredStatus"], answer["stoppedReason"]), ("STOPPED", shown))
            ended = aws.until(task)
            self.assertEqual((ended["stopCode"], ended["stoppedReason"]), ("UserInitiated", shown))
            self.assertEqual(codes(ended), {"main": 143})

    def test_stop_again(self):
        task = aws.run(self.family)
        for reason in ("first", "second"):
            aws.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"], reason=reason)
        ended = aws.until(task)
        self.assertEqual(ended["stoppedReason"], "first")
        self.assertEqual(aws.ecs.stop_task(cluster=CLUSTER, task=id_of(task))["task"]["stoppedReason"], "first")

    def test_stop_kill(self):
        stubborn = container("trap 'echo term' TERM; echo up; while :; do sleep 0.02; done", stopTimeout=1)
        family = new_name()
        aws.register(family, stubborn)
        task = aws.until(aws.run(family), "RUNNING")
        self.assertEqual(aws.first_line(task), "up")
        aws.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])
        ended = aws.until(task)
        self.assertEqual(codes(ended), {"main": 137})
        self.assertIn("term", aws.lines(ended))

    def test_stop_tags(self):
        task = aws.run(self.family, tags=[{"key": "k", "value": "v"}])
        aws.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])
        self.assertEqual(aws.until(task)["tags"], [])

    def test_stop_missing(self):
        with refused("InvalidParameterException", r"^The referenced task was not found\.$"):
            aws.ecs.stop_task(cluster=CLUSTER, task="0" * 32)


class FailsToStart(unittest.TestCase):
    def failed(self, *containers, reason):
        task = aws.ran(*containers)
        self.assertEqual(task["stopCode"], "TaskFailedToStart")
        self.assertRegex(task["stoppedReason"], reason)
        self.assertNotIn("startedAt", task)
        return task

    def test_fails_image(self):
        reason = r"^CannotPullContainerError: pull image manifest has been retried .*nobody/knows:1: not found"
        task = self.failed(container(image="nobody/knows:1"), reason=reason)
        self.assertNotIn("exitCode", task["containers"][0])
        self.assertRegex(task["containers"][0]["reason"], "^CannotPullContainerError")

    def test_fails_command(self):
        task = self.failed(container(entryPoint=["no-such-program"]), reason="^Task failed to start$")
        self.assertRegex(task["containers"][0]["reason"], "^CannotStartContainerError: .*no-such-program.*not found")

    def test_fails_log_group(self):
        def logging(**more):
            return {**AWSLOGS, "options": {**AWSLOGS["options"], "awslogs-group": "/made/by/a/task", **more}}

        reason = "^ResourceInitializationError: failed to validate logger args: .*The specified log group does not exist"
        self.failed(container(logConfiguration=logging()), reason=reason)
        made = aws.ran(container(logConfiguration=logging(**{"awslogs-create-group": "true"})))
        self.assertEqual(codes(made), {"main": 0})
        groups = aws.logs.describe_log_groups(logGroupNamePrefix="/made/by")["logGroups"]
        self.assertEqual([group["logGroupName"] for group in groups], ["/made/by/a/task"])

    def test_fails_secret(self):
        secret = {"name": "S", "valueFrom": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none-a1B2c3"}
        reason = "^ResourceInitializationError: unable to pull secrets or registry auth: "
        self.failed(container(secrets=[secret]), reason=reason)

    def test_fails_dependency(self):
        waits = container(dependsOn=[{"containerName": "migrates", "condition": "SUCCESS"}])
        task = self.failed(waits, container("exit 5", name="migrates", essential=False), reason="^Task failed to start$")
        self.assertEqual(codes(task), {"main": None, "migrates": 5})
        [main] = [each for each in task["containers"] if each["name"] == "main"]
        self.assertRegex(main["reason"], "migrates did not become SUCCESS")


class Describe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws.register("described")
        cls.task = aws.run("described", tags=[{"key": "k", "value": "v"}])

    def test_describe_names(self):
        for name in (self.task["taskArn"], id_of(self.task)):
            [found] = aws.ecs.describe_tasks(cluster=CLUSTER, tasks=[name])["tasks"]
            self.assertEqual(found["taskArn"], self.task["taskArn"])

    def test_describe_many(self):
        for names in ([], ["0" * 32] * 101):
            with refused("InvalidParameterException"):
                aws.ecs.describe_tasks(cluster=CLUSTER, tasks=names)

    def test_describe_tags(self):
        [bare] = aws.ecs.describe_tasks(cluster=CLUSTER, tasks=[self.task["taskArn"]])["tasks"]
        self.assertEqual(bare["tags"], [])
        self.assertEqual(aws.described(self.task)["tags"], [{"key": "k", "value": "v"}])

    def test_describe_waiters(self):
        ecs = session().client("ecs", endpoint_url=aws.url)
        aws.register("waited", container("exec sleep 60"))
        waited = {"cluster": CLUSTER, "tasks": [aws.run("waited")["taskArn"]], "WaiterConfig": {"Delay": 0.01}}
        ecs.get_waiter("tasks_running").wait(**waited)
        ecs.stop_task(cluster=CLUSTER, task=waited["tasks"][0])
        ecs.get_waiter("tasks_stopped").wait(**waited)
        with self.assertRaises(WaiterError):
            ecs.get_waiter("tasks_running").wait(**waited)

    def test_describe_missing(self):
        elsewhere = self.task["taskArn"].replace(f"/{CLUSTER}/", "/another/")
        answer = aws.ecs.describe_tasks(cluster=CLUSTER, tasks=["0" * 32, elsewhere])
        self.assertEqual([failure["reason"] for failure in answer["failures"]], ["MISSING", "MISSING"])
        self.assertTrue(answer["failures"][0]["arn"].endswith(f":task/{CLUSTER}/{'0' * 32}"))


class List(unittest.TestCase):
    def listed(self, **asked):
        return aws.ecs.list_tasks(cluster=CLUSTER, **asked)["taskArns"]

    @classmethod
    def setUpClass(cls):
        for family in ("waits", "waits-too"):
            aws.register(family, container("exec sleep 60"))
        tasks = aws.ecs.run_task(**request("waits", count=3, startedBy="list/1"))["tasks"]
        cls.three = sorted(task["taskArn"] for task in tasks)
        cls.other = aws.run("waits-too", startedBy="list/1")["taskArn"]
        cls.stopped = aws.run("waits", startedBy="list/1")["taskArn"]
        aws.ecs.stop_task(cluster=CLUSTER, task=cls.stopped)

    @classmethod
    def tearDownClass(cls):
        for arn in [*cls.three, cls.other]:
            aws.ecs.stop_task(cluster=CLUSTER, task=arn)

    def test_list_desired_status(self):
        self.assertCountEqual(self.listed(startedBy="list/1"), [*self.three, self.other])
        self.assertEqual(self.listed(startedBy="list/1", desiredStatus="STOPPED"), [self.stopped])
        self.assertEqual(self.listed(desiredStatus="PENDING"), [])

    def test_list_filters(self):
        self.assertCountEqual(self.listed(family="waits"), self.three)
        self.assertEqual(self.listed(family="waits-too", startedBy="list/1"), [self.other])
        self.assertEqual(self.listed(startedBy="list/1", launchType="EC2"), [])
        self.assertEqual(self.listed(startedBy="list"), [])

    def test_list_elsewhere(self):
        self.assertEqual(self.listed(containerInstance="0" * 32), [])
        with refused("ServiceNotFoundException"):
            self.listed(serviceName="any")

    def test_list_pages(self):
        pages = aws.ecs.get_paginator("list_tasks").paginate(cluster=CLUSTER, family="waits", maxResults=2)
        sizes = [len(page["taskArns"]) for page in pages]
        self.assertEqual(sizes, [2, 1])
        for wrong in ({"maxResults": 101}, {"nextToken": "nonsense"}):
            with refused("InvalidParameterException"):
                self.listed(**wrong)
