import pandas as pd


def split(raw: pd.DataFrame) -> pd.DataFrame:
    return raw.sample(frac=0.8, random_state=1)


def fit(train_set: pd.DataFrame) -> object:
    ...
