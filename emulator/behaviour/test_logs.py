import time
import unittest

from support import LOG_GROUP, new_name, refused, shared

aws = shared()
NOT_FOUND = "ResourceNotFoundException"
PARAMETER = "InvalidParameterException"
HOUR = 3_600_000


def now() -> int:
    return int(time.time() * 1000)


class Stream:
    """A stream of its own, in a group of its own where none is named."""

    def __init__(self, group: str | None = None, name: str = "s"):
        self.names = {"logGroupName": group or f"/{new_name()}", "logStreamName": name}
        if not aws.logs.describe_log_groups(logGroupNamePrefix=self.names["logGroupName"])["logGroups"]:
            aws.logs.create_log_group(logGroupName=self.names["logGroupName"])
        aws.logs.create_log_stream(**self.names)
        self.start = now() - HOUR

    def put(self, *messages: str, at: int = 0) -> dict:
        """Puts messages a millisecond apart, from `at` milliseconds after the stream's start."""
        events = [{"timestamp": self.start + at + n, "message": message} for n, message in enumerate(messages)]
        return self.put_events(events)

    def put_events(self, events: list) -> dict:
        return aws.logs.put_log_events(**self.names, logEvents=events)

    def get(self, **asked):
        answer = aws.logs.get_log_events(**self.names, **asked)
        return [event["message"] for event in answer["events"]], answer["nextForwardToken"], answer["nextBackwardToken"]

    def all(self) -> list[str]:
        return self.get(startFromHead=True)[0]


class Groups(unittest.TestCase):
    def test_logs_create_group(self):
        aws.logs.create_log_group(logGroupName="/once")
        with refused("ResourceAlreadyExistsException", "^The specified log group already exists$"):
            aws.logs.create_log_group(logGroupName="/once")

    def test_logs_group_name(self):
        for name in ("a b", "", "x" * 513, "aws/mine"):
            with refused("InvalidParameterException"):
                aws.logs.create_log_group(logGroupName=name)

    def test_logs_groups(self):
        for number in range(3):
            aws.logs.create_log_group(logGroupName=f"/groups/{number}")
        pages = aws.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/groups/", limit=2)
        names = [[group["logGroupName"] for group in page["logGroups"]] for page in pages]
        self.assertEqual(names, [["/groups/0", "/groups/1"], ["/groups/2"]])

    def test_logs_groups_by_pattern(self):
        aws.logs.create_log_group(logGroupName="/in/the/middle")
        [group] = aws.logs.describe_log_groups(logGroupNamePattern="the/mid")["logGroups"]
        self.assertEqual(group["logGroupName"], "/in/the/middle")
        with refused("InvalidParameterException", "mutually exclusive"):
            aws.logs.describe_log_groups(logGroupNamePattern="x", logGroupNamePrefix="x")

    def test_logs_delete_group(self):
        group = f"/{new_name()}"
        Stream(group).put("one")
        aws.logs.delete_log_group(logGroupName=group)
        with refused(NOT_FOUND):
            aws.logs.delete_log_group(logGroupName=group)
        aws.logs.create_log_group(logGroupName=group)
        self.assertEqual(aws.logs.describe_log_streams(logGroupName=group)["logStreams"], [])

    def test_logs_missing(self):
        words = r"^The specified log {} does not exist\.$"
        with refused(NOT_FOUND, words.format("group")):
            aws.logs.get_log_events(logGroupName="/none", logStreamName="none")
        with refused(NOT_FOUND, words.format("stream")):
            aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName="none")
        with refused(NOT_FOUND, words.format("group")):
            aws.logs.describe_log_streams(logGroupName="/none")
        with refused(NOT_FOUND, words.format("group")):
            aws.logs.filter_log_events(logGroupName="/none")
        event = [{"timestamp": now(), "message": "m"}]
        with refused(NOT_FOUND, words.format("group")):
            aws.logs.put_log_events(logGroupName="/none", logStreamName="none", logEvents=event)
        with refused(NOT_FOUND, words.format("stream")):
            aws.logs.put_log_events(logGroupName=LOG_GROUP, logStreamName="none", logEvents=event)
        with refused(NOT_FOUND, words.format("stream")):
            aws.logs.delete_log_stream(logGroupName=LOG_GROUP, logStreamName="none")


