import unittest

from support import ACCOUNT, CLUSTER, REGION, container, refused, request, shared

aws = shared()


class Clusters(unittest.TestCase):
    def test_cluster_create(self):
        tags = [{"key": "k", "value": "v"}]
        made = aws.ecs.create_cluster(clusterName="made", tags=tags)["cluster"]
        self.assertEqual((made["status"], made["tags"]), ("ACTIVE", tags))
        self.assertEqual(made["settings"], [{"name": "containerInsights", "value": "disabled"}])
        self.assertEqual(aws.ecs.create_cluster(clusterName="made")["cluster"], made)

    def test_cluster_describe(self):
        answer = aws.ecs.describe_clusters(clusters=[CLUSTER, "nowhere"])
        self.assertEqual([each["clusterName"] for each in answer["clusters"]], [CLUSTER])
        missing = {"arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/nowhere", "reason": "MISSING"}
        self.assertEqual(answer["failures"], [missing])

    def test_cluster_default(self):
        with refused("ClusterNotFoundException"):
            aws.ecs.list_tasks()
        self.assertEqual(aws.ecs.create_cluster()["cluster"]["clusterName"], "default")
        self.assertEqual(aws.ecs.list_tasks()["taskArns"], [])
        aws.ecs.delete_cluster(cluster="default")

    def test_cluster_list(self):
        for number in range(3):
            aws.ecs.create_cluster(clusterName=f"list-{number}")
        arns = [arn for page in aws.ecs.get_paginator("list_clusters").paginate(maxResults=2) for arn in page["clusterArns"]]
        self.assertEqual(arns, sorted(arns))
        self.assertEqual(arns, aws.ecs.list_clusters()["clusterArns"])
        self.assertEqual([arn[-6:] for arn in arns if "/list-" in arn], ["list-0", "list-1", "list-2"])

    def test_cluster_delete(self):
        aws.ecs.create_cluster(clusterName="deleted", tags=[{"key": "k", "value": "v"}])
        self.assertEqual(aws.ecs.delete_cluster(cluster="deleted")["cluster"]["status"], "INACTIVE")
        [described] = aws.ecs.describe_clusters(clusters=["deleted"], include=["TAGS"])["clusters"]
        self.assertEqual((described["status"], described["tags"]), ("INACTIVE", []))
        self.assertFalse([arn for arn in aws.ecs.list_clusters()["clusterArns"] if arn.endswith("/deleted")])
        with refused("ClusterNotFoundException"):
            aws.ecs.list_tasks(cluster="deleted")
        self.assertEqual(aws.ecs.create_cluster(clusterName="deleted")["cluster"]["status"], "ACTIVE")

    def test_cluster_delete_with_tasks(self):
        aws.ecs.create_cluster(clusterName="busy")
        aws.register("busy", container("exec sleep 60"))
        task = aws.ecs.run_task(**request("busy", cluster="busy"))["tasks"][0]
        with refused("ClusterContainsTasksException", r"^The Cluster cannot be deleted while Tasks are active\.$"):
            aws.ecs.delete_cluster(cluster="busy")
        aws.ecs.stop_task(cluster="busy", task=task["taskArn"])
        aws.ecs.get_waiter("tasks_stopped").wait(cluster="busy", tasks=[task["taskArn"]], WaiterConfig={"Delay": 0.01})
        aws.ecs.delete_cluster(cluster="busy")

    def test_cluster_counts(self):
        aws.ecs.create_cluster(clusterName="counted")
        aws.register("counted", container("exec sleep 60"))
        tasks = aws.ecs.run_task(**request("counted", cluster="counted", count=2))["tasks"]
        arns = [task["taskArn"] for task in tasks]
        aws.ecs.get_waiter("tasks_running").wait(cluster="counted", tasks=arns, WaiterConfig={"Delay": 0.01})
        [counted] = aws.ecs.describe_clusters(clusters=["counted"])["clusters"]
        self.assertEqual((counted["runningTasksCount"], counted["pendingTasksCount"]), (2, 0))
        for arn in arns:
            aws.ecs.stop_task(cluster="counted", task=arn)

    def test_cluster_include(self):
        tags, settings = [{"key": "k", "value": "v"}], [{"name": "containerInsights", "value": "enabled"}]
        configuration = {"executeCommandConfiguration": {"logging": "NONE"}}
        aws.ecs.create_cluster(clusterName="included", tags=tags, settings=settings, configuration=configuration)
        [bare] = aws.ecs.describe_clusters(clusters=["included"])["clusters"]
        self.assertEqual((bare["tags"], bare["settings"], "configuration" in bare), ([], [], False))
        [full] = aws.ecs.describe_clusters(clusters=["included"], include=["TAGS", "SETTINGS", "CONFIGURATIONS"])["clusters"]
        self.assertEqual((full["tags"], full["settings"], full["configuration"]), (tags, settings, configuration))

    def test_cluster_update(self):
        aws.ecs.create_cluster(clusterName="updated", settings=[{"name": "containerInsights", "value": "enabled"}])
        settings = [{"name": "containerInsights", "value": "disabled"}]
        self.assertEqual(aws.ecs.update_cluster(cluster="updated", settings=settings)["cluster"]["settings"], settings)

    def test_cluster_missing(self):
        for call in (
            lambda: aws.ecs.list_tasks(cluster="nowhere"),
            lambda: aws.ecs.describe_tasks(cluster="nowhere", tasks=["0"]),
            lambda: aws.ecs.stop_task(cluster="nowhere", task="0"),
            lambda: aws.ecs.run_task(cluster="nowhere", taskDefinition="any"),
            lambda: aws.ecs.delete_cluster(cluster="nowhere"),
            lambda: aws.ecs.update_cluster(cluster="nowhere"),
            lambda: aws.ecs.put_cluster_capacity_providers(
                cluster="nowhere", capacityProviders=[], defaultCapacityProviderStrategy=[]
            ),
        ):
            with refused("ClusterNotFoundException", r"^Cluster not found\.$"):
                call()


