import unittest

from botocore.exceptions import ClientError, ConnectionClosedError
from support import CLUSTER, container, refused, shared

aws = shared()


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        aws.register("faulty", container())

    def setUp(self):
        self.addCleanup(aws.ask, "DELETE", "/_emulator/faults")

    def put(self, *requests: dict, **more) -> None:
        status, _, answer = aws.ask("PUT", "/_emulator/faults", {"requests": list(requests), **more})
        self.assertEqual(status, 200, answer)

    def started(self) -> int:
        return len(aws.ecs.list_tasks(cluster=CLUSTER, family="faulty", desiredStatus="STOPPED")["taskArns"])

    def hits(self) -> list[bool]:
        def is_hit() -> bool:
            try:
                aws.ecs.list_clusters()
                return False
            except ClientError:
                return True

        return [is_hit() for _ in range(30)]

    def test_fault_seed(self):
        seen = []
        for seed in (1, 1, 2):
            self.put({"fault": "throttled", "operation": "ListClusters", "percent": 50}, seed=seed)
            seen.append(self.hits())
        self.assertEqual(seen[0], seen[1])
        self.assertNotEqual(seen[0], seen[2])

    def test_fault_first(self):
        self.put({"fault": "throttled", "times": 1}, {"fault": "server-error", "nth": 1})
        with refused("ThrottlingException"):
            aws.ecs.list_clusters()
        with refused("ServerException"):
            aws.ecs.list_clusters()
        aws.ecs.list_clusters()

    def test_fault_throttled(self):
        self.put({"fault": "throttled", "operation": "ListClusters"})
        with refused("ThrottlingException", "^Rate exceeded$"):
            aws.ecs.list_clusters()
        self.assertEqual(aws.call("ecs", "ListClusters", {})[0], 400)

    def test_fault_ec2_throttled(self):
        self.put({"fault": "ec2-throttled", "operation": "RunTask"})
        words = r"^Error retrieving subnet information for .*: Rate exceeded \(ErrorCode: Throttling\)"
        with refused("InvalidParameterException", words):
            aws.run("faulty")

    def test_fault_server_error(self):
        self.put({"fault": "server-error", "operation": "RunTask"})
        before = self.started()
        with refused("ServerException"):
            aws.run("faulty")
        self.assertEqual((aws.call("ecs", "RunTask", {})[0], self.started()), (500, before))

    def test_fault_connection_reset(self):
        self.put({"fault": "connection-reset", "operation": "RunTask"})
        before = self.started()
        with self.assertRaises(ConnectionClosedError):
            aws.run("faulty")
        self.assertEqual(self.started(), before)

    def test_fault_answer_lost(self):
        self.put({"fault": "answer-lost", "operation": "RunTask", "times": 1})
        with self.assertRaises(ConnectionClosedError):
            aws.run("faulty", clientToken="lost")
        found = aws.run("faulty", clientToken="lost")
        self.assertEqual(aws.run("faulty", clientToken="lost")["taskArn"], found["taskArn"])
        calls = aws.ask("GET", "/_emulator/calls")[2]["operations"]["ecs:RunTask"]
        self.assertEqual(calls["errors"]["answer lost"], 1)

    def test_fault_rates(self):
        self.put(rates={"cluster-read": {"burst": 3, "perSecond": 0.5}})
        for _ in range(2):
            for _ in range(3):
                aws.ecs.list_clusters()
            with refused("ThrottlingException"):
                aws.ecs.describe_clusters()
            aws.ask("POST", "/_emulator/time", {"advanceSeconds": 6})

    def test_control_faults(self):
        fault = {"fault": "throttled", "operation": ["ListClusters"], "times": 1}
        self.put(fault)
        status, _, answer = aws.ask("PUT", "/_emulator/faults", {"requests": [{"fault": "nothing"}]})
        self.assertEqual(status, 400)
        self.assertRegex(answer["message"], "'nothing' is no fault of requests")
        with refused("ThrottlingException"):
            aws.ecs.list_clusters()
        shown = aws.ask("GET", "/_emulator/faults")[2]["requests"]
        self.assertEqual(shown, [{**fault, "matched": 1, "hits": 1}])
        aws.ask("DELETE", "/_emulator/faults")
        self.assertEqual(aws.ask("GET", "/_emulator/faults")[2]["requests"], [])
