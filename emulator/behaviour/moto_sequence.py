"""One sequence of calls, made of the emulator and of moto alike, and what differs in the answers."""

import datetime
import re
import time

from botocore.exceptions import ClientError
from support import ROLE, container, definition

# moto wants a container's memory, and security groups.
PLAIN = definition(
    "f",
    container(memory=256, cpu=128, logConfiguration=None),
    taskRoleArn=ROLE,
    runtimePlatform={"cpuArchitecture": "X86_64"},
)
FOREVER = {"overrides": {"containerOverrides": [{"name": "main", "command": ["exec sleep 60"]}]}}
SPOT = {"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]}
CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster/c"
STREAM = {"logGroupName": "/g", "logStreamName": "a/b"}


class Calls:
    """The answers of one service to the whole sequence, by the name of the step."""

    def __init__(self, client, network: dict):
        self.ecs, self.logs, self.sts = (client(name) for name in ("ecs", "logs", "sts"))
        self.request = {
            "cluster": "c",
            "taskDefinition": "f",
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": network},
        }
        self.start = int(time.time() * 1000) - 10_000
        self.answers: dict[str, object] = {}
        for part in (self.clusters, self.definitions, self.tasks, self.retirement, self.tags, self.log_events):
            part()

    def step(self, name: str, call, *path, **asked):
        """Notes what a call answers, or what is at a path in it."""
        try:
            answer = call(**asked)
            answer.pop("ResponseMetadata")
            for key in path:
                answer = answer[key]
        except ClientError as error:
            answer = error.response["Error"]
        except Exception as error:  # moto itself raises what is no answer.
            answer = {"raised": type(error).__name__}
        self.answers[name] = answer
        return answer

    def clusters(self):
        ecs, step = self.ecs, self.step
        step("identity", self.sts.get_caller_identity)
        step("cluster", ecs.create_cluster, clusterName="c", tags=[{"key": "k", "value": "v"}])
        step("cluster-again", ecs.create_cluster, clusterName="c")
        step("clusters", ecs.describe_clusters, clusters=["c", "nowhere"], include=["TAGS"])
        step("list-clusters", ecs.list_clusters)
        providers = {"capacityProviders": ["FARGATE", "FARGATE_SPOT"], "defaultCapacityProviderStrategy": []}
        step("put-providers", ecs.put_cluster_capacity_providers, cluster="c", **providers)
        settings = [{"name": "containerInsights", "value": "enabled"}]
        step("update-cluster", ecs.update_cluster, cluster="c", settings=settings)
        step("delete-missing-cluster", ecs.delete_cluster, cluster="nowhere")
        ecs.create_cluster(clusterName="e")
        step("delete-cluster", ecs.delete_cluster, "cluster", "status", cluster="e")

    def definitions(self):
        ecs, step = self.ecs, self.step
        step("register", ecs.register_task_definition, **PLAIN, tags=[{"key": "t", "value": "1"}])
        step("register-second", ecs.register_task_definition, "taskDefinition", "revision", **PLAIN)
        step("register-pair", ecs.register_task_definition, **{**PLAIN, "family": "pair", "memory": "8192"})
        for_ec2 = {"requiresCompatibilities": ["EC2"], "cpu": None, "memory": None}
        step("register-no-memory", ecs.register_task_definition, **definition("no", container(memory=None), **for_ec2))
        step("register-no-image", ecs.register_task_definition, **definition("no", container(image=None)))
        step("register-pid-mode", ecs.register_task_definition, **{**PLAIN, "pidMode": "host"})
        step("definition", ecs.describe_task_definition, taskDefinition="f:1", include=["TAGS"])
        step("definition-newest", ecs.describe_task_definition, "taskDefinition", "revision", taskDefinition="f")
        step("definition-missing", ecs.describe_task_definition, taskDefinition="nothing")
        step("list-definitions", ecs.list_task_definitions, familyPrefix="f")
        step("list-definitions-down", ecs.list_task_definitions, familyPrefix="f", sort="DESC")
        step("list-definitions-page", ecs.list_task_definitions, familyPrefix="f", maxResults=1)
        step("families", ecs.list_task_definition_families, familyPrefix="f")

    def tasks(self):
        ecs, step, asked = self.ecs, self.step, self.request
        started = step("run", ecs.run_task, **asked, startedBy="me", tags=[{"key": "k", "value": "v"}])
        self.task = started["tasks"][0]["taskArn"]
        overrides = {"cpu": "512", "memory": "1024", "containerOverrides": [{"name": "main", "command": ["exit 0"]}]}
        step("run-overrides", ecs.run_task, "tasks", 0, "overrides", **asked, overrides=overrides)
        by_provider = {**{key: asked[key] for key in asked if key != "launchType"}, **SPOT}
        step("run-spot", ecs.run_task, "tasks", 0, "capacityProviderName", **by_provider)
        step("run-both", ecs.run_task, **asked, **SPOT)
        step("run-no-cluster", ecs.run_task, **{**asked, "cluster": "nowhere"})
        step("run-no-definition", ecs.run_task, **{**asked, "taskDefinition": "nothing"})
        step("run-no-network", ecs.run_task, **{**asked, "networkConfiguration": {}})
        nowhere = {"awsvpcConfiguration": {"subnets": [], "securityGroups": []}}
        step("run-no-subnet", ecs.run_task, **{**asked, "networkConfiguration": nowhere})
        tasks = [ecs.run_task(**asked, clientToken="t")["tasks"][0]["taskArn"] for _ in range(2)]
        self.answers["run-token"] = tasks[0] == tasks[1]
        forever = ecs.run_task(**asked, **FOREVER, startedBy="forever")["tasks"][0]["taskArn"]
        step("list", ecs.list_tasks, cluster="c", startedBy="forever")
        step("stop", ecs.stop_task, "task", "stoppedReason", cluster="c", task=forever, reason="enough")
        self.until_stopped(self.task)
        step("stopped", ecs.describe_tasks, cluster="c", tasks=[self.task], include=["TAGS"])
        step("list-stopped", ecs.list_tasks, cluster="c", startedBy="me", desiredStatus="STOPPED")
        step("missing", ecs.describe_tasks, cluster="c", tasks=["0" * 32])
        step("none", ecs.describe_tasks, cluster="c", tasks=[])
        step("stop-missing", ecs.stop_task, cluster="c", task="0" * 32)

    def until_stopped(self, task: str):
        while self.ecs.describe_tasks(cluster="c", tasks=[task])["tasks"][0]["lastStatus"] != "STOPPED":
            time.sleep(0.01)

    def retirement(self):
        ecs, step = self.ecs, self.step
        step("deregister", ecs.deregister_task_definition, taskDefinition="f:1")
        step("deregister-bare", ecs.deregister_task_definition, taskDefinition="f")
        step("deregister-odd", ecs.deregister_task_definition, taskDefinition="f:x")
        step("deregister-missing", ecs.deregister_task_definition, taskDefinition="nothing:1")
        step("run-inactive", ecs.run_task, **{**self.request, "taskDefinition": "f:1"})
        step("delete", ecs.delete_task_definitions, taskDefinitions=["f:1", "f:2", "f", "f:9"])
        step("delete-none", ecs.delete_task_definitions, taskDefinitions=[])

    def tags(self):
        ecs, step = self.ecs, self.step
        step("tags-of-task", ecs.list_tags_for_resource, resourceArn=self.task)
        revision = "arn:aws:ecs:eu-central-1:123456789012:task-definition/f:2"
        ecs.tag_resource(resourceArn=revision, tags=[{"key": "a", "value": "1"}])
        step("tags-of-definition", ecs.list_tags_for_resource, resourceArn=revision)
        step("tag", ecs.tag_resource, resourceArn=CLUSTER, tags=[{"key": "a", "value": "1"}])
        step("untag", ecs.untag_resource, resourceArn=CLUSTER, tagKeys=["k"])
        step("tags", ecs.list_tags_for_resource, resourceArn=CLUSTER)
        step("tags-wrong", ecs.list_tags_for_resource, resourceArn="nothing")
        ecs.run_task(**self.request, **FOREVER)
        step("delete-busy-cluster", ecs.delete_cluster, cluster="c")

    def log_events(self):
        logs, step, group, start = self.logs, self.step, {"logGroupName": "/g"}, self.start

        def put(name: str, *times: int):
            events = [{"timestamp": start + at, "message": f"at {at}"} for at in times]
            step(name, logs.put_log_events, **STREAM, logEvents=events)

        step("group", logs.create_log_group, **group)
        step("group-again", logs.create_log_group, **group)
        step("stream", logs.create_log_stream, **STREAM)
        step("stream-again", logs.create_log_stream, **STREAM)
        step("stream-no-group", logs.create_log_stream, logGroupName="/none", logStreamName="s")
        put("put", 0, 1, 2)
        put("put-order", 2, 1)
        put("put-old", -15 * 24 * 3_600_000)
        put("put-new", 3 * 3_600_000)
        event = [{"timestamp": start, "message": "m"}]
        step("put-no-stream", logs.put_log_events, **group, logStreamName="none", logEvents=event)
        first = step("get", logs.get_log_events, **STREAM, startFromHead=True, limit=2)
        on = {**STREAM, "startFromHead": True, "nextToken": first["nextForwardToken"]}
        second = step("get-second", logs.get_log_events, **on)
        step("get-third", logs.get_log_events, "events", **{**on, "nextToken": second["nextForwardToken"]})
        step("get-newest", logs.get_log_events, "events", **STREAM, limit=2)
        step("get-range", logs.get_log_events, "events", **STREAM, startTime=start + 1, endTime=start + 2)
        step("get-no-stream", logs.get_log_events, **group, logStreamName="none")
        step("get-no-group", logs.get_log_events, logGroupName="/none", logStreamName="none")
        step("filter", logs.filter_log_events, **group)
        step("filter-pattern", logs.filter_log_events, "events", 0, "message", **group, filterPattern='"at 1"')
        step("filter-range", logs.filter_log_events, "events", 0, "message", **group, startTime=start + 1, endTime=start + 1)
        step("filter-no-stream", logs.filter_log_events, **group, logStreamNames=["a/b", "none"])
        step("groups", logs.describe_log_groups, logGroupNamePrefix="/g")
        step("streams", logs.describe_log_streams, **group)
        wrong = {"orderBy": "LastEventTime", "logStreamNamePrefix": "a"}
        step("streams-wrong", logs.describe_log_streams, "Code", **group, **wrong)
        step("delete-stream", logs.delete_log_stream, **STREAM)
        step("delete-stream-again", logs.delete_log_stream, **STREAM)
        step("delete-group", logs.delete_log_group, **group)
        step("delete-group-again", logs.delete_log_group, **group)


RANDOM = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b|\d{56}|(?<=eni-)[0-9a-f]{17}")


def without_chance(value):
    """Times and random ids are there or not; what they are, two services need not agree about."""
    if isinstance(value, dict):
        return {key: without_chance(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_chance(item) for item in value]
    if isinstance(value, datetime.datetime) or (isinstance(value, int) and value > 1e11):
        return "a time"
    return RANDOM.sub("an id", value) if isinstance(value, str) else value


def differences(ours, motos, path: str):
    """Each place at which two answers differ: the path, and what is there; None where there is nothing."""
    if isinstance(ours, dict) and isinstance(motos, dict):
        for key in sorted({*ours, *motos}):
            yield from differences(ours.get(key), motos.get(key), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(motos, list) and len(ours) == len(motos):
        for place, (mine, other) in enumerate(zip(ours, motos)):
            yield from differences(mine, other, f"{path}[{place}]")
    elif without_chance(ours) != without_chance(motos):
        yield path, without_chance(ours), without_chance(motos)
