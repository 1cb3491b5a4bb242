"""Writes the raw files of `data/01_raw`: the hire bikes of a made-up city over four months.

Standard library only and seeded, so it writes the same bytes every time:

    python scripts/make_data.py
"""

import csv
import math
import random
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from pathlib import Path

RAW = Path(__file__).resolve().parents[1] / "data" / "01_raw"
FIRST_DAY = date(2025, 3, 1)
DAYS = 120
HOLIDAYS = {date(2025, 4, 18): "Good Friday", date(2025, 4, 21): "Easter Monday", date(2025, 5, 1): "Labour Day"}
# District: rentals in a busy hour, how strongly commuters shape it.
DISTRICTS = {"harbour": (60, 0.4), "old_town": (90, 0.6), "university": (75, 0.9)}
STREETS = ["Quay", "Market", "Mill", "Bridge", "Castle", "Garden", "Tower", "Ferry"]


def write(name: str, header: list[str], rows: Iterable[list]) -> None:
    """Write one CSV file under the raw folder."""
    path = RAW / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def make_weather(rng: random.Random, hours: list[datetime]) -> list[tuple[float, float, float]]:
    """Temperature, rain and wind for each hour: spring comes, and rain in spells."""
    weather, rain = [], 0.0
    for index, hour in enumerate(hours):
        season = 6 + 14 * index / len(hours)
        temperature = season + 5 * math.sin((hour.hour - 9) * math.pi / 12) + rng.gauss(0, 1)
        rain = max(0.0, rain * 0.8 + (rng.expovariate(0.8) if rng.random() < 0.06 else -0.05))
        weather.append((round(temperature, 1), round(rain, 1), round(rng.gammavariate(4, 3), 1)))
    return weather


def rentals_in(hour: datetime, conditions: tuple[float, float, float], busy: int, commuting: float) -> float:
    """What is rented in an hour on average."""
    temperature, rain, wind = conditions
    commute = math.exp(-((hour.hour - 8) ** 2) / 4) + math.exp(-((hour.hour - 17) ** 2) / 6)
    leisure = math.exp(-((hour.hour - 14) ** 2) / 20)
    is_free = hour.weekday() >= 5 or hour.date() in HOLIDAYS
    share = leisure if is_free else commuting * commute + (1 - commuting) * leisure
    mood = (0.4 + min(temperature, 24) / 30) * math.exp(-0.4 * rain) * (1 - min(wind, 40) / 120)
    return busy * (0.03 + share) * max(mood, 0.05)


def main() -> None:
    """Write all files."""
    rng = random.Random(20250301)
    first_hour = datetime.combine(FIRST_DAY, time())
    hours = [first_hour + timedelta(hours=h) for h in range(24 * DAYS)]

    weather = make_weather(rng, hours)
    readings = [
        [hour.isoformat(timespec="minutes"), *("" if rng.random() < 0.01 else value for value in conditions)]
        for hour, conditions in zip(hours, weather)
    ]
    write("weather.csv", ["time", "temperature_c", "rain_mm", "wind_kmh"], readings)
    write("holidays.csv", ["date", "name"], [[day.isoformat(), name] for day, name in HOLIDAYS.items()])

    for district, (busy, commuting) in DISTRICTS.items():
        rows = []
        for hour, conditions in zip(hours, weather):
            mean = rentals_in(hour, conditions, busy, commuting)
            row = [hour.isoformat(timespec="minutes"), district, max(0, round(rng.gauss(mean, math.sqrt(mean))))]
            rows += [row, row] if rng.random() < 0.005 else [row]
        write(f"rentals/{district}.csv", ["time", "district", "rentals"], rows)

    stations = []
    for index in range(24):
        district = list(DISTRICTS)[index % len(DISTRICTS)]
        name = f"{STREETS[index // 3]} {district.replace('_', ' ')}"
        stations.append([f"S{index + 1:02}", name.upper() if index % 5 == 0 else f" {name}", district, 12 + index % 4 * 4])
    spelled = [[i, n, d.replace("_", " ").title() if k % 4 == 0 else d, c] for k, (i, n, d, c) in enumerate(stations)]
    write("stations.csv", ["station_id", "name", "district", "capacity"], [*spelled, spelled[3]])

    rows = []
    for day in range(DAYS):
        for clock in (7, 12, 19):
            when = (first_hour + timedelta(days=day, hours=clock)).isoformat(timespec="minutes")
            for index, (station, _, _, capacity) in enumerate(stations):
                tide = 0.5 + (0.3 if clock == 19 else -0.2) * math.sin(index * 1.7)
                bikes = round(min(max(rng.gauss(tide, 0.2), 0), 1) * capacity)
                rows.append([when, station, "" if rng.random() < 0.02 else bikes])
    write("dock_readings.csv", ["time", "station_id", "bikes"], rows)


if __name__ == "__main__":
    main()
