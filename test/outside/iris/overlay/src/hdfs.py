"""Stands in for a package that Kedro's SparkDataSet imports."""
