def clean(raw):
    return raw


def fit(orders):
    return orders
