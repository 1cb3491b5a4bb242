import json
import unittest
from concurrent.futures import ThreadPoolExecutor

from support import container, new_name, refused, request, rows, shared

aws = shared()
PARAMETER = "InvalidParameterException"


def vpc(**more):
    return {"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"], **more}}}


def override(**more):
    return {"overrides": {"containerOverrides": [{"name": "main", **more}]}}


@rows(
    {
        "run-unknown-definition": ({"taskDefinition": "nothing"}, "ClientException", r"^TaskDefinition not found\.$"),
        "run-not-for-fargate": (
            {"taskDefinition": "for-ec2"},
            PARAMETER,
            r"^Task definition does not support launch_type FARGATE\.$",
        ),
        "run-no-network": (
            {"networkConfiguration": None},
            PARAMETER,
            r"^Network Configuration must be provided when networkMode 'awsvpc' is specified\.$",
        ),
        "run-no-subnet": (vpc(subnets=[]), PARAMETER, r"^subnets can not be empty\.$"),
        "run-many-subnets": (vpc(subnets=["subnet-1"] * 17), PARAMETER, r"^subnets can have at most 16 items\.$"),
        "run-many-groups": (vpc(securityGroups=["sg-1"] * 6), PARAMETER, r"^securityGroups can have at most 5 items\.$"),
        "run-unknown-container": (
            override(name="sidecar"),
            PARAMETER,
            r"^Override for container named sidecar is not a container in the TaskDefinition\.$",
        ),
        "run-pair": (
            {"overrides": {"cpu": "256", "memory": "4096"}},
            "ClientException",
            "^No Fargate configuration exists for given values: 256 CPU, 4096 memory",
        ),
        "run-container-size": (
            override(memory=513),
            PARAMETER,
            "^'memory' setting for container 'main' is greater than for task",
        ),
        "run-launch-type-and-strategy": (
            {"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            PARAMETER,
            "^Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
        "run-provider-not-associated": (
            {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]},
            PARAMETER,
            "^The specified capacity provider strategy cannot contain a capacity provider that is not associated",
        ),
        "run-no-weight": (
            {"launchType": None, "capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]},
            PARAMETER,
            "^There are no capacity providers with a weight value greater than zero defined in the capacity provider",
        ),
        "run-malformed-subnet": (
            vpc(subnets=["my-subnet"]),
            PARAMETER,
            r"^Error retrieving subnet information for \[my-subnet\]: .*\(ErrorCode: InvalidSubnetID.Malformed\)",
        ),
        "run-malformed-group": (
            vpc(securityGroups=["default"]),
            PARAMETER,
            r"^Error retrieving security group information for \[default\]: .*\(ErrorCode: InvalidGroupId.Malformed\)",
        ),
        "run-public-ip": (vpc(assignPublicIp="true"), PARAMETER, "^Invalid assignPublicIp: 'true' should be one of"),
        "run-platform": (
            {"platformVersion": "1.9.0"},
            "PlatformUnknownException",
            r"^The specified platform does not exist\.$",
        ),
        "run-placement": (
            {"placementStrategy": [{"type": "random"}]},
            PARAMETER,
            r"^Placement strategies are not supported with FARGATE launch type\.$",
        ),
        "run-role": ({"overrides": {"taskRoleArn": "arn:aws:s3:::bucket"}}, "ClientException", "^Role is not valid$"),
        "run-exec-without-role": ({"enableExecuteCommand": True}, PARAMETER, "a valid taskRoleArn is not being used"),
        "run-ec2": ({"launchType": "EC2"}, PARAMETER, r"^No Container Instances were found in your cluster\.$"),
    }
)
class RunTaskRefuses(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws.register("known", cpu="256", memory="512")
        aws.register("for-ec2", requiresCompatibilities=["EC2"])

    def check(self, change, code, words):
        with refused(code, words):
            aws.ecs.run_task(**request("known", **change))

    def test_run_long_overrides(self):
        empty = override(command=[""])["overrides"]
        room = 8192 - len(json.dumps(empty, separators=(",", ":")))
        aws.until(aws.run("known", **override(command=["x" * room])))
        with refused(PARAMETER, "^Container Overrides length must be at most 8192$"):
            aws.run("known", **override(command=["x" * (room + 1)]))

    def test_run_storage(self):
        for size in (20, 201):
            with refused(PARAMETER, "ephemeralStorage"):
                aws.run("known", overrides={"ephemeralStorage": {"sizeInGiB": size}})

    def test_run_limits(self):
        for wrong in (
            {"count": 0},
            {"count": 11},
            {"startedBy": "x" * 129},
            {"startedBy": "a b"},
            {"clientToken": "x" * 65},
            {"clientToken": "a b"},
            {"tags": [{"key": f"k{n}"} for n in range(51)]},
            {"tags": [{"key": "aws:k"}]},
            {"tags": [{"key": "k", "value": "v" * 257}]},
            {"propagateTags": "SERVICE"},
        ):
            with refused(PARAMETER):
                aws.run("known", **wrong)


class RunTask(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws.register("plain", tags=[{"key": "a", "value": "definition"}, {"key": "b", "value": "definition"}])

    def test_run_count(self):
        tasks = aws.ecs.run_task(**request("plain", count=10))["tasks"]
        self.assertEqual(len({task["taskArn"] for task in tasks}), 10)
        self.assertEqual({task["launchType"] for task in tasks}, {"FARGATE"})

    def test_run_overrides(self):
        prints = container("exit 9", environment=[{"name": name, "value": "definition"} for name in ("KEPT", "REPLACED")])
        aws.register("overridden", prints)
        of_container = {
            "name": "main",
            "command": ["echo $KEPT $REPLACED"],
            "environment": [{"name": "REPLACED", "value": "override"}],
            "cpu": 128,
            "memory": 768,
            "memoryReservation": 256,
        }
        of_task = {"cpu": "512", "memory": "1 GB", "ephemeralStorage": {"sizeInGiB": 30}}
        task = aws.until(aws.run("overridden", overrides={"containerOverrides": [of_container], **of_task}))
        self.assertEqual(aws.lines(task), ["definition override"])
        self.assertEqual((task["cpu"], task["memory"]), ("512", "1024"))
        self.assertEqual(task["ephemeralStorage"], {"sizeInGiB": 30})
        main = task["containers"][0]
        self.assertEqual((main["cpu"], main["memory"], main["memoryReservation"]), ("128", "768", "256"))

    def test_run_group(self):
        self.assertEqual(aws.run("plain")["group"], "family:plain")
        self.assertEqual(aws.run("plain", group="mine")["group"], "mine")

    def test_run_tags(self):
        own = [{"key": "a", "value": "request"}]
        self.assertEqual(aws.described(aws.run("plain", tags=own))["tags"], own)
        both = aws.described(aws.run("plain", tags=own, propagateTags="TASK_DEFINITION"))["tags"]
        self.assertCountEqual(both, [*own, {"key": "b", "value": "definition"}])

    def test_run_default_strategy(self):
        nothing = request("plain", launchType=None)
        with refused(PARAMETER, "^No Container Instances were found"):
            aws.ecs.run_task(**nothing)
        aws.ecs.create_cluster(
            clusterName="spot",
            capacityProviders=["FARGATE", "FARGATE_SPOT"],
            defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}],
        )
        task = aws.ecs.run_task(**{**nothing, "cluster": "spot"})["tasks"][0]
        self.assertEqual((task["launchType"], task["capacityProviderName"]), ("FARGATE", "FARGATE_SPOT"))

    def test_run_strategy(self):
        both = ["FARGATE", "FARGATE_SPOT"]
        aws.ecs.create_cluster(clusterName="mixed", capacityProviders=both)
        strategy = [
            {"capacityProvider": "FARGATE", "weight": 1, "base": 2},
            {"capacityProvider": "FARGATE_SPOT", "weight": 3},
        ]
        asked = request("plain", cluster="mixed", launchType=None, capacityProviderStrategy=strategy, count=10)
        providers = [task["capacityProviderName"] for task in aws.ecs.run_task(**asked)["tasks"]]
        self.assertEqual([providers.count(provider) for provider in both], [4, 6])

    def test_run_shown_overrides(self):
        aws.register("two", container(), container(name="other", essential=False))
        shown = aws.run("two", **override(cpu=1))["overrides"]["containerOverrides"]
        self.assertEqual(shown, [{"name": "main", "cpu": 1}, {"name": "other"}])


class ClientToken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws.register("once", container("sleep 0.2"))

    def test_token_of_a_cluster(self):
        aws.ecs.create_cluster(clusterName="elsewhere")
        here = aws.run("once", clientToken="cluster")
        there = aws.run("once", clientToken="cluster", cluster="elsewhere")
        self.assertNotEqual(here["taskArn"], there["taskArn"])

    def test_token_replay(self):
        asked = {"clientToken": "replay", "startedBy": "x"}
        with ThreadPoolExecutor(4) as pool:
            live = list(pool.map(lambda _: aws.run("once", **asked), range(4)))
        self.assertEqual(len({task["taskArn"] for task in live}), 1)
        self.assertTrue(all(task["taskDefinitionArn"] and task["containers"] for task in live))
        aws.until(live[0])
        bare = {"taskArn": live[0]["taskArn"], "lastStatus": "STOPPED", "desiredStatus": "STOPPED"}
        self.assertEqual(aws.run("once", **asked), bare)

    def test_token_conflict(self):
        tasks = aws.ecs.run_task(**request("once", clientToken="conflict", count=2))["tasks"]
        with self.assertRaises(aws.ecs.exceptions.ConflictException) as caught:
            aws.run("once", clientToken="conflict", count=2, startedBy="y")
        self.assertCountEqual(caught.exception.response["resourceIds"], [task["taskArn"] for task in tasks])

    def test_token_parameters(self):
        variables = [{"name": name, "value": "1"} for name in "AB"]
        asked = {"taskDefinition": "once", "overrides": {"cpu": "256", "containerOverrides": [{"name": "main"}]}}

        def ask(token: str, **more) -> str:
            return aws.run("once", clientToken=token, **{**asked, **more})["taskArn"]

        turned = {**asked, "overrides": dict(reversed(asked["overrides"].items()))}
        self.assertEqual(ask("keys"), ask("keys", **turned))
        lists = [{"containerOverrides": [{"name": "main", "environment": list_}]} for list_ in (variables, variables[::-1])]
        ask("list", overrides=lists[0])
        with refused("ConflictException"):
            ask("list", overrides=lists[1])
        family = new_name()
        aws.register(family)
        aws.run(family, clientToken="revision")
        aws.register(family)
        with refused("ConflictException"):
            aws.run(family, clientToken="revision")
