-- Customers of each due run who were active in a feed, next to the same weekday before: the newest snapshot at 7, 14,
-- 21 or 28 days before the as-of. One row per run and kind of activity.
with unfolded as (
    select
        run_id,
        as_of,
        is_now,
        customers,
        unnest([
            {%- for activity in var('feed_activity') %}
            {{ string_literal(activity) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ]) as activity,
        unnest(active) as active
    from {{ product_ref('feed_counts') }}
)

select
    run_id,
    activity,
    max(customers) filter (where is_now) as customers,
    max(active) filter (where is_now) as active,
    max(as_of) filter (where not is_now) as base_as_of,
    arg_max(customers, as_of) filter (where not is_now) as base_customers,
    arg_max(active, as_of) filter (where not is_now) as base_active
from unfolded
group by run_id, activity