class Providers(unittest.TestCase):
    def test_providers_put(self):
        aws.ecs.create_cluster(clusterName="put")
        strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
        put = aws.ecs.put_cluster_capacity_providers(
            cluster="put", capacityProviders=["FARGATE", "FARGATE_SPOT"], defaultCapacityProviderStrategy=strategy
        )["cluster"]
        self.assertEqual(put["capacityProviders"], ["FARGATE", "FARGATE_SPOT"])
        self.assertEqual(put["defaultCapacityProviderStrategy"], strategy)

    def test_providers_unknown(self):
        for call in (
            lambda: aws.ecs.create_cluster(clusterName="unknown", capacityProviders=["mine"]),
            lambda: aws.ecs.put_cluster_capacity_providers(
                cluster=CLUSTER, capacityProviders=["mine"], defaultCapacityProviderStrategy=[]
            ),
        ):
            with refused("InvalidParameterException", "^The specified capacity provider was not found. Specify a valid"):
                call()

    def test_providers_default_strategy(self):
        with refused("InvalidParameterException", "cannot contain a capacity provider that is not associated"):
            aws.ecs.create_cluster(
                clusterName="strategy",
                capacityProviders=["FARGATE"],
                defaultCapacityProviderStrategy=[{"capacityProvider": "FARGATE_SPOT"}],
            )

    def test_providers_in_use(self):
        spot = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        aws.ecs.create_cluster(clusterName="used", capacityProviders=["FARGATE_SPOT"])
        aws.register("used", container("exec sleep 60"))
        asked = request("used", cluster="used", launchType=None, capacityProviderStrategy=spot)
        task = aws.ecs.run_task(**asked)["tasks"][0]
        with refused("ResourceInUseException", "^The specified capacity provider is in use and cannot be removed"):
            aws.ecs.put_cluster_capacity_providers(
                cluster="used", capacityProviders=[], defaultCapacityProviderStrategy=[]
            )
        aws.ecs.stop_task(cluster="used", task=task["taskArn"])
