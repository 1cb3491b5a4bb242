import time
import unittest

from botocore.exceptions import ClientError, ConnectionClosedError
from support import CLUSTER, codes, container, is_alive, new_name, refused, request, shared

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
        lists = [{"family": "faulty", "desiredStatus": status} for status in ("RUNNING", "STOPPED")]
        # One that ends meanwhile is in both.
        return len({arn for each in lists for arn in aws.ecs.list_tasks(cluster=CLUSTER, **each)["taskArns"]})

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

    def put_object(self, body: bytes = b"x", key: str = "claim.json") -> None:
        aws.s3.put_object(Bucket="faulty", Key=key, Body=body, IfNoneMatch="*")

    def test_fault_s3(self):
        aws.s3.create_bucket(Bucket="faulty", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        self.put(
            {"fault": "throttled", "operation": "PutObject", "nth": 1},
            {"fault": "server-error", "object": "s3://faulty/*.json", "nth": 1},
            {"fault": "connection-reset", "operation": "s3:PutObject", "nth": 1},
            {"fault": "answer-lost", "operation": "s3:PutObject", "nth": 1},
        )
        with refused("SlowDown", "reduce your request rate"):
            self.put_object()
        with refused("InternalError"):
            self.put_object()
        with self.assertRaises(ConnectionClosedError):
            self.put_object(b"reset")
        with self.assertRaises(ConnectionClosedError):
            self.put_object(b"lost")
        with refused("PreconditionFailed"):
            self.put_object(b"again")
        self.assertEqual(aws.s3.get_object(Bucket="faulty", Key="claim.json")["Body"].read(), b"lost")

    def test_fault_refused_credentials(self):
        names = {
            "expired": ("ExpiredTokenException", "ExpiredToken", "ExpiredToken"),
            "unknown": ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"),
            "wrong-secret": ("InvalidSignatureException", "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
            "missing": ("MissingAuthenticationTokenException", "MissingAuthenticationToken", "AccessDenied"),
        }
        calls = (aws.ecs.list_clusters, aws.sts.get_caller_identity, aws.s3.list_buckets)
        statuses = {"expired": [400, 403, 400]}
        for how, codes in names.items():
            fault = {"fault": "refused-credentials", "as": how}
            self.put(fault, {**fault, "operation": "s3:*"})
            answered = []
            for call, code in zip(calls, codes):
                with self.assertRaises(ClientError) as raised:
                    call()
                self.assertEqual(raised.exception.response["Error"]["Code"], code)
                answered.append(raised.exception.response["ResponseMetadata"]["HTTPStatusCode"])
            self.assertEqual(answered, statuses.get(how, [400, 403, 403]))

    def test_fault_s3_where_named(self):
        self.put({"fault": "throttled"})
        aws.s3.list_buckets()
        with refused("ThrottlingException"):
            aws.ecs.list_clusters()

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


class TaskFaults(unittest.TestCase):
    def setUp(self):
        self.addCleanup(aws.ask, "DELETE", "/_emulator/faults")

    def put(self, *tasks: dict, **more) -> None:
        status, _, answer = aws.ask("PUT", "/_emulator/faults", {"tasks": list(tasks), **more})
        self.assertEqual(status, 200, answer)

    def ending(self, task: dict) -> tuple:
        return task.get("stopCode"), task.get("stoppedReason"), codes(task)

    def test_fault_quota(self):
        family = new_name()
        aws.register(family, container("exec sleep 60"))
        aws.ecs.create_cluster(clusterName="quota", capacityProviders=["FARGATE_SPOT"])
        strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
        spot = {"cluster": "quota", "launchType": None, "capacityProviderStrategy": strategy}
        words = "^You've reached the limit on the number of vCPUs you can run concurrently"
        self.put(quota={"spot": 0.5})
        with refused("ClientException", words):
            aws.run(family, count=3, **spot)
        task = aws.run(family, count=2, **spot)
        with refused("ClientException", words):
            aws.run(family, **spot)
        aws.ecs.stop_task(cluster=CLUSTER, task=aws.run(family)["taskArn"])
        aws.ecs.stop_task(cluster="quota", task=task["taskArn"])
        while aws.ecs.describe_tasks(cluster="quota", tasks=[task["taskArn"]])["tasks"][0]["lastStatus"] != "STOPPED":
            time.sleep(0.01)
        aws.run(family, **spot)

    def test_fault_of_a_task(self):
        self.put({"fault": "retirement", "where": {"env": {"HIT": "y*s"}}}, {"fault": "host-lost"}, {"fault": "injected-container"})
        environment = [{"name": "HIT", "value": "yes"}]
        hit = aws.ran(container("exec sleep 60", environment=environment))
        self.assertEqual((hit["stopCode"], len(hit["containers"])), ("TerminationNotice", 2))
        other = aws.ran(container("exec sleep 60"))
        self.assertNotIn("stopCode", other)

    def test_fault_no_capacity(self):
        family = new_name()
        aws.register(family)
        words = "Capacity is unavailable at this time. Please try again later or in a different availability zone"
        self.put({"fault": "no-capacity"})
        answer = aws.ecs.run_task(**request(family))
        self.assertEqual((answer["tasks"], answer["failures"]), ([], [{"reason": words}]))
        self.put({"fault": "no-capacity", "reason": "RESOURCE:FARGATE"})
        self.assertEqual(aws.ecs.run_task(**request(family))["failures"], [{"reason": "RESOURCE:FARGATE"}])
        self.put({"fault": "no-capacity", "as": "exception"})
        with refused("ClientException", words):
            aws.run(family)

    def test_fault_vcpu_limit(self):
        family = new_name()
        aws.register(family)
        self.put({"fault": "vcpu-limit"})
        with refused("ClientException", "limit on the number of vCPUs"):
            aws.run(family)

    def test_fault_injected_container(self):
        self.put({"fault": "injected-container"})
        family = new_name()
        aws.register(family, container("exec sleep 60"))
        running = aws.until(aws.run(family), "RUNNING")
        self.assertEqual([each["lastStatus"] for each in running["containers"]], ["RUNNING", "RUNNING"])
        self.assertRegex(running["containers"][0]["name"], "^aws-guardduty-agent-")
        aws.ecs.stop_task(cluster=CLUSTER, task=running["taskArn"])
        self.assertEqual(set(codes(aws.until(running)).values()), {143})

    def test_fault_fails_to_start(self):
        self.put({"fault": "fails-to-start", "cause": "eni-timeout"})
        words = "Timeout waiting for network interface provisioning to complete."
        self.assertEqual(self.ending(aws.ran()), ("TaskFailedToStart", words, {"main": None}))
        self.put({"fault": "fails-to-start", "reason": "CannotPullContainerError: TLS handshake timeout"})
        task = aws.ran()
        self.assertEqual(task["stoppedReason"], "CannotPullContainerError: TLS handshake timeout")
        self.assertEqual(task["containers"][0]["reason"], task["stoppedReason"])

    def test_fault_spot_interruption(self):
        self.put({"fault": "spot-interruption", "after": 1})
        script = "trap 'echo term' TERM; while :; do sleep 0.05; done"
        task = aws.ran(container(script, stopTimeout=1))
        self.assertEqual(self.ending(task), ("SpotInterruption", "Your Spot Task was interrupted.", {"main": 137}))
        self.assertIn("term", aws.lines(task))

    def test_fault_retirement(self):
        self.put({"fault": "retirement"})
        code, reason, exits = self.ending(aws.ran(container("exec sleep 60")))
        self.assertEqual((code, exits), ("TerminationNotice", {"main": 143}))
        self.assertRegex(reason, "^ECS is performing maintenance on the underlying infrastructure hosting the task")

    def test_fault_host_lost(self):
        family = new_name()
        aws.register(family, container("trap 'echo term' TERM; echo up; sleep 60 & wait"))
        task = aws.run(family)
        aws.first_line(task)
        aws.ask("POST", "/_emulator/faults", {"task": task["taskArn"], "fault": "host-lost"})
        self.assertEqual(self.ending(aws.until(task)), (None, None, {"main": None}))
        self.assertEqual(aws.lines(task), ["up"])

    def test_fault_host_lost_unreported(self):
        family = new_name()
        aws.register(family, container("echo $$; exec sleep 60"))
        task = aws.until(aws.run(family), "RUNNING")
        pid = int(aws.first_line(task))
        aws.ask("POST", "/_emulator/faults", {"task": task["taskArn"], "fault": "host-lost", "reported": False})
        while is_alive(pid):
            time.sleep(0.01)
        self.assertEqual(aws.described(task)["lastStatus"], "RUNNING")
        aws.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])
        self.assertEqual(codes(aws.until(task)), {"main": None})

    def test_control_fault_of_a_task(self):
        family = new_name()
        aws.register(family, container("exec sleep 60"))
        first, second = (aws.until(aws.run(family), "RUNNING") for _ in range(2))
        fault = {"task": first["taskArn"], "fault": "spot-interruption"}
        self.assertEqual(aws.ask("POST", "/_emulator/faults", fault)[0], 200)
        self.assertEqual(aws.until(first)["stopCode"], "SpotInterruption")
        self.assertEqual(aws.described(second)["lastStatus"], "RUNNING")
        for wrong in ({"fault": "unseen"}, {"fault": "no"}, {"task": "nobody"}):
            self.assertEqual(aws.ask("POST", "/_emulator/faults", {**fault, **wrong})[0], 400)
        aws.ecs.stop_task(cluster=CLUSTER, task=second["taskArn"])
