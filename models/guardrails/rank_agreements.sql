-- How far the customers of both batches are ranked alike: Spearman's rank correlation of their scores in tenths of the
-- training scores. Customers of one tenth are equals, and equals have the mean of their ranks.
with tenths as (
    select
        run_id,
        tenth_before,
        tenth_after,
        sum(customers) as customers
    from {{ product_ref('transitions') }}
    where membership = 'stayed' and tenth_before is not null and tenth_after is not null
    group by run_id, tenth_before, tenth_after
),

-- Twice the mean rank less one, which is whole.
ranked as (
    select
        run_id,
        customers,
        2 * sum(customers) over (
            partition by run_id
            order by tenth_before
        ) - sum(customers) over (partition by run_id, tenth_before) as rank_before,
        2 * sum(customers) over (
            partition by run_id
            order by tenth_after
        ) - sum(customers) over (partition by run_id, tenth_after) as rank_after
    from tenths
)

select
    run_id,
    {{ rank_correlation('rank_before', 'rank_after', 'customers') }} as rank_correlation
from ranked
group by run_id
