"""From raw files to clean tables."""

from kedro.pipeline import Node, Pipeline

from . import nodes


def create_pipeline(**kwargs) -> Pipeline:
    """Five nodes; `rentals` and `stations` are kept, `calendar` and `dock_counts` stay in memory."""
    return Pipeline(
        [
            Node(
                nodes.clean_rentals,
                inputs=["rentals_harbour", "rentals_old_town", "rentals_university"],
                outputs="rentals",
                name="clean_rentals",
            ),
            Node(
                nodes.clean_weather,
                inputs=["weather_readings", "params:max_missing_share"],
                outputs="weather",
                name="clean_weather",
            ),
            Node(
                nodes.build_calendar,
                inputs=["weather", "holidays", "params:cold_below_c"],
                outputs="calendar",
                name="build_calendar",
            ),
            Node(nodes.clean_stations, inputs="station_list", outputs="stations", name="clean_stations"),
            Node(
                nodes.clean_dock_readings,
                inputs=["dock_readings", "params:max_missing_share"],
                outputs="dock_counts",
                name="clean_dock_readings",
            ),
        ],
        namespace="ingest",
        inputs={
            "rentals_harbour",
            "rentals_old_town",
            "rentals_university",
            "weather_readings",
            "holidays",
            "station_list",
            "dock_readings",
        },
        outputs={"rentals", "calendar", "stations", "dock_counts"},
    )
