class SparkSession:
    pass


class DataFrame:
    pass
