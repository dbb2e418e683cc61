-- Both ends of the features that are numbers: customers who did nothing, and customers far beyond all others. Rows that
-- were lost, and amounts of another unit, gather there without changing a distribution much.
with states as (
    select
        *,
        cast(of_present as double) as of_value
    from {{ product_ref('feature_tails') }}
    where of_present > 0
)

select
    run_id,
    'feature_zeros' as check_name,
    feature as scope,
    cast(greatest(zero_share - reference_zero_share, 0) as double) as value,
    not_evaluated,
    {{ percent('zero_share') }} || ' of the customers have zero or less in ' || feature || '; in training it was '
    || {{ percent('reference_zero_share') }} || '.' as message
from states
where zero_share is not null

union all

select
    run_id,
    'feature_extremes' as check_name,
    feature as scope,
    extreme_customers / of_value as value,
    not_evaluated,
    {{ percent('extreme_customers / of_value') }} || ' of the customers have more than '
    || {{ plain_number('extreme_edge') }} || ' in ' || feature
    || ', which is {{ extreme_multiple() }} times what nine in ten had in training.' as message
from states
where extreme_customers is not null
