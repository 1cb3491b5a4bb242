import unittest

from support import container, definition, new_name, refused, shared

aws = shared()


class Register(unittest.TestCase):
    def test_register_verbatim(self):
        new = {"newField": {"from": ["the future"]}, "volumes": [{"name": "v", "newerField": 1}]}
        answer = aws.call("ecs", "RegisterTaskDefinition", {**definition("verbatim"), **new})[2]
        self.assertEqual({key: answer["taskDefinition"][key] for key in new}, new)
        described = aws.call("ecs", "DescribeTaskDefinition", {"taskDefinition": "verbatim"})[2]
        self.assertEqual(described["taskDefinition"], answer["taskDefinition"])

    def test_register_adds(self):
        registered = aws.register(new_name())
        self.assertEqual((registered["revision"], registered["status"]), (1, "ACTIVE"))
        self.assertEqual(registered["compatibilities"], ["EC2", "FARGATE"])
        self.assertIn({"name": "com.amazonaws.ecs.capability.logging-driver.awslogs"}, registered["requiresAttributes"])
        self.assertRegex(registered["taskDefinitionArn"], r":task-definition/name-\d+:1$")
        self.assertTrue(registered["registeredAt"] and registered["registeredBy"])

    def test_register_container_defaults(self):
        first = aws.register(new_name(), container())["containerDefinitions"][0]
        self.assertEqual((first["cpu"], first["essential"]), (0, True))
        for key in ("environment", "mountPoints", "portMappings", "volumesFrom", "systemControls"):
            self.assertEqual(first[key], [], key)

    def test_register_defaults(self):
        registered = aws.register(new_name())
        self.assertEqual((registered["volumes"], registered["placementConstraints"]), ([], []))

    def test_register_sizes(self):
        for cpu, memory in (("1 vCPU", "2 GB"), ("1vcpu", "2GB"), ("1024", "2048")):
            registered = aws.register(new_name(), cpu=cpu, memory=memory)
            self.assertEqual((registered["cpu"], registered["memory"]), ("1024", "2048"))

    def test_register_roles(self):
        registered = aws.register(new_name(), taskRoleArn="task", executionRoleArn="execution")
        self.assertEqual(registered["taskRoleArn"], "arn:aws:iam::123456789012:role/task")
        self.assertEqual(registered["executionRoleArn"], "arn:aws:iam::123456789012:role/execution")

    def test_register_port_defaults(self):
        first = aws.register(new_name(), container(portMappings=[{"containerPort": 80}]))["containerDefinitions"][0]
        self.assertEqual(first["portMappings"], [{"containerPort": 80, "hostPort": 80, "protocol": "tcp"}])

    def test_register_revisions(self):
        name = new_name()
        self.assertEqual([aws.register(name)["revision"] for _ in range(3)], [1, 2, 3])
        for revision in ("2", "3"):
            aws.ecs.deregister_task_definition(taskDefinition=f"{name}:{revision}")
            aws.ecs.delete_task_definitions(taskDefinitions=[f"{name}:{revision}"])
        self.assertEqual(aws.register(name)["revision"], 4)

    def test_register_read_only(self):
        read_only = {"revision": 7, "status": "INACTIVE", "taskDefinitionArn": "mine", "deregisteredAt": 1}
        name = new_name()
        registered = aws.call("ecs", "RegisterTaskDefinition", {**definition(name), **read_only})[2]["taskDefinition"]
        self.assertEqual((registered["revision"], registered["status"]), (1, "ACTIVE"))
        self.assertRegex(registered["taskDefinitionArn"], f"/{name}:1$")
        self.assertNotIn("deregisteredAt", registered)


class Describe(unittest.TestCase):
    def test_definition_names(self):
        name = new_name()
        first, second = aws.register(name), aws.register(name)
        for asked, found in (
            (name, second),
            (f"{name}:1", first),
            (first["taskDefinitionArn"], first),
            (first["taskDefinitionArn"].removesuffix(":1"), second),
        ):
            self.assertEqual(aws.ecs.describe_task_definition(taskDefinition=asked)["taskDefinition"], found)

    def test_definition_tags(self):
        name, tags = new_name(), [{"key": "k", "value": "v"}]
        registered = aws.ecs.register_task_definition(**definition(name), tags=tags)
        self.assertEqual(registered["tags"], tags)
        self.assertNotIn("tags", registered["taskDefinition"])
        self.assertNotIn("tags", aws.ecs.describe_task_definition(taskDefinition=name))
        self.assertEqual(aws.ecs.describe_task_definition(taskDefinition=name, include=["TAGS"])["tags"], tags)

    def test_definition_missing(self):
        aws.register("one-revision")
        for name in ("no-such-family", "one-revision:2", "one-revision:x"):
            with refused("ClientException", r"^Unable to describe task definition\.$"):
                aws.ecs.describe_task_definition(taskDefinition=name)


