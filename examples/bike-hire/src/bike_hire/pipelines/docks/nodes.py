"""How full the stations are, and how many bikes to move overnight."""

import pandas as pd


def measure_fill(dock_counts: pd.DataFrame, stations: pd.DataFrame) -> pd.DataFrame:
    """Express each reading as a share of the station's capacity.

    Args:
        dock_counts: Columns `time`, `station_id`, `bikes`.
        stations: Columns `station_id` and `capacity` among others.

    Returns:
        `time`, `station_id`, `fill` between 0 and 1.
    """
    joined = dock_counts.merge(stations[["station_id", "capacity"]], on="station_id", validate="many_to_one")
    return joined.assign(fill=joined["bikes"] / joined["capacity"])[["time", "station_id", "fill"]]


def rate_balance(fill: pd.DataFrame, empty_below: float, full_above: float) -> pd.DataFrame:
    """Say how often each station is nearly empty or nearly full, and how full it is in the evening.

    Args:
        fill: Readings as shares of capacity.
        empty_below: A station with less counts as empty.
        full_above: A station with more counts as full.

    Returns:
        Indexed by `station_id`: `empty_share`, `full_share`, `evening_fill`.
    """
    evening = fill[fill["time"].dt.hour >= 18]
    return pd.DataFrame(
        {
            "empty_share": (fill["fill"] < empty_below).groupby(fill["station_id"]).mean(),
            "full_share": (fill["fill"] > full_above).groupby(fill["station_id"]).mean(),
            "evening_fill": evening.groupby("station_id")["fill"].mean(),
        }
    )


def plan_van(balance: pd.DataFrame, stations: pd.DataFrame, van_capacity: int) -> pd.DataFrame:
    """Move bikes from the fullest to the emptiest stations, up to what the van can carry.

    Args:
        balance: How full each station is in the evening, indexed by `station_id`.
        stations: Names, districts and capacities.
        van_capacity: The bikes that can be collected in a night.

    Returns:
        `station_id`, `name`, `district`, `bikes`: to bring if positive, to collect if negative.
    """
    table = stations.merge(balance, left_on="station_id", right_index=True)
    wanted = ((table["evening_fill"].mean() - table["evening_fill"]) * table["capacity"]).round().astype(int)
    budget = min(van_capacity, wanted.clip(lower=0).sum(), -wanted.clip(upper=0).sum())
    bring = _take_in_order(wanted.clip(lower=0), budget)
    collect = _take_in_order(-wanted.clip(upper=0), budget)
    plan = table[["station_id", "name", "district"]].assign(bikes=bring - collect)
    return plan[plan["bikes"] != 0].sort_values(["bikes", "station_id"]).reset_index(drop=True)


def summarise_balance(balance: pd.DataFrame, stations: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Average the shares of empty and full readings over the stations of each district.

    Args:
        balance: Shares for each station, indexed by `station_id`.
        stations: Says which district a station is in.

    Returns:
        For each district, its `empty_share` and `full_share`.
    """
    table = stations.merge(balance, left_on="station_id", right_index=True)
    shares = table.groupby("district")[["empty_share", "full_share"]].mean().round(4)
    return shares.to_dict(orient="index")


def _take_in_order(amounts: pd.Series, budget: int) -> pd.Series:
    """Give out a budget to the largest amounts first, none more than it asks for."""
    ordered = amounts.sort_values(ascending=False, kind="stable")
    taken = ordered.clip(upper=(budget - ordered.cumsum().shift(fill_value=0)).clip(lower=0))
    return taken.reindex(amounts.index)
