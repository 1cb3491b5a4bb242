"""Writes data/crossings.csv: four weeks of two invented ferry lines. The same numbers every time."""

import csv
import pathlib
import random

FERRIES = {"Gannet": 3.0, "Puffin": 6.5, "Shearwater": 11.0}

dice = random.Random(20260105)
path = pathlib.Path(__file__).parent.parent / "data" / "crossings.csv"
with path.open("w", newline="") as stream:
    table = csv.writer(stream, lineterminator="\n")
    table.writerow(["date", "ferry", "departure", "passengers", "delay_minutes", "state"])
    for day in range(1, 29):
        for hour in range(6, 23):
            for ferry, usual_delay in FERRIES.items():
                if dice.random() < 0.25:
                    continue
                state = "cancelled" if dice.random() < 0.04 else "sailed"
                delay = round(dice.expovariate(1 / usual_delay), 1)
                departure = f"{hour:02}:{dice.choice(['00', '20', '40'])}"
                table.writerow([f"2026-02-{day:02}", ferry, departure, dice.randint(4, 180), delay, state])
