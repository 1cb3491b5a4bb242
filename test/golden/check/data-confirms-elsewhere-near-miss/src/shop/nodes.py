def load(events):
    return events


def done(clean):
    return clean.describe()
