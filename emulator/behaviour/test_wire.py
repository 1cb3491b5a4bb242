import unittest
from urllib.parse import urlsplit

import boto3
from support import ACCOUNT, CLUSTER, CONFIG, REGION, codes, container, definition, refused, shared

aws = shared()


class Wire(unittest.TestCase):
    def test_wire_ports(self):
        own, logs, sts, s3 = (urlsplit(client.meta.endpoint_url) for client in (aws.ecs, aws.logs, aws.sts, aws.s3))
        self.assertEqual({own, logs, sts}, {own})
        self.assertEqual((own.hostname, s3.hostname), ("127.0.0.1", "127.0.0.1"))
        self.assertNotEqual(own.port, s3.port)

    def test_wire_answer(self):
        answers = [aws.call("ecs", "ListTasks", {"cluster": CLUSTER}) for _ in range(2)]
        for status, headers, _ in answers:
            self.assertEqual((status, headers["content-type"]), (200, "application/x-amz-json-1.1"))
        ids = {headers["x-amzn-requestid"] for _, headers, _ in answers}
        self.assertTrue(len(ids) == 2 and all(ids))
        by_boto3 = aws.ecs.list_tasks(cluster=CLUSTER)["ResponseMetadata"]
        self.assertRegex(by_boto3["RequestId"], "^[0-9a-f-]{36}$")

    def test_wire_error(self):
        status, headers, body = aws.call("ecs", "ListTasks", {"cluster": "nowhere"})
        self.assertEqual((status, headers["x-amzn-errortype"]), (400, "ClusterNotFoundException"))
        self.assertEqual(body, {"__type": "ClusterNotFoundException", "message": "Cluster not found."})
        with self.assertRaises(aws.ecs.exceptions.ClusterNotFoundException):
            aws.ecs.list_tasks(cluster="nowhere")

    def test_wire_type(self):
        for operation, body in {"ListTasks": {"maxResults": "10"}, "DescribeTasks": {"tasks": "one"}, "RunTask": []}.items():
            body = {"cluster": CLUSTER, **body} if isinstance(body, dict) else body
            status, _, answer = aws.call("ecs", operation, body)
            self.assertEqual((status, answer["__type"]), (400, "SerializationException"), operation)
        for wrong in ({"environment": [{"name": "A", "value": 1}]}, {"command": "exit 0"}, {"cpu": "256"}):
            body = definition("wrong", container(**wrong))
            self.assertEqual(aws.call("ecs", "RegisterTaskDefinition", body)[2]["__type"], "SerializationException")
        self.assertEqual(aws.ask("POST", "/", b"{", {"X-Amz-Target": "Logs_20140328.GetLogEvents"})[0], 400)

    def test_wire_unknown_operation(self):
        with refused("UnknownOperationException", "ListServices"):
            aws.ecs.list_services(cluster=CLUSTER)
        with refused("UnknownOperationException", "StartQuery"):
            aws.logs.start_query(startTime=0, endTime=1, queryString="fields @message")
        with refused("InvalidAction", "GetSessionToken"):
            aws.sts.get_session_token()

    def test_wire_signature(self):
        for keys in (("one", "two"), ("three", "four")):
            ecs = boto3.Session(*keys, region_name=REGION).client("ecs", endpoint_url=aws.url, config=CONFIG)
            self.assertEqual(ecs.describe_clusters(clusters=[CLUSTER])["clusters"][0]["clusterName"], CLUSTER)
        self.assertEqual(aws.call("ecs", "ListTasks", {"cluster": CLUSTER})[0], 200)

    def test_wire_account(self):
        arn = aws.ecs.describe_clusters(clusters=[CLUSTER])["clusters"][0]["clusterArn"]
        self.assertEqual(arn, f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}")

    def test_wire_host(self):
        target = {"X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListTasks"}
        self.assertEqual(aws.ask("POST", "/", {}, {**target, "Host": "evil.example"})[0], 403)
        self.assertNotEqual(aws.ask("POST", "/", {}, {**target, "Host": "localhost:1"})[0], 403)


class Sts(unittest.TestCase):
    def test_sts_identity(self):
        answer = aws.sts.get_caller_identity()
        self.assertEqual((answer["Account"], answer["Arn"]), (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"))


class Control(unittest.TestCase):
    def test_control_health(self):
        status, _, body = aws.ask("GET", "/_emulator/health")
        self.assertEqual((status, body["status"], body["pid"]), (200, "ok", aws.process.pid))

    def test_control_images(self):
        place = "/_emulator/images"
        self.assertEqual(aws.ask("PUT", place, {"ref": "late:1", "dir": "/not/there"})[0], 400)
        self.assertEqual(aws.ask("PUT", place, {"ref": "late:1", "dir": str(aws.image)})[0], 200)
        self.assertEqual(codes(aws.ran(container(image="late:1"))), {"main": 0})

    def test_control_calls(self):
        place = "/_emulator/calls"
        self.assertEqual(aws.ask("DELETE", place)[0], 200)
        self.assertEqual(aws.ask("GET", place)[2], {"total": 0, "operations": {}})
        aws.ecs.list_tasks(cluster=CLUSTER)
        aws.s3.list_buckets()
        for _ in range(2):
            with refused("ClusterNotFoundException"):
                aws.ecs.list_tasks(cluster="nowhere")
        counted = {"calls": 3, "errors": {"ClusterNotFoundException": 2}}
        self.assertEqual(aws.ask("GET", place)[2], {"total": 3, "operations": {"ecs:ListTasks": counted}})
