"""Cleaning: the same names, types and hours everywhere, and no reading that cannot be trusted."""

import pandas as pd


def clean_rentals(*districts: pd.DataFrame) -> pd.DataFrame:
    """Put the districts under each other, one row an hour and district.

    Args:
        districts: Columns `time`, `district`, `rentals`; the counters send some hours twice.

    Returns:
        The same columns, sorted by district and time, without repeated hours.
    """
    return (
        pd.concat(districts)
        .drop_duplicates(["district", "time"])
        .sort_values(["district", "time"])
        .reset_index(drop=True)
    )


def clean_weather(readings: pd.DataFrame, max_missing_share: float) -> pd.DataFrame:
    """Fill short gaps in the hourly weather.

    Args:
        readings: Columns `time`, `temperature_c`, `rain_mm`, `wind_kmh`, with gaps.
        max_missing_share: The share of missing values in a column that is still accepted.

    Returns:
        The same columns without gaps, one row an hour.

    Raises:
        ValueError: If a column misses more than that.
    """
    _refuse_gaps(readings, max_missing_share)
    hourly = readings.sort_values("time").set_index("time").asfreq("h")
    hourly["rain_mm"] = hourly["rain_mm"].fillna(0.0)
    return hourly.interpolate(limit_direction="both").reset_index()


def build_calendar(weather: pd.DataFrame, holidays: pd.DataFrame, cold_below_c: float) -> pd.DataFrame:
    """Say of each hour what riders know of it: the clock, the kind of day, the weather.

    Args:
        weather: Hourly weather without gaps.
        holidays: Column `date`, the public holidays.
        cold_below_c: Below this temperature an hour counts as cold.

    Returns:
        One row an hour: `time`, `hour`, `weekday`, `is_free_day`, `temperature_c`, `rain_mm`, `wind_kmh`, `is_cold`.
    """
    times = weather["time"].dt
    is_free_day = (times.weekday >= 5) | times.normalize().isin(holidays["date"])
    return pd.DataFrame(
        {
            "time": weather["time"],
            "hour": times.hour,
            "weekday": times.weekday,
            "is_free_day": is_free_day.astype(int),
            "temperature_c": weather["temperature_c"],
            "rain_mm": weather["rain_mm"],
            "wind_kmh": weather["wind_kmh"],
            "is_cold": (weather["temperature_c"] < cold_below_c).astype(int),
        }
    )


def clean_stations(station_list: pd.DataFrame) -> pd.DataFrame:
    """Bring station and district names to one spelling, one row a station.

    Args:
        station_list: Columns `station_id`, `name`, `district`, `capacity`, typed by hand.

    Returns:
        The same columns, sorted by `station_id`.
    """
    tidy = station_list.assign(
        name=station_list["name"].str.strip().str.title(),
        district=station_list["district"].str.strip().str.lower().str.replace(" ", "_"),
    )
    return tidy.drop_duplicates("station_id").sort_values("station_id").reset_index(drop=True)


def clean_dock_readings(readings: pd.DataFrame, max_missing_share: float) -> pd.DataFrame:
    """Drop the readings in which a dock sensor was silent.

    Args:
        readings: Columns `time`, `station_id`, `bikes`, with gaps in `bikes`.
        max_missing_share: The share of missing readings that is still accepted.

    Returns:
        The same columns, `bikes` as whole numbers.

    Raises:
        ValueError: If more readings are missing than that.
    """
    _refuse_gaps(readings, max_missing_share)
    return readings.dropna(subset=["bikes"]).astype({"bikes": int}).reset_index(drop=True)


def _refuse_gaps(readings: pd.DataFrame, max_missing_share: float) -> None:
    """Raise if any column has a larger share of missing values than allowed, and name it."""
    shares = readings.isna().mean()
    worst = shares.idxmax()
    if shares[worst] > max_missing_share:
        raise ValueError(
            f"Column '{worst}' misses {shares[worst]:.1%} of its values; "
            f"the parameter 'ingest.max_missing_share' allows {max_missing_share:.1%}."
        )
