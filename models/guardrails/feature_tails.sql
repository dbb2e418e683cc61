-- Both ends of the features of a run that are numbers: customers with zero or less, next to the training, and customers
-- far beyond its largest tenth. One row per run and feature.
with states as (
    select * from {{ product_ref('feature_states') }}
),

unnested as (
    select
        run_id,
        unnest(feature_extremes) as extreme
    from {{ product_ref('statistics') }}
),

zeros as (
    select
        run_id,
        subject,
        sum(share) as share,
        sum(base_share) as base_share
    from {{ product_ref('compared_features') }}
    where upper_edge <= 0
    group by run_id, subject
)

select
    states.run_id,
    states.model_version,
    states.feature,
    states.of_present,
    states.reference_customers,
    states.not_evaluated,
    cast(zeros.share as double) as zero_share,
    cast(zeros.base_share as double) as reference_zero_share,
    unnested.extreme['customers'] as extreme_customers,
    unnested.extreme['upper_edge'] as extreme_edge
from states
left join zeros on states.run_id = zeros.run_id and states.feature = zeros.subject
left join unnested on states.run_id = unnested.run_id and states.feature = unnested.extreme['subject']
