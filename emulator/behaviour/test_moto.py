import re
import unittest
from pathlib import Path

import moto
from moto import mock_aws
from moto_sequence import Calls, differences
from support import Emulator, rows, session

BEHAVIOUR = Path(__file__).parent.parent / "BEHAVIOUR.md"


@rows(
    {
        "moto-identity": (r"identity\.(Arn|UserId)",),
        "moto-cluster-fields": (
            r"(cluster|cluster-again|clusters|put-providers|update-cluster)\..*\.(capacityProviders|defaultCapacityProviderStrategy|statistics)",
        ),
        "moto-cluster-again": (r"(cluster-again|clusters|put-providers|update-cluster)\..*\.tags",),
        "moto-cluster-settings": (r"clusters\.clusters\[0\]\.settings",),
        "moto-register-tags": (r"register\.tags",),
        "moto-definition-fields": (
            r".*\.(systemControls|registeredAt|registeredBy|requiresAttributes|deregisteredAt|deleteRequestedAt)",
        ),
        "moto-pair": (r"register-pair\..*",),
        "moto-lists": (r"list-definitions-(down|page)\..*",),
        "moto-task-fields": (
            r"(run|stopped)\.tasks\[0\]\.(attributes|availabilityZone|cpu|memory|enableExecuteCommand|ephemeralStorage|healthStatus|platformFamily|platformVersion|version|connectivity|\w+At|overrides\..*|containers\[0\]\.(imageDigest|runtimeId|networkInterfaces))|run-overrides\..*",
        ),
        "moto-container-arns": (r"(run|stopped)\.tasks\[0\]\.containers\[0\]\.(containerArn|taskArn)",),
        "moto-interface": (r"(run|stopped)\.tasks\[0\]\.attachments\[0\]\.(details.*|status)",),
        "moto-states": (
            r"run\.tasks\[0\]\.(lastStatus|stoppedReason|containers\[0\]\.(exitCode|healthStatus))|stopped\.tasks\[0\]\.containers\[0\]\.healthStatus",
        ),
        "moto-end": (
            r"stopped\.tasks\[0\]\.(desiredStatus|stopCode|stoppedReason|containers\[0\]\.lastStatus)|list-stopped\..*",
        ),
        "moto-token": (r"run-token",),
        "moto-missing": (r"missing\.failures",),
        "moto-raises": (r"(run-no-subnet|stop-missing)\..*",),
        "moto-inactive": (r"run-inactive\..*",),
        "moto-words": (r"(run-both|run-no-definition|stream-again|get-no-stream|delete-stream-again)\.Message",),
        "moto-delete-arn": (r"delete\.failures\[\d\]\.arn",),
        "moto-busy-cluster": (r"delete-busy-cluster\..*",),
        "moto-rejected": (r"put-old\.rejectedLogEventsInfo\..*",),
        "moto-range": (r"get-range",),
        "moto-page-tokens": (r"get(-second)?\.next(Forward|Backward)Token",),
        "moto-filter-fields": (r"filter\.(events\[\d\]\.eventId|searchedLogStreams)",),
        "moto-filter-missing": (r"filter-no-stream\..*",),
        "moto-log-fields": (
            r"(groups\.logGroups|streams\.logStreams)\[0\]\.(logGroupClass|storedBytes|uploadSequenceToken)",
        ),
    }
)
class Moto(unittest.TestCase):
    """Each row names the places at which the answers of the emulator and of moto differ."""

    @classmethod
    def setUpClass(cls):
        with mock_aws():
            ec2 = session().client("ec2")
            network = {
                "subnets": [ec2.describe_subnets()["Subnets"][0]["SubnetId"]],
                "securityGroups": [ec2.describe_security_groups()["SecurityGroups"][0]["GroupId"]],
            }
            motos = Calls(session().client, network).answers
        emulator = Emulator()
        cls.addClassCleanup(emulator.end)
        cls.answers = Calls(emulator.client, network).answers
        found = [place for step, answer in cls.answers.items() for place in differences(answer, motos[step], step)]
        cls.places = [path for path, _, _ in found]

    def check(self, pattern: str):
        self.assertTrue([path for path in self.places if re.fullmatch(pattern, path)], "they are equal now")

    def test_moto_equal(self):
        patterns = [pattern for row in self.table.values() for pattern in row]
        others = [path for path in self.places if not any(re.fullmatch(pattern, path) for pattern in patterns)]
        self.assertEqual(others, [])
        equal = [step for step in self.answers if not any(re.match(rf"{step}\b(?!-)", path) for path in self.places)]
        self.assertGreaterEqual(len(equal), 40)
        self.assertIn(f"on moto {moto.__version__}.", BEHAVIOUR.read_text())