class List(unittest.TestCase):
    def listed(self, **asked):
        answer = aws.ecs.list_task_definitions(**asked)
        return [arn.split("/")[-1] for arn in answer["taskDefinitionArns"]], answer.get("nextToken")

    @classmethod
    def setUpClass(cls):
        for family in ("listed", "listed", "listed", "listed-too"):
            aws.register(family)

    def test_definitions_of_a_family(self):
        self.assertEqual(self.listed(familyPrefix="listed")[0], ["listed:1", "listed:2", "listed:3"])
        self.assertEqual(self.listed(familyPrefix="liste")[0], [])

    def test_definitions_order(self):
        everything = self.listed()[0]
        self.assertLess(everything.index("listed:3"), everything.index("listed-too:1"))
        self.assertEqual(self.listed(familyPrefix="listed", sort="DESC")[0], ["listed:3", "listed:2", "listed:1"])
        self.assertEqual(self.listed(sort="DESC")[0], everything[::-1])

    def test_definitions_pages(self):
        first, token = self.listed(familyPrefix="listed", maxResults=2)
        second, end = self.listed(familyPrefix="listed", maxResults=2, nextToken=token)
        self.assertEqual((first, second, end), (["listed:1", "listed:2"], ["listed:3"], None))
        for wrong in ({"maxResults": 0}, {"maxResults": 101}, {"nextToken": "nonsense"}):
            with refused("InvalidParameterException"):
                aws.ecs.list_task_definitions(**wrong)

    def test_families(self):
        for family in ("fam-a", "fam-b", "fam-b", "fam-c"):
            aws.register(family)
        aws.ecs.deregister_task_definition(taskDefinition="fam-c:1")

        def families(**asked):
            pages = aws.ecs.get_paginator("list_task_definition_families").paginate(familyPrefix="fam-", **asked)
            return [family for page in pages for family in page["families"]]

        self.assertEqual(families(maxResults=1), ["fam-a", "fam-b", "fam-c"])
        self.assertEqual(families(status="ACTIVE"), ["fam-a", "fam-b"])
        self.assertEqual(families(status="INACTIVE"), ["fam-c"])


class Retire(unittest.TestCase):
    def test_deregister(self):
        name = new_name()
        first = aws.register(name)
        aws.register(name)
        answered = aws.ecs.deregister_task_definition(taskDefinition=f"{name}:2")["taskDefinition"]
        self.assertEqual(answered["status"], "INACTIVE")
        self.assertTrue(answered["deregisteredAt"])
        self.assertEqual(aws.ecs.describe_task_definition(taskDefinition=f"{name}:2")["taskDefinition"], answered)
        self.assertEqual(aws.ecs.describe_task_definition(taskDefinition=name)["taskDefinition"], first)
        for status, revisions in (("ACTIVE", [":1"]), ("INACTIVE", [":2"])):
            arns = aws.ecs.list_task_definitions(familyPrefix=name, status=status)["taskDefinitionArns"]
            self.assertEqual([arn[-2:] for arn in arns], revisions)

    def test_deregister_without_revision(self):
        aws.register("whole-family")
        with refused("ClientException", r"^Revision is missing\.$"):
            aws.ecs.deregister_task_definition(taskDefinition="whole-family")
        with refused("InvalidParameterException", "^Invalid revision number. Number: x$"):
            aws.ecs.deregister_task_definition(taskDefinition="whole-family:x")

    def test_deregister_missing(self):
        with refused("ClientException", r"^Unable to describe task definition\.$"):
            aws.ecs.deregister_task_definition(taskDefinition="no-such-family:1")

    def test_inactive_runs_nothing(self):
        name = new_name()
        aws.register(name)
        aws.ecs.deregister_task_definition(taskDefinition=f"{name}:1")
        with refused("InvalidParameterException", "^TaskDefinition is inactive$"):
            aws.run(f"{name}:1")
        with refused("ClientException", r"^TaskDefinition not found\.$"):
            aws.run(name)

    def test_delete(self):
        name = new_name()
        aws.register(name, container("exec sleep 60"))
        task = aws.until(aws.run(name), "RUNNING")
        aws.ecs.deregister_task_definition(taskDefinition=f"{name}:1")
        answer = aws.ecs.delete_task_definitions(taskDefinitions=[f"{name}:1"])
        self.assertEqual([each["status"] for each in answer["taskDefinitions"]], ["DELETE_IN_PROGRESS"])
        self.assertTrue(answer["taskDefinitions"][0]["deleteRequestedAt"])
        listed = aws.ecs.list_task_definitions(familyPrefix=name, status="DELETE_IN_PROGRESS")["taskDefinitionArns"]
        self.assertEqual(len(listed), 1)
        self.assertEqual(aws.described(task)["lastStatus"], "RUNNING")
        aws.ecs.stop_task(cluster="tests", task=task["taskArn"])
        aws.until(task)
        with refused("ClientException", "^Unable to describe task definition"):
            aws.ecs.describe_task_definition(taskDefinition=f"{name}:1")
        self.assertEqual(aws.ecs.list_task_definition_families(familyPrefix=name)["families"], [])

    def test_delete_failures(self):
        name = new_name()
        arn = aws.register(name)["taskDefinitionArn"]
        answer = aws.ecs.delete_task_definitions(taskDefinitions=[name, f"{name}:2", arn])
        self.assertEqual(answer["taskDefinitions"], [])
        reasons = [failure["reason"] for failure in answer["failures"]]
        self.assertRegex(reasons[0], "^The specified task definition identifier is invalid")
        self.assertRegex(reasons[1], "^The specified task definition does not exist")
        self.assertRegex(reasons[2], "^The specified task definition is still in ACTIVE status")
        self.assertEqual(answer["failures"][2]["arn"], arn)

    def test_delete_many(self):
        for names in ([], [f"f:{number}" for number in range(1, 12)]):
            with refused("InvalidParameterException", "TaskDefinition references list"):
                aws.ecs.delete_task_definitions(taskDefinitions=names)
