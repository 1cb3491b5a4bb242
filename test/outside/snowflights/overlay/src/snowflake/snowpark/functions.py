def udf(**registration):
    """Turns a function of a value into a column expression, as the decorator of Snowpark does."""

    def register(function):
        return lambda column: lambda frame: frame[column].map(function, na_action="ignore")

    return register
