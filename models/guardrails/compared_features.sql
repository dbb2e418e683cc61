-- Features of each run in the bins of the training, next to the training.
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
    statistics.run_id,
    model_references.subject as scope,
    model_references.subject,
    model_references.bin,
    model_references.tenth,
    model_references.category,
    model_references.lower_edge,
    model_references.upper_edge,
    {{ exact_share('counts.customers / cast(counts.of_present as double)') }} as share,
    {{ exact_share('model_references.share') }} as base_share
from statistics
inner join model_references on statistics.model_version = model_references.model_version
left join counts
    on
        statistics.run_id = counts.run_id
        and model_references.subject = counts.subject
        and (
            model_references.category = counts.category
            or (model_references.category is null and model_references.bin = counts.bin)
        )
