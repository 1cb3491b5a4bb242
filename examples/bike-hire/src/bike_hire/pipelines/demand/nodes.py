"""Features, model and verdict.

scikit-learn is imported where it is used: it takes longer to import than most of these nodes take to run.
"""

from typing import Any, Protocol

import numpy as np
import pandas as pd

TARGET = "rentals"
KEYS = ["time", "district"]


class Regressor(Protocol):
    """What these nodes use of a fitted scikit-learn estimator."""

    feature_names_in_: np.ndarray
    feature_importances_: np.ndarray

    def predict(self, features: pd.DataFrame) -> np.ndarray:
        """One prediction a row."""


def add_history(rentals: pd.DataFrame, lags: list[int]) -> pd.DataFrame:
    """Put beside each hour what was rented in earlier hours of the same district.

    Args:
        rentals: Columns `time`, `district`, `rentals`, one row an hour and district.
        lags: How many hours to look back, each a column `rentals_<lag>h_ago`.

    Returns:
        The rentals with those columns; hours too early to have a history are dropped.
    """
    by_district = rentals.groupby("district")[TARGET]
    past = {f"rentals_{lag}h_ago": by_district.shift(lag) for lag in lags}
    return rentals.assign(**past).dropna().reset_index(drop=True)


def build_features(history: pd.DataFrame, calendar: pd.DataFrame) -> pd.DataFrame:
    """Join history and calendar, and turn districts into columns.

    Args:
        history: Rentals with their past, one row an hour and district.
        calendar: What is known of each hour.

    Returns:
        `time`, `district`, `rentals`, then numeric feature columns.
    """
    joined = history.merge(calendar, on="time", validate="many_to_one")
    districts = pd.get_dummies(joined["district"], prefix="in", dtype=int)
    return pd.concat([joined, districts], axis="columns")


def split_by_time(features: pd.DataFrame, test_days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keep the last days for the test, as a forecast would meet them.

    Args:
        features: One row an hour and district.
        test_days: How many days at the end the model does not see.

    Returns:
        The training set and the test set.
    """
    first_test_hour = features["time"].max().normalize() - pd.Timedelta(days=test_days - 1)
    is_test = features["time"] >= first_test_hour
    return features[~is_test].reset_index(drop=True), features[is_test].reset_index(drop=True)


def train_model(train_set: pd.DataFrame, options: dict[str, Any], seed: int) -> Regressor:
    """Fit boosted trees to the training set.

    Args:
        train_set: Features with the target.
        options: Keyword arguments of the estimator.
        seed: Makes the subsampling the same in every run.

    Returns:
        The fitted estimator; it knows the names of its features.
    """
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(**options, random_state=seed)
    return model.fit(train_set.drop(columns=[*KEYS, TARGET]), train_set[TARGET])


def predict(model: Regressor, test_set: pd.DataFrame) -> pd.DataFrame:
    """Predict the test set, beside what the week before would have said.

    Args:
        model: The fitted estimator.
        test_set: Features with the target.

    Returns:
        `time`, `district`, `rentals`, `predicted` and `naive`, the rentals of a week ago.
    """
    predicted = model.predict(test_set[list(model.feature_names_in_)])
    return test_set[[*KEYS, TARGET]].assign(
        predicted=predicted.clip(min=0).round(3),
        naive=test_set["rentals_168h_ago"],
    )


def evaluate(predictions: pd.DataFrame) -> tuple[dict[str, float], pd.DataFrame]:
    """Say how far off the predictions are, overall and by the hour of the day.

    Args:
        predictions: What was rented, predicted, and rented a week before.

    Returns:
        Mean absolute errors of the model and of last week's numbers with the share of error
        that the model saves; and both errors by district and hour.
    """
    errors = predictions.assign(
        model_error=(predictions["predicted"] - predictions[TARGET]).abs(),
        naive_error=(predictions["naive"] - predictions[TARGET]).abs(),
        hour=predictions["time"].dt.hour,
    )
    model_error, naive_error = errors["model_error"].mean(), errors["naive_error"].mean()
    metrics = {
        "mean_absolute_error": round(float(model_error), 4),
        "naive_mean_absolute_error": round(float(naive_error), 4),
        "error_saved": round(float(1 - model_error / naive_error), 4),
        "hours": len(errors),
    }
    by_hour = errors.groupby(["district", "hour"], as_index=False)[["model_error", "naive_error"]].mean().round(3)
    return metrics, by_hour


def rank_features(model: Regressor) -> pd.DataFrame:
    """List the features by how much the model leans on them.

    Args:
        model: The fitted estimator.

    Returns:
        `feature` and `importance`, the most important first.
    """
    ranking = pd.DataFrame({"feature": model.feature_names_in_, "importance": model.feature_importances_.round(6)})
    return ranking.sort_values(["importance", "feature"], ascending=[False, True]).reset_index(drop=True)
