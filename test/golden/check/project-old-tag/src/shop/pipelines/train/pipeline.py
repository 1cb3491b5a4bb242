from kedro.pipeline import Pipeline, node


def create_pipeline(**kwargs):
    return Pipeline([node(len, "raw", "size", tags="resources:big")])
