-- Features of each run against the training: distance, where it is greatest, and who has no value.
{%- set contract = contract_of(product_at_hand()) %}

with statistics as (
    select * from {{ product_ref('statistics') }}
),

features as (
    select
        model_version as reference_version,
        subject as feature,
        max(missing_share) as reference_missing,
        max(customers) as reference_customers,
        max(case when category is not null then 1 else 0 end) = 1 as is_category
    from {{ product_ref('reference_features') }}
    group by model_version, subject
),

tallied as (
    select * from {{ product_ref('feature_tallies') }}
),

distances as (
    select * from {{ product_ref('distances', compared='compared_features') }}
),

-- To say it in words.
greatest_differences as (
    select
        *,
        row_number() over (
            partition by run_id, subject
            order by abs(share - base_share) desc, bin
        ) as place
    from {{ product_ref('compared_features') }}
)

select
    statistics.run_id,
    statistics.model_version,
    coalesce(features.feature, 'every feature') as feature,
    features.is_category,
    features.reference_missing,
    features.reference_customers,
    statistics.customers_scored,
    tallied.unseen,
    tallied.of_present,
    tallied.missing / cast(tallied.of_all as double) as missing_share,
    distances.psi,
    greatest_differences.share,
    greatest_differences.base_share,
    greatest_differences.category,
    greatest_differences.lower_edge,
    greatest_differences.upper_edge,
    {{ missing_reference_reason(contract, 'features.feature') }} as not_evaluated
from statistics
left join features on statistics.model_version = features.reference_version
left join tallied on statistics.run_id = tallied.run_id and features.feature = tallied.subject
left join distances on statistics.run_id = distances.run_id and features.feature = distances.subject
left join greatest_differences
    on
        statistics.run_id = greatest_differences.run_id
        and features.feature = greatest_differences.subject
        and greatest_differences.place = 1
