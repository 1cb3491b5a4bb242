import unittest

from support import CLUSTER, LOG_GROUP, Emulator, codes, container, id_of, new_name, refused, request, temporary_folder

STATES = ["PROVISIONING", "PENDING", "ACTIVATING", "RUNNING", "DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED"]


class Time(unittest.TestCase):
    """On an emulator where all takes as long as on AWS, and whose clock is put forward."""

    @classmethod
    def setUpClass(cls):
        cls.aws = Emulator(time_scale="1").open_account()
        cls.addClassCleanup(cls.aws.end)

    def advance(self, seconds: float) -> dict:
        status, _, answer = self.aws.ask("POST", "/_emulator/time", {"advanceSeconds": seconds})
        self.assertEqual(status, 200)
        return answer

    def started(self, *containers: dict, **more) -> dict:
        family = new_name()
        self.aws.register(family, *containers)
        return self.aws.run(family, **more)

    def finish(self, task: dict) -> dict:
        """The container runs in real time, and what Fargate does after it in the emulator's."""
        while (now := self.aws.described(task))["lastStatus"] != "STOPPED":
            self.advance(15)
        return now

    def states(self, task: dict) -> list[str]:
        """The states of a task's life, looked at every half second of it."""
        met = [task["lastStatus"]]
        while met[-1] != "STOPPED":
            self.advance(0.5)
            state = self.aws.described(task)["lastStatus"]
            if state != met[-1]:
                met.append(state)
        return met

    def test_task_states(self):
        # On a busy machine a look may come too late for a state that lasts half a second.
        seen = set()
        while seen != set(STATES):
            met = self.states(self.started(container("sleep 0.3")))
            self.assertEqual(met, [state for state in STATES if state in met])
            seen.update(met)

    def test_task_never_running(self):
        never = self.states(self.started(container(image="nobody/knows:1")))
        self.assertEqual(never, [state for state in STATES if state in never])
        self.assertNotIn("RUNNING", never)

    def test_stop_before_start(self):
        task = self.started(container("echo never"))
        self.aws.ecs.stop_task(cluster=CLUSTER, task=task["taskArn"])
        ended = self.finish(task)
        self.assertEqual((ended["stopCode"], codes(ended)), ("UserInitiated", {"main": None}))
        self.assertNotIn("startedAt", ended)

    def test_task_known_for_an_hour(self):
        task = self.finish(self.started())
        self.advance(3580)
        self.assertEqual(self.aws.described(task)["lastStatus"], "STOPPED")
        self.advance(30)
        answer = self.aws.ecs.describe_tasks(cluster=CLUSTER, tasks=[task["taskArn"]])
        self.assertEqual([failure["reason"] for failure in answer["failures"]], ["MISSING"])
        self.assertNotIn(task["taskArn"], self.aws.ecs.list_tasks(cluster=CLUSTER, desiredStatus="STOPPED")["taskArns"])

    def test_token_expiry(self):
        family = new_name()
        self.aws.register(family, container("exec sleep 600"))
        stopped, living = (self.aws.run(family, clientToken=f"{family}-{kind}") for kind in ("stopped", "living"))
        self.advance(30)
        self.aws.ecs.stop_task(cluster=CLUSTER, task=stopped["taskArn"])
        self.finish(stopped)
        self.advance(3500)
        self.assertEqual(self.aws.run(family, clientToken=f"{family}-stopped")["taskArn"], stopped["taskArn"])
        self.advance(200)
        self.assertNotEqual(self.aws.run(family, clientToken=f"{family}-stopped")["taskArn"], stopped["taskArn"])
        self.assertEqual(self.aws.run(family, clientToken=f"{family}-living")["taskArn"], living["taskArn"])
        self.advance(24 * 3600)
        self.assertNotEqual(self.aws.run(family, clientToken=f"{family}-living")["taskArn"], living["taskArn"])

    def test_container_start_period(self):
        looked = temporary_folder() / "looked"
        command = ["CMD-SHELL", f"echo >> {looked}; false"]
        check = {"command": command, "interval": 30, "retries": 1, "startPeriod": 60}
        task = self.started(container("exec sleep 600", healthCheck=check))
        while not looked.exists() or len(looked.read_text()) < 2:
            self.advance(5)
        self.assertEqual(self.aws.described(task)["healthStatus"], "UNKNOWN")
        while self.aws.described(task)["healthStatus"] == "UNKNOWN":
            self.advance(5)
        self.assertEqual(self.aws.described(task)["containers"][0]["healthStatus"], "UNHEALTHY")
        self.assertGreaterEqual(len(looked.read_text()), 3)

    def test_time_own_clock(self):
        first = self.started()
        self.advance(7200)
        second = self.started(container("echo one"))
        self.assertGreaterEqual((second["createdAt"] - first["createdAt"]).total_seconds(), 7200)
        stream = f"ecs/main/{id_of(self.finish(second))}"
        [event] = self.aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)["events"]
        self.assertGreater(event["timestamp"] / 1000, second["createdAt"].timestamp())

    def test_time_advance(self):
        ahead = self.advance(0)["aheadSeconds"]
        self.assertEqual(self.advance(1000)["aheadSeconds"], ahead + 1000)
        for wrong in (-1, "10", None):
            self.assertEqual(self.aws.ask("POST", "/_emulator/time", {"advanceSeconds": wrong})[0], 400)
        self.assertGreaterEqual(self.aws.ask("GET", "/_emulator/time")[2]["aheadSeconds"], ahead + 1000)

    def test_time_in_order(self):
        task = self.started(container("sleep 0.2"))
        self.advance(60)
        ended = self.finish(task)
        provisioning = ended["connectivityAt"] - ended["createdAt"]
        pull = ended["pullStoppedAt"] - ended["pullStartedAt"]
        self.assertAlmostEqual(provisioning.total_seconds(), 10, delta=1)
        self.assertAlmostEqual(pull.total_seconds(), 9, delta=1)
        self.assertEqual(codes(ended), {"main": 0})

    def faulty(self, *tasks: dict) -> None:
        self.addCleanup(self.aws.ask, "DELETE", "/_emulator/faults")
        self.assertEqual(self.aws.ask("PUT", "/_emulator/faults", {"tasks": list(tasks)})[0], 200)

    def test_token_failures(self):
        self.faulty({"fault": "no-capacity", "nth": 2})
        family = new_name()
        self.aws.register(family, container("exec sleep 600"))
        asked = request(family, clientToken=family, count=2)
        first, again = self.aws.ecs.run_task(**asked), self.aws.ecs.run_task(**asked)
        self.assertEqual((len(first["tasks"]), again["failures"]), (1, first["failures"]))
        self.assertRegex(again["failures"][0]["reason"], "^Capacity is unavailable")
        self.advance(3600)
        self.assertEqual(self.aws.ecs.run_task(**asked)["failures"], [{}])

    def test_token_without_tasks(self):
        family = new_name()
        self.aws.register(family, container("exec sleep 600"))
        asked = request(family, clientToken=family)
        self.faulty({"fault": "vcpu-limit", "nth": 1}, {"fault": "no-capacity", "nth": 2})
        with refused("ClientException"):
            self.aws.ecs.run_task(**asked)
        self.assertEqual(self.aws.ecs.run_task(**asked)["tasks"], [])
        self.advance(23 * 3600)
        self.assertEqual(self.aws.ecs.run_task(**asked)["tasks"], [])
        self.advance(3600)
        self.assertEqual(len(self.aws.ecs.run_task(**asked)["tasks"]), 1)

    def test_fault_slow_network(self):
        self.faulty({"fault": "slow-network", "seconds": 300})
        task = self.started()
        self.advance(290)
        self.assertEqual(self.aws.described(task)["lastStatus"], "PROVISIONING")
        self.assertEqual(codes(self.finish(task)), {"main": 0})

    def test_fault_unseen(self):
        def seen(task: dict) -> list:
            answer = self.aws.ecs.describe_tasks(cluster=CLUSTER, tasks=[task["taskArn"]])
            return [each["lastStatus"] for each in answer["tasks"]] or [each["reason"] for each in answer["failures"]]

        def listed(task: dict) -> bool:
            return task["taskArn"] in self.aws.ecs.list_tasks(cluster=CLUSTER)["taskArns"]

        self.faulty({"fault": "unseen", "describes": 2})
        task = self.started()
        self.assertEqual((listed(task), seen(task), seen(task)), (False, ["MISSING"], ["MISSING"]))
        self.assertEqual((seen(task), listed(task)), (["PROVISIONING"], True))
        self.faulty({"fault": "unseen", "seconds": 5})
        task = self.started()
        self.assertEqual(seen(task), ["MISSING"])
        self.advance(5)
        self.assertEqual(seen(task), ["PROVISIONING"])

    def test_fault_late_logs(self):
        self.faulty({"fault": "late-logs", "seconds": 60}, {"fault": "injected-container"})
        task = self.finish(self.started(container("echo late")))
        with refused("ResourceNotFoundException"):
            self.aws.lines(task)
        self.advance(60)
        self.assertEqual(self.aws.lines(task), ["late"])
        stream = f"ecs/main/{id_of(task)}"
        [event] = self.aws.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=stream)["events"]
        self.assertGreaterEqual(event["ingestionTime"] - event["timestamp"], 60_000)
        self.faulty({"fault": "late-logs", "seconds": 60, "from": "end"})
        task = self.finish(self.started(container("echo later")))
        self.advance(30)
        with refused("ResourceNotFoundException"):
            self.aws.lines(task)
        self.advance(60)
        self.assertEqual(self.aws.lines(task), ["later"])
