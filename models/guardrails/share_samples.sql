-- Shares of a run's customers that findings compare, with the number of customers on both sides.
with states as (
    select * from {{ product_ref('feature_states') }}
    where not_evaluated is null and of_present > 0
)

select
    run_id,
    'feature_nulls' as check_name,
    feature as scope,
    customers_scored as customers,
    reference_customers as base_customers,
    missing_share as share,
    reference_missing as base_share
from states

union all

select
    run_id,
    'feature_filled' as check_name,
    feature as scope,
    customers_scored as customers,
    reference_customers as base_customers,
    1 - missing_share as share,
    1 - reference_missing as base_share
from states

union all

select
    run_id,
    check_name,
    scope,
    customers,
    base_customers,
    share,
    base_share
from {{ product_ref('tail_samples') }}

union all

-- A category that none of so many customers had has at most three times one of them: the rule of three.
select
    run_id,
    'feature_categories' as check_name,
    feature as scope,
    of_present as customers,
    null as base_customers,
    unseen / cast(of_present as double) as share,
    least(3 / cast(reference_customers as double), 1) as base_share
from states
where is_category and reference_customers > 0

union all

select
    run_id,
    'feed_activity' as check_name,
    activity as scope,
    customers,
    base_customers,
    active / cast(customers as double) as share,
    base_active / cast(base_customers as double) as base_share
from {{ product_ref('feed_activity') }}
where customers > 0 and base_customers > 0

union all

select
    run_id,
    'label_share' as check_name,
    label as scope,
    customers_scored as customers,
    base_customers,
    share,
    base_share
from {{ product_ref('compared_labels') }}
where customers_scored > 0
