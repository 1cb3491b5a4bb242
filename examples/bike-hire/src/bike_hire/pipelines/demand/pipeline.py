"""A model of rentals an hour and district, and how good it is."""

from kedro.pipeline import Node, Pipeline

from . import nodes


def create_pipeline(**kwargs) -> Pipeline:
    """Seven nodes, from clean rentals and the calendar to predictions and two verdicts on the model."""
    return Pipeline(
        [
            Node(
                nodes.add_history,
                inputs=["rentals", "params:lags"],
                outputs="history",
                name="add_history",
            ),
            Node(
                nodes.build_features,
                inputs=["history", "calendar"],
                outputs="features",
                name="build_features",
            ),
            Node(
                nodes.split_by_time,
                inputs=["features", "params:test_days"],
                outputs=["train_set", "test_set"],
                name="split_by_time",
            ),
            Node(
                nodes.train_model,
                inputs=["train_set", "params:model", "params:seed"],
                outputs="model",
                name="train_model",
            ),
            Node(
                nodes.predict,
                inputs=["model", "test_set"],
                outputs="predictions",
                name="predict",
            ),
            Node(
                nodes.evaluate,
                inputs="predictions",
                outputs=["error_metrics", "hourly_error_report"],
                name="evaluate",
            ),
            Node(
                nodes.rank_features,
                inputs="model",
                outputs="importance_report",
                name="rank_features",
            ),
        ],
        namespace="demand",
        inputs={"rentals", "calendar"},
        parameters={"params:seed"},
    )
