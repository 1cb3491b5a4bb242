import unittest

from support import CLUSTER, container, definition, new_name, refused, shared

aws = shared()


def tag(key, value="v"):
    return {"key": key, "value": value}


class Tags(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.family = new_name()
        registered = aws.ecs.register_task_definition(**definition(cls.family, container("exec sleep 60"), tags=[tag("a")]))
        cls.revision = registered["taskDefinition"]["taskDefinitionArn"]
        cls.cluster = aws.ecs.create_cluster(clusterName="tagged", tags=[tag("a")])["cluster"]["clusterArn"]
        cls.task = aws.run(cls.family, tags=[tag("a")])["taskArn"]

    @classmethod
    def tearDownClass(cls):
        aws.ecs.stop_task(cluster=CLUSTER, task=cls.task)

    def tags(self, arn):
        return aws.ecs.list_tags_for_resource(resourceArn=arn)["tags"]

    def test_tags_change(self):
        for arn in (self.revision, self.cluster, self.task):
            self.assertEqual(self.tags(arn), [tag("a")])
            aws.ecs.tag_resource(resourceArn=arn, tags=[tag("b"), tag("a", "new")])
            self.assertCountEqual(self.tags(arn), [tag("a", "new"), tag("b")])
            aws.ecs.untag_resource(resourceArn=arn, tagKeys=["b", "none"])
            self.assertEqual(self.tags(arn), [tag("a", "new")])
        shown = aws.ecs.describe_task_definition(taskDefinition=self.family, include=["TAGS"])["tags"]
        self.assertEqual(shown, [tag("a", "new")])

    def test_tags_limits(self):
        for wrong in (
            [tag(f"k{number}") for number in range(51)],
            [tag("")],
            [tag("k" * 129)],
            [tag("aws:k")],
            [tag("AWS:k")],
            [tag("k", "Aws:v")],
            [tag("k", "v" * 257)],
            [tag("k,l")],
            [tag("k", "a, b")],
        ):
            for call in (
                lambda: aws.ecs.tag_resource(resourceArn=self.cluster, tags=wrong),
                lambda: aws.ecs.create_cluster(clusterName="never", tags=wrong),
                lambda: aws.ecs.register_task_definition(**definition("never", tags=wrong)),
                lambda: aws.run(self.family, tags=wrong),
            ):
                with refused("InvalidParameterException"):
                    call()

        fine = [tag("K" * 128, "v" * 256), tag("Größe", "1 + 1 = 2 @ a/b_c.d:e-f"), tag("k", "arn:aws:iam::1:role/r"), tag("l", "")]
        arn = aws.ecs.create_cluster(clusterName="finely-tagged", tags=fine)["cluster"]["clusterArn"]
        self.assertCountEqual(self.tags(arn), fine)

    def test_tags_twice(self):
        with refused("InvalidParameterException", r"^Multiple tags contain the same key\.$"):
            aws.ecs.tag_resource(resourceArn=self.cluster, tags=[tag("k"), tag("k", "other")])

    def test_tags_missing(self):
        for arn in (self.revision.replace(":1", ":99"), self.task[:-4] + "0000", self.revision.removesuffix(":1")):
            with refused("ResourceNotFoundException"):
                aws.ecs.untag_resource(resourceArn=arn, tagKeys=["a"])
            with refused("InvalidParameterException", "was not found"):
                self.tags(arn)
        with refused("ClusterNotFoundException"):
            self.tags(self.cluster + "-not")
        for arn in ("tagged", self.cluster.replace(":cluster/", ":constructor/")):
            with refused("InvalidParameterException", "^The ARN provided is invalid"):
                self.tags(arn)
