"""The features of a snapshot in pandas: what a notebook would compute, in vectorized operations.

    python -m benchmarks.features_in_pandas RAW AS_OF OUT.parquet

A program of its own, so that its memory can be measured. Amounts are floating-point numbers, and
nothing is rejected but rows without a key, an amount or a known customer.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

DAY = pd.Timedelta(days=1)
LAG = pd.Timedelta(hours=6)
WINDOWS = (30, 90, 180, 365)
CHANGES = (30, 90, 180)
LARGEST_AMOUNT = 1_000_000
Frame = Any  # a data frame: the stubs of pandas know no arithmetic of durations


def newest(raw: Path, table: str, key: str, happened_at: str, as_of: pd.Timestamp) -> Frame:
    """The newest version of each key by the data cutoff, of what happened before the as-of."""
    rows = pq.read_table(raw / table if (raw / table).is_dir() else raw / f"{table}.parquet")
    if "amount" in rows.column_names:
        place = rows.column_names.index("amount")
        rows = rows.set_column(place, "amount", rows["amount"].cast(pa.float64()))
    frame = rows.to_pandas()
    frame = frame[(frame["loaded_at"] < as_of + LAG) & frame[key].notna() & (frame[key] != "")]
    frame = frame.sort_values("loaded_at", kind="stable").drop_duplicates(key, keep="last")
    return frame[frame[happened_at] < as_of]


def order_features(orders: Frame, as_of: pd.Timestamp) -> Frame:
    """One row per customer with an order."""
    orders = orders.assign(age=as_of - orders["ordered_at"], bought=orders["amount"] > 0)
    amount, bought, age = orders["amount"], orders["bought"], orders["age"]
    summed: dict[str, Any] = {
        "order_count": bought,
        "return_count": amount < 0,
        "return_count_365d": (amount < 0) & (age <= 365 * DAY),
        "revenue_total": amount,
        "returned_amount": -amount.where(amount < 0, 0),
    }
    for days in WINDOWS:
        inside = age <= days * DAY
        summed[f"order_count_{days}d"] = bought & inside
        summed[f"revenue_{days}d"] = amount.where(inside, 0)
    for days in CHANGES:
        before = (age > days * DAY) & (age <= 2 * days * DAY)
        sign = (age <= days * DAY).astype("int8") - before.astype("int8")
        summed[f"order_count_change_{days}d"] = bought * sign
        summed[f"revenue_change_{days}d"] = amount * sign
    features: Frame = pd.DataFrame(summed).groupby(orders["customer_id"]).sum()
    purchases = orders[bought].sort_values(["customer_id", "ordered_at", "amount"])
    by_customer = purchases.groupby("customer_id")
    features = features.join(
        by_customer.agg(
            first_order_at=("ordered_at", "min"),
            last_order_at=("ordered_at", "max"),
            average_order_value=("amount", "mean"),
            order_value_stddev=("amount", "std"),
            largest_order_value=("amount", "max"),
            last_order_value=("amount", "last"),
            average_quantity=("quantity", "mean"),
            average_product_count=("product_count", "mean"),
            largest_product_count=("product_count", "max"),
        )
    )
    by_day: Frame = pd.DataFrame(
        {"customer_id": purchases["customer_id"], "day": purchases["ordered_at"].dt.normalize()}
    ).drop_duplicates()
    by_day["gap"] = by_day.groupby("customer_id")["day"].diff() / DAY
    features = features.join(
        by_day.groupby("customer_id").agg(
            order_day_count=("day", "size"),
            mean_days_between_orders=("gap", "mean"),
            stddev_days_between_orders=("gap", "std"),
        )
    )
    recent = purchases[purchases["age"] <= 360 * DAY]
    months = (recent["age"] - pd.Timedelta(microseconds=1)) // (30 * DAY)
    features["active_months_360d"] = months.groupby(recent["customer_id"]).nunique()
    features["return_rate"] = features["return_count"] / features["order_count"]
    features["recency_days"] = (as_of - features["last_order_at"]) // DAY
    features["days_since_first_order"] = (as_of - features["first_order_at"]) // DAY
    features["recency_to_gap_ratio"] = (
        features["recency_days"] / features["mean_days_between_orders"]
    )
    return features.drop(columns=["first_order_at", "last_order_at"])


def event_features(events: Frame, as_of: pd.Timestamp) -> Frame:
    """One row per customer with an event in a year."""
    age = as_of - events["occurred_at"]
    events, age = events[age <= 365 * DAY], age[age <= 365 * DAY]
    within = {days: age <= days * DAY for days in (30, 90)}
    counts: Frame = pd.DataFrame(
        {
            "event_count_30d": within[30],
            "event_count_90d": within[90],
            "event_count_change_30d": within[30].astype("int64")
            - ((age > 30 * DAY) & (age <= 60 * DAY)).astype("int64"),
        }
    )
    features = counts.groupby(events["customer_id"]).sum()
    recent = events[within[90]]
    features["event_type_count_90d"] = recent.groupby("customer_id")["event_type"].nunique()
    features["days_since_last_event"] = age.groupby(events["customer_id"]).min() // DAY
    return features


def main(raw: Path, as_of: pd.Timestamp, out: Path) -> None:
    """Write the features of every customer who had signed up by the as-of."""
    customers = newest(raw, "customers", "customer_id", "signed_up_at", as_of)
    customers = customers.set_index("customer_id")
    customers["tenure_days"] = (as_of - customers["signed_up_at"]) // DAY
    orders = newest(raw, "orders", "order_id", "ordered_at", as_of)
    usable = orders["amount"].abs() <= LARGEST_AMOUNT
    events = newest(raw, "events", "event_id", "occurred_at", as_of)
    features = customers[["country", "tenure_days"]]
    features = features.join(order_features(orders[usable], as_of))
    features = features.join(event_features(events, as_of))
    features.to_parquet(out)


if __name__ == "__main__":
    main(Path(sys.argv[1]), pd.Timestamp(sys.argv[2]), Path(sys.argv[3]))