class Streams(unittest.TestCase):
    def test_logs_create_stream(self):
        stream = Stream()
        with refused("ResourceAlreadyExistsException", "^The specified log stream already exists$"):
            aws.logs.create_log_stream(**stream.names)
        for name in ("", "a:b", "a*b", "x" * 513):
            with refused(PARAMETER):
                aws.logs.create_log_stream(**{**stream.names, "logStreamName": name})

    def test_logs_delete_stream(self):
        stream = Stream()
        stream.put("one")
        aws.logs.delete_log_stream(**stream.names)
        with refused(NOT_FOUND):
            stream.all()
        aws.logs.create_log_stream(**stream.names)
        self.assertEqual(stream.all(), [])

    def test_logs_streams(self):
        group = f"/{new_name()}"
        for name, at in (("b/2", 0), ("b/1", 60_000), ("a", 30_000)):
            Stream(group, name).put("m", at=at)

        def names(**asked):
            pages = aws.logs.get_paginator("describe_log_streams").paginate(logGroupName=group, **asked)
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

        self.assertEqual(names(limit=1), ["a", "b/1", "b/2"])
        self.assertEqual(names(descending=True), ["b/2", "b/1", "a"])
        self.assertEqual(names(logStreamNamePrefix="b/"), ["b/1", "b/2"])
        self.assertEqual(names(orderBy="LastEventTime", limit=2), ["b/2", "a", "b/1"])
        with refused(PARAMETER):
            names(orderBy="LastEventTime", logStreamNamePrefix="b/")

    def test_logs_stream_times(self):
        stream = Stream()
        [empty] = aws.logs.describe_log_streams(logGroupName=stream.names["logGroupName"])["logStreams"]
        self.assertNotIn("lastEventTimestamp", empty)
        stream.put("one", "two")
        [described] = aws.logs.describe_log_streams(logGroupName=stream.names["logGroupName"])["logStreams"]
        self.assertEqual((described["firstEventTimestamp"], described["lastEventTimestamp"]), (stream.start, stream.start + 1))
        self.assertLess(abs(described["creationTime"] - now()), 60_000)


class Put(unittest.TestCase):
    def test_put_any_token(self):
        stream = Stream()
        for token in (None, "anything"):
            more = {"sequenceToken": token} if token else {}
            event = {"timestamp": now(), "message": str(token)}
            self.assertTrue(aws.logs.put_log_events(**stream.names, logEvents=[event], **more)["nextSequenceToken"])
        self.assertEqual(stream.all(), ["None", "anything"])

    def test_put_order(self):
        stream = Stream()
        events = [{"timestamp": stream.start - n, "message": "m"} for n in range(2)]
        with refused(PARAMETER, r"^Log events in a single PutLogEvents request must be in chronological order\.$"):
            stream.put_events(events)
        stream.put("later", at=1)
        stream.put("earlier")
        self.assertEqual(stream.all(), ["earlier", "later"])

    def test_put_span(self):
        stream = Stream()
        events = [{"timestamp": now() - 24 * HOUR - 1000, "message": "m"}, {"timestamp": now(), "message": "m"}]
        with refused(PARAMETER, "^The batch of log events in a single PutLogEvents request cannot span more than 24 hours"):
            stream.put_events(events)
        self.assertEqual(stream.all(), [])

    def test_put_age(self):
        stream = Stream()
        old, new = now() - 14 * 24 * HOUR, now() + 2 * HOUR
        rejected = stream.put_events(
            [{"timestamp": old + at, "message": str(at)} for at in (-2 * HOUR, -HOUR, HOUR)]
        )["rejectedLogEventsInfo"]
        self.assertEqual(rejected, {"tooOldLogEventEndIndex": 2})
        rejected = stream.put_events(
            [{"timestamp": new + at, "message": str(at)} for at in (-2 * HOUR, HOUR, 2 * HOUR)]
        )["rejectedLogEventsInfo"]
        self.assertEqual(rejected, {"tooNewLogEventStartIndex": 1})
        self.assertEqual(stream.all(), [str(HOUR), str(-2 * HOUR)])
        self.assertNotIn("rejectedLogEventsInfo", stream.put("fine"))

    def test_put_size(self):
        stream = Stream()
        half = 1_048_576 // 2 - 26
        stream.put("x" * half, "x" * half)
        with refused(PARAMETER, "^Upload too large: 1048577 bytes exceeds limit of 1048576$"):
            stream.put("x" * half, "x" * (half + 1))
        with refused(PARAMETER, "^Upload too large"):
            stream.put("é" * (half + 14))

    def test_put_count(self):
        stream = Stream()
        for messages in ([], ["x"] * 10_001, [""]):
            with refused(PARAMETER, "^1 validation error detected: .*Member must have length"):
                stream.put(*messages)
        stream.put(*["x"] * 10_000)
        self.assertEqual(len(stream.all()), 10_000)


