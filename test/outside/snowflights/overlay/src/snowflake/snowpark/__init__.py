"""Stands in for the service that the starter talks to: as much of snowflake-snowpark-python as its nodes use."""

import pandas as pd

from . import context

__all__ = ["DataFrame", "context"]


class DataFrame(pd.DataFrame):
    """A Snowpark frame whose rows are here. A column expression is a series, or a function of the frame."""

    @property
    def _constructor(self):
        return DataFrame

    def withColumn(self, name, column):
        return self.assign(**{name: column})

    def toPandas(self):
        return pd.DataFrame(self)
