import gzip
import unittest
from urllib.parse import urlsplit

import boto3
from support import ACCOUNT, CLUSTER, CONFIG, JSON_TYPE, REGION, TARGETS, codes, container, definition, refused, shared

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

    def refuses(self, operation, body, error, words, service="ecs"):
        status, _, answer = aws.call(service, operation, body)
        self.assertEqual((status, answer["__type"]), (400, error), answer)
        self.assertRegex(answer["message"], words)

    def test_wire_type(self):
        wrong = "SerializationException"
        self.refuses("ListTasks", {"maxResults": "10"}, wrong, r"^STRING_VALUE can not be converted to an Integer \(maxResults\)$")
        self.refuses("DescribeTasks", {"tasks": "one"}, wrong, "^Expected list or null")
        self.refuses("RunTask", [], wrong, "^Start of list found where not expected$")
        deep = container(linuxParameters={"initProcessEnabled": 1})
        place = r"containerDefinitions\.1\.member\.linuxParameters\.initProcessEnabled"
        self.refuses("RegisterTaskDefinition", definition("wrong", deep), wrong, rf"^NUMBER_VALUE .* a Boolean \({place}\)$")
        for body in (b"{", b'{"cluster": "\xff"}', gzip.compress(b"{}")):
            self.refuses("ListTasks", body, wrong, "^The request is no JSON in UTF-8$")

    def test_wire_null(self):
        said = container(command=None, environment=[{"name": "A", "value": None}, None], cpu=None)
        registered = aws.call("ecs", "RegisterTaskDefinition", {**definition("nulls", said), "volumes": None})[2]
        registered = registered["taskDefinition"]
        self.assertEqual(registered["containerDefinitions"][0]["environment"], [{"name": "A"}])
        self.assertEqual((registered["containerDefinitions"][0]["cpu"], registered["volumes"]), (0, []))

    def test_wire_unknown_member(self):
        self.assertEqual(aws.call("ecs", "ListTasks", {"cluster": CLUSTER, "constructor": {"x": 1}})[0], 200)
        said = {**definition("newer", container(ofTomorrow={"a": [1]})), "ofTomorrow": True}
        registered = aws.call("ecs", "RegisterTaskDefinition", said)[2]["taskDefinition"]
        self.assertEqual((registered["ofTomorrow"], registered["containerDefinitions"][0]["ofTomorrow"]), (True, {"a": [1]}))

    def test_wire_deep(self):
        deep = b'{"x":' * 50_000 + b"1" + b"}" * 50_000
        self.refuses("ListTasks", deep, "SerializationException", "^Too many levels")
        status, _, answer = aws.call("ecs", "ListTasks", b" " * (8 * 2**20) + b"{}")
        self.assertEqual((status, answer["__type"]), (413, "RequestEntityTooLargeException"))
        self.assertEqual(aws.call("ecs", "ListTasks", b" " * (8 * 2**20 - 99) + b'{"cluster":"tests"}')[0], 200)

    def test_wire_value(self):
        lacking = definition("wrong", container(logConfiguration={}))
        words = r"^LogConfiguration\.logDriver should not be null or empty\.$"
        self.refuses("RegisterTaskDefinition", lacking, "ClientException", words)
        words = r"^Invalid protocol: 'TCP' should be one of \[tcp,udp\]\.$"
        wrong = definition("wrong", container(portMappings=[{"containerPort": 1, "protocol": "TCP"}]))
        self.refuses("RegisterTaskDefinition", wrong, "ClientException", words)
        self.refuses("UpdateCluster", {}, "InvalidParameterException", r"^cluster can not be empty\.$")
        network = {"awsvpcConfiguration": {"assignPublicIp": "ENABLED"}}
        body = {"taskDefinition": "x", "networkConfiguration": network}
        self.refuses("RunTask", body, "InvalidParameterException", r"^subnets can not be empty\.$")

    def test_wire_value_of_logs(self):
        words = (
            "^2 validation errors detected: Value 'x' at 'orderBy' failed to satisfy constraint: Member must satisfy enum "
            r"value set: \[LogStreamName, LastEventTime\]; Value '0' at 'limit' failed to satisfy constraint: Member must "
            "have value greater than or equal to 1$"
        )
        body = {"logGroupName": "x", "orderBy": "x", "limit": 0}
        self.refuses("DescribeLogStreams", body, "InvalidParameterException", words, service="logs")
        words = "^1 validation error detected: Value null at 'logStreamName' failed .* Member must not be null$"
        self.refuses("GetLogEvents", {}, "InvalidParameterException", words, service="logs")

    def test_wire_unknown_operation(self):
        with refused("UnknownOperationException", "ListServices"):
            aws.ecs.list_services(cluster=CLUSTER)
        with refused("UnknownOperationException", "StartQuery"):
            aws.logs.start_query(startTime=0, endTime=1, queryString="fields @message")
        with refused("InvalidAction", "GetSessionToken"):
            aws.sts.get_session_token()
        target = {"X-Amz-Target": f"{TARGETS['ecs']}.ListClusters"}
        unknown = {
            "another method": aws.ask("PUT", "/", {}, {**target, "Content-Type": JSON_TYPE}),
            "another path": aws.ask("POST", "/ecs", {}, {**target, "Content-Type": JSON_TYPE}),
            "another type": aws.ask("POST", "/", {}, {**target, "Content-Type": "application/json"}),
            "no operation": aws.ask("POST", "/", {}, {"X-Amz-Target": "constructor", "Content-Type": JSON_TYPE}),
        }
        for what, (status, _, body) in unknown.items():
            self.assertEqual((status, body["__type"]), (400, "UnknownOperationException"), what)
        self.assertEqual([aws.ask(method, "/")[0] for method in ("GET", "HEAD")], [404, 404])

    def test_wire_signature(self):
        for keys in (("one", "two"), ("three", "four")):
            ecs = boto3.Session(*keys, region_name=REGION).client("ecs", endpoint_url=aws.url, config=CONFIG)
            self.assertEqual(ecs.describe_clusters(clusters=[CLUSTER])["clusters"][0]["clusterName"], CLUSTER)
        self.assertEqual(aws.call("ecs", "ListTasks", {"cluster": CLUSTER})[0], 200)

    def test_wire_account(self):
        arn = aws.ecs.describe_clusters(clusters=[CLUSTER])["clusters"][0]["clusterArn"]
        self.assertEqual(arn, f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{CLUSTER}")

    def test_wire_host(self):
        target = {"X-Amz-Target": f"{TARGETS['ecs']}.ListTasks", "Content-Type": JSON_TYPE}
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
