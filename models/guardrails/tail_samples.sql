-- Shares of a run's customers at the ends of features, next to what sound customers have there.
with tails as (
    select * from {{ product_ref('feature_tails') }}
    where not_evaluated is null and of_present > 0
)

select
    run_id,
    'feature_zeros' as check_name,
    feature as scope,
    of_present as customers,
    reference_customers as base_customers,
    zero_share as share,
    reference_zero_share as base_share
from tails
where zero_share is not null

union all

-- Heavy tails of sound data reach one in seventy; nobody counted how many the training had.
select
    run_id,
    'feature_extremes' as check_name,
    feature as scope,
    of_present as customers,
    null as base_customers,
    extreme_customers / cast(of_present as double) as share,
    1 / 70.0 as base_share
from tails
where extreme_customers is not null
