-- Slow drift: two-sided cumulative sums (CUSUM: Page, Biometrika 41, 1954) of what each batch lies beyond the allowance
-- away from where the trend began. More than one allowance in sum is a trend.
with cumulated as (
    select
        *,
        sum(case when is_compared then batch_level - base_level - allowance else 0 end) over by_batch as risen,
        sum(case when is_compared then base_level - batch_level - allowance else 0 end) over by_batch as fallen
    from {{ product_ref('trend_baselines') }}
    window by_batch as (
        partition by run_id, check_name, scope
        order by as_of
    )
),

-- A cumulative sum that starts again at zero is the sum less its least value so far.
sums as (
    select
        *,
        greatest(risen - min(risen) over by_batch, fallen - min(fallen) over by_batch) as beyond
    from cumulated
    window by_batch as (
        partition by run_id, check_name, scope
        order by as_of
    )
)

select
    run_id,
    check_name,
    scope,
    base_as_of,
    as_of,
    base_level,
    batch_level,
    batches,
    allowance,
    round(cast(beyond as double) / nullif(cast(allowance as double), 0), 6) as allowances
from sums
where is_last
