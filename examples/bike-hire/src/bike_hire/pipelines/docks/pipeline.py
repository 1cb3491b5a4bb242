"""Which stations run empty or full, and what the van should do about it."""

from kedro.pipeline import Node, Pipeline

from . import nodes


def create_pipeline(**kwargs) -> Pipeline:
    """Four nodes that need no model: they run beside the demand pipeline."""
    return Pipeline(
        [
            Node(
                nodes.measure_fill,
                inputs=["dock_counts", "stations"],
                outputs="fill",
                name="measure_fill",
            ),
            Node(
                nodes.rate_balance,
                inputs=["fill", "params:empty_below", "params:full_above"],
                outputs="balance",
                name="rate_balance",
            ),
            Node(
                nodes.plan_van,
                inputs=["balance", "stations", "params:van_capacity"],
                outputs="van_report",
                name="plan_van",
            ),
            Node(
                nodes.summarise_balance,
                inputs=["balance", "stations"],
                outputs="balance_metrics",
                name="summarise_balance",
            ),
        ],
        namespace="docks",
        inputs={"dock_counts", "stations"},
    )