class Get(unittest.TestCase):
    def test_get_page_size(self):
        many = Stream()
        for at in range(2):
            many.put(*["x"] * (10_000 - at * 9_999), at=at * 10_000)
        self.assertEqual(len(many.all()), 10_000)
        large = Stream()
        for at in range(3):
            large.put(*["x" * (349_525 - 26)], at=at)
        large.put("x", at=3)
        self.assertEqual(len(large.all()), 3)

    def test_get_time_range(self):
        stream = Stream()
        stream.put("a", "b", "c")
        start = stream.start
        self.assertEqual(stream.get(startFromHead=True, startTime=start + 1, endTime=start + 2)[0], ["b"])

    def test_get_forward(self):
        stream = Stream()
        stream.put("a", "b", "c")
        first, forward, _ = stream.get(startFromHead=True, limit=2)
        second, end, _ = stream.get(startFromHead=True, limit=2, nextToken=forward)
        third, again, _ = stream.get(startFromHead=True, limit=2, nextToken=end)
        self.assertEqual((first, second, third, again), (["a", "b"], ["c"], [], end))
        stream.put("d", at=3)
        self.assertEqual(stream.get(startFromHead=True, nextToken=end)[0], ["d"])

    def test_get_backward(self):
        stream = Stream()
        stream.put("a", "b", "c")
        newest, _, back = stream.get(limit=2)
        older, _, end = stream.get(limit=2, nextToken=back)
        none, _, again = stream.get(limit=2, nextToken=end)
        self.assertEqual((newest, older, none, again), (["b", "c"], ["a"], [], end))

    def test_get_late(self):
        stream = Stream()
        stream.put("a", at=0)
        stream.put("c", at=2)
        _, forward, _ = stream.get(startFromHead=True)
        stream.put("b", at=1)
        stream.put("d", at=3)
        self.assertEqual(stream.get(startFromHead=True, nextToken=forward)[0], ["d"])
        self.assertEqual(stream.all(), ["a", "b", "c", "d"])

    def test_get_refuses(self):
        stream = Stream()
        for wrong in ({"limit": 10_001}, {"limit": 0}, {"nextToken": "f/1"}):
            with refused(PARAMETER):
                stream.get(**wrong)

    def test_get_by_arn(self):
        stream = Stream()
        stream.put("a")
        group = stream.names["logGroupName"]
        [described] = aws.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        for identifier in (group, described["logGroupArn"]):
            answer = aws.logs.get_log_events(logGroupIdentifier=identifier, logStreamName="s")
            self.assertEqual([event["message"] for event in answer["events"]], ["a"])
        for both in ({"logGroupIdentifier": group, "logGroupName": group}, {}):
            with refused(PARAMETER):
                aws.logs.get_log_events(logStreamName="s", **both)


class Filter(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.group = f"/{new_name()}"
        cls.first, cls.second = (Stream(cls.group, name) for name in ("p/1", "p/2"))
        cls.second.start = cls.first.start
        cls.first.put("one ERROR", at=0)
        cls.second.put("three ERROR: disk full", at=1)
        cls.first.put("two", at=2)
        cls.second.put("four", at=3)
        cls.everything = ["one ERROR", "three ERROR: disk full", "two", "four"]

    def found(self, **asked):
        pages = aws.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group, **asked)
        return [event["message"] for page in pages for event in page["events"]]

    def test_filter_order(self):
        self.assertEqual(self.found(), self.everything)
        self.assertEqual(self.found(startFromHead=False), self.everything[::-1])

    def test_filter_pages(self):
        self.assertEqual(self.found(limit=1), self.everything)
        self.assertEqual(self.found(limit=1, startFromHead=False), self.everything[::-1])
        last = aws.logs.filter_log_events(logGroupName=self.group)
        self.assertNotIn("nextToken", last)
        with refused(PARAMETER):
            self.found(nextToken="nonsense")

    def test_filter_time_range(self):
        start = self.first.start
        self.assertEqual(self.found(startTime=start + 1, endTime=start + 2), self.everything[1:3])

    def test_filter_streams(self):
        self.assertEqual(self.found(logStreamNames=["p/1"]), ["one ERROR", "two"])
        self.assertEqual(self.found(logStreamNamePrefix="p/2"), ["three ERROR: disk full", "four"])
        self.assertEqual(self.found(logStreamNamePrefix="none"), [])
        for wrong in ({"logStreamNames": ["p/1"], "logStreamNamePrefix": "p"}, {"logStreamNames": ["p/1"] * 101}):
            with refused(PARAMETER):
                self.found(**wrong)

    def test_filter_missing_stream(self):
        with refused(NOT_FOUND, r"^The specified log stream does not exist\.$"):
            self.found(logStreamNames=["p/1", "none"])

    def test_filter_patterns(self):
        for pattern, found in {
            "ERROR": self.everything[:2],
            "ERROR -disk": ["one ERROR"],
            "?two ?four": ["two", "four"],
            '"disk full"': ["three ERROR: disk full"],
            "%^(two|four)$%": ["two", "four"],
            "": self.everything,
        }.items():
            self.assertEqual(self.found(filterPattern=pattern), found, pattern)

    def test_filter_other_patterns(self):
        for pattern in ("{ $.a = 1 }", "[a, b]"):
            with refused(PARAMETER):
                self.found(filterPattern=pattern)

    def test_filter_ids(self):
        events = aws.logs.filter_log_events(logGroupName=self.group)["events"]
        self.assertEqual(len({event["eventId"] for event in events}), 4)
        self.assertEqual([event["logStreamName"] for event in events], ["p/1", "p/2", "p/1", "p/2"])
