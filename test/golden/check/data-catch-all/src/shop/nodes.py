def clean(raw, comapnies):
    return raw
