"""Mean and worst delay of each ferry, and the share of crossings that were late."""

import collections
import csv
import json
import os

LATE_AFTER = float(os.environ["LATE_AFTER_MINUTES"])

delays = collections.defaultdict(list)
with open(os.environ["WHERRY_IN_SAILED"], newline="") as stream:
    for crossing in csv.DictReader(stream):
        delays[crossing["ferry"]].append(float(crossing["delay_minutes"]))

summary = {
    ferry: {
        "crossings": len(minutes),
        "mean": round(sum(minutes) / len(minutes), 2),
        "worst": max(minutes),
        "late": round(sum(value > LATE_AFTER for value in minutes) / len(minutes), 3),
    }
    for ferry, minutes in sorted(delays.items())
}
with open(os.environ["WHERRY_OUT_DELAYS_JSON"], "w") as stream:
    json.dump(summary, stream, indent=1)
print(f"{sum(map(len, delays.values()))} crossings of {len(summary)} ferries")
