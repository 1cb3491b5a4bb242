import unittest

from support import AWSLOGS, container, definition, given, refused, rows, shared

aws = shared()
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/image:1"


def logging(**options):
    return {**AWSLOGS, "options": given({**AWSLOGS["options"], **options})}


@rows(
    {
        "register-family-empty": ({"family": ""}, r"^Family should not be null or empty\."),
        "register-family-characters": ({"family": "a b"}, r"^Family contains invalid characters\."),
        "register-no-container": ({"containerDefinitions": []}, r"^Container list cannot be empty\."),
        "register-many-containers": (
            {"containerDefinitions": [container(name=f"c{n}") for n in range(11)]},
            r"^Too many containers\.",
        ),
        "register-container-name": ([container(name="a b")], r"^Container\.name contains invalid characters\."),
        "register-container-image": ([container(image="")], r"^Container\.image should not be null or empty\."),
        "register-container-twice": ([container(), container()], "'main' is used by more than one container"),
        "register-no-essential": ([container(essential=False)], r"^At least one container should be essential\."),
        "register-network-mode": ({"networkMode": "bridge"}, r"^Fargate only supports network mode 'awsvpc'\."),
        "register-no-cpu": ({"cpu": None}, r"^Fargate requires that 'cpu' be defined at the task level\."),
        "register-no-memory": ({"memory": None}, r"^Fargate requires that 'memory' be defined at the task level\."),
        "register-pair": (
            {"cpu": "512", "memory": "512"},
            r"^No Fargate configuration exists for given values: 512 CPU, 512 memory\. See the",
        ),
        "register-awslogs-role": (
            {"executionRoleArn": None},
            r"^Fargate requires task definition to have execution role ARN to support log driver awslogs\.$",
        ),
        "register-ecr-role": (
            {"executionRoleArn": None, "containerDefinitions": [container(image=ECR, logConfiguration=None)]},
            r"^Fargate requires task definition to have execution role ARN to support ECR images\.$",
        ),
        "register-awslogs-options": (
            [container(logConfiguration=logging(**{"awslogs-stream-prefix": None}))],
            "^Log driver awslogs requires options: awslogs-stream-prefix",
        ),
        "register-container-size": (
            [container(memory=1024)],
            "^The 'memory' setting for container 'main' is greater than for the task",
        ),
        "register-container-sum": (
            [container(memory=300), container(name="b", memory=300)],
            "^The sum of the 'memory' settings of the containers is greater than for the task",
        ),
        "register-memory-nowhere": (
            {"requiresCompatibilities": ["EC2"], "memory": None},
            "^Invalid setting for container 'main'. At least one of 'memory' or 'memoryReservation' must be specified",
        ),
        "register-too-long": (
            [container(command=["x" * 66_000])],
            r"^Actual length: '6\d{4}'. Max allowed length is '65536' bytes\.",
        ),
    }
)
class RegisterRefuses(unittest.TestCase):
    def check(self, change, words):
        change = {"containerDefinitions": change} if isinstance(change, list) else change
        with refused("ClientException", words):
            aws.ecs.register_task_definition(**given({**definition("refused"), **change}))
