"""Published scores with their outcomes, computed from the raw orders."""

import duckdb
import numpy as np
import pandas as pd

from tests.support.project import Project


def scored_beside_outcomes(project: Project, product: str, as_of: str) -> pd.DataFrame:
    """Return the published scores and the outcomes, straight from the raw orders."""
    frame = project.frame(
        "select customer_id, score, score_lower, score_upper, label "
        f"from lake.marts.{product}_prediction_history_v1 where as_of = '{as_of}'"
    )
    with duckdb.connect() as raw:
        came = raw.execute(
            f"""
            with newest as (
                select order_id, max_by(customer_id, loaded_at) as customer_id,
                    max_by(ordered_at, loaded_at) as ordered_at, max_by(amount, loaded_at) as amount
                from read_parquet('{project.raw_data}/orders.parquet')
                where loaded_at < timestamp '{as_of}' + interval 90 day + interval 6 hour
                    and ordered_at < timestamp '{as_of}' + interval 90 day
                group by order_id
            )
            select trim(customer_id) as customer_id, max(amount) > 0 as purchased,
                sum(amount)::double as revenue
            from newest where ordered_at >= timestamp '{as_of}' group by all
            """
        ).df()
    merged = frame.merge(came, on="customer_id", how="left").sort_values("customer_id")
    if product == "churn":
        merged["outcome"] = np.where(merged["purchased"].eq(True), 0.0, 1.0)  # noqa: FBT003
    else:
        merged["outcome"] = merged["revenue"].fillna(0).clip(lower=0)
    return merged.reset_index(drop=True)
