"""Stands in for PySpark (300 MB), which the project needs to be imported."""


class SparkConf:
    pass


class StorageLevel:
    pass
