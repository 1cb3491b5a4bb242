"""Project settings: Kedro's defaults, and nothing reported to anyone."""

DISABLE_HOOKS_FOR_PLUGINS = ("kedro-telemetry",)
