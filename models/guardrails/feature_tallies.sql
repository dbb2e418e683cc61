-- Customers of each run by feature: without a value, and with a category that no customer had in training.
with statistics as (
    select * from {{ product_ref('statistics') }}
),

model_references as (
    select * from {{ product_ref('reference_features') }}
),

counts as (
    select * from {{ product_ref('feature_counts') }}
)

select
    counts.run_id,
    counts.subject,
    coalesce(sum(counts.customers) filter (where counts.is_missing), 0) as missing,
    coalesce(sum(counts.customers) filter (
        where counts.category is not null and model_references.category is null
    ), 0) as unseen,
    max(counts.of_all) as of_all,
    max(counts.of_present) as of_present
from counts
inner join statistics on counts.run_id = statistics.run_id
left join model_references
    on
        statistics.model_version = model_references.model_version
        and counts.subject = model_references.subject
        and counts.category = model_references.category
group by counts.run_id, counts.subject
