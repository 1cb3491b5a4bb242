def clean_orders(raw):
    return raw


def clean(raw):
    return raw
