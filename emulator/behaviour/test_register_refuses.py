import unittest

from support import AWSLOGS, container, definition, given, refused, rows, shared

aws = shared()
LOGIN = {"credentialsParameter": "arn:aws:secretsmanager:eu-central-1:123456789012:secret:login"}
SECRET = {"name": "S", "valueFrom": "arn:aws:ssm:eu-central-1:123456789012:parameter/s"}
MOUNT = {"sourceVolume": "v", "containerPath": "/v"}
ACCESS_POINT = {
    "fileSystemId": "fs-1",
    "rootDirectory": "/x",
    "transitEncryption": "ENABLED",
    "authorizationConfig": {"accessPointId": "fsap-1"},
}
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/image:1"


def logging(**options):
    return {**AWSLOGS, "options": given({**AWSLOGS["options"], **options})}


def depending(condition, second=None):
    """Two containers, the first of which waits for the second."""
    first = [{"containerName": "other", "condition": condition}]
    return [container(dependsOn=first), container(name="other", dependsOn=second)]


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
        "register-role": ({"taskRoleArn": "arn:aws:s3:::bucket"}, r"^Role is not valid$"),
        "register-secrets-role": (
            {"executionRoleArn": None, "containerDefinitions": [container(secrets=[], logConfiguration=None)]},
            "^When you are specifying container secrets, you must also specify a value for 'executionRoleArn'\\.$",
        ),
        "register-registry-role": (
            {"executionRoleArn": None, "containerDefinitions": [container(repositoryCredentials=LOGIN, logConfiguration=None)]},
            "^Private repository authentication requires that the task definition specify a value for executionRoleArn",
        ),
        "register-secret-twice": (
            [container(secrets=[SECRET], environment=[{"name": "S", "value": ""}])],
            "^The secret name must be unique and not shared with any new or existing environment variables .* such as 'S'",
        ),
        "register-depends-unknown": (
            [container(dependsOn=[{"containerName": "x", "condition": "START"}])],
            r"^Cannot depend on container \+ 'x' because it does not exist$",
        ),
        "register-depends-condition": (depending("ENDED"), "^Invalid condition: 'ENDED' should be one of"),
        "register-depends-essential": (
            depending("SUCCESS"),
            "^A dependency container with SUCCESS or COMPLETE condition cannot be an essential container$",
        ),
        "register-depends-health": (
            depending("HEALTHY"),
            "^A dependency container with HEALTHY condition needs a health check",
        ),
        "register-depends-cycle": (
            depending("START", second=[{"containerName": "main", "condition": "START"}]),
            "^Container dependencies should not have a cycle",
        ),
        "register-unknown-volume": (
            [container(mountPoints=[{"sourceVolume": "v", "containerPath": "/v"}])],
            r"^Unknown volume 'v'\.$",
        ),
        "register-volume-name": ({"volumes": [{"name": "a b"}]}, "^Volume name 'a b' contains invalid characters"),
        "register-volume-twice": (
            {"volumes": [{"name": "v"}, {"name": "v"}]},
            "^Volume name 'v' is used by more than one volume",
        ),
        "register-mounts-twice": (
            {"volumes": [{"name": "v"}], "containerDefinitions": [container(mountPoints=[MOUNT, MOUNT])]},
            "^MountPoint.containerPath '/v' is used more than once",
        ),
        "register-efs-encryption": (
            {"volumes": [{"name": "v", "efsVolumeConfiguration": {"fileSystemId": "fs-1", "authorizationConfig": {"iam": "ENABLED"}}}]},
            "^EFS transit encryption must be enabled",
        ),
        "register-efs-root": (
            {"volumes": [{"name": "v", "efsVolumeConfiguration": ACCESS_POINT}]},
            "^The root directory of an EFS volume with an access point must be omitted or set to /",
        ),
        "register-ports": (
            [container(portMappings=[{"containerPort": 80, "hostPort": 8080}])],
            r"^When networkMode=awsvpc, the host ports and container ports in port mappings must match\.$",
        ),
        "register-reservation": (
            [container(memory=100, memoryReservation=100)],
            "^Invalid setting for container 'main'. 'memory' must be greater than 'memoryReservation'",
        ),
        "register-health-check": (
            [container(healthCheck={"command": ["CMD", "true"], "interval": 1})],
            "^Invalid 'interval' of a health check: 1 is not between 5 and 300",
        ),
        "register-health-command": (
            [container(healthCheck={"command": ["true"]})],
            "^A health check command must start with CMD or CMD-SHELL",
        ),
        "register-choices": (
            {"requiresCompatibilities": ["FARGATE_SPOT"]},
            "^Invalid requiresCompatibilities: 'FARGATE_SPOT' should be one of",
        ),
        "register-ipc-mode": ({"ipcMode": "task"}, r"^Tasks using the Fargate launch type do not support ipcMode\.$"),
        "register-pid-mode": (
            {"pidMode": "host"},
            "^Tasks using the Fargate launch type do not support pidMode 'host'. The supported value for pidMode is 'task'",
        ),
        "register-source-path": (
            {"volumes": [{"name": "v", "host": {"sourcePath": "/x"}}]},
            "^Fargate compatible task definitions do not support sourcePath$",
        ),
        "register-gpu": (
            [container(resourceRequirements=[{"type": "GPU", "value": "1"}])],
            "^Tasks using the Fargate launch type do not support GPU resource requirements",
        ),
        "register-log-driver": (
            [container(logConfiguration={"logDriver": "json-file"})],
            "^Fargate compatible task definitions do not support log driver json-file$",
        ),
        "register-storage": (
            {"ephemeralStorage": {"sizeInGiB": 20}},
            "^EphemeralStorage size should be between 21 and 200 GiB",
        ),
        "register-architecture": (
            {"runtimePlatform": {"cpuArchitecture": "arm64"}},
            "^Invalid cpuArchitecture: 'arm64' should be one of",
        ),
        "register-stop-timeout": ([container(stopTimeout=121)], "^Invalid stopTimeout: 121"),
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

    def test_register_unsupported(self):
        mode = {"name": "v", "dockerVolumeConfiguration": {"scope": "task"}}
        of_container = {
            "privileged": True,
            "links": ["x"],
            "extraHosts": [{"hostname": "h", "ipAddress": "10.0.0.1"}],
            "dnsServers": ["10.0.0.1"],
            "dnsSearchDomains": ["d"],
            "disableNetworking": True,
            "dockerSecurityOptions": ["x"],
        }
        of_linux = {"maxSwap": 1, "swappiness": 1, "sharedMemorySize": 1, "tmpfs": [{"containerPath": "/t", "size": 1}], "devices": [{"hostPath": "/d"}]}
        changes = {
            **{key: [container(**{key: value})] for key, value in of_container.items()},
            **{key: [container(linuxParameters={key: value})] for key, value in of_linux.items()},
            "placementConstraints": {"placementConstraints": [{"type": "memberOf", "expression": "true"}]},
            "dockerVolumeConfiguration": {"volumes": [mode]},
        }
        for key, change in changes.items():
            self.check(change, f"^Fargate compatible task definitions do not support {key}$")
        unset = {key: [] if isinstance(value, list) else False for key, value in of_container.items()}
        aws.register("refused", container(**unset), placementConstraints=[])
