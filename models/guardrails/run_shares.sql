-- Shares of each bin of the score and each label, of this build's runs and of their former batches.
{%- set product = contract_of(product_at_hand()).product %}

with built as (
    select * from {{ product_ref('distributions') }}
),

former as (
    select former_run_id as run_id from {{ product_ref('statistics') }}
),

recorded as (
    select distributions.*
    from {{ source('operations', 'output_distributions') }} as distributions
    semi join former on distributions.run_id = former.run_id
    anti join built on distributions.run_id = built.run_id
    where distributions.product = '{{ product }}'
),

counted as (
    select
        run_id,
        kind,
        bin,
        category,
        customers
    from built

    union all

    select
        run_id,
        kind,
        bin,
        category,
        customers
    from recorded
)

select
    run_id,
    kind,
    bin,
    category,
    cast(customers as double) / sum(customers) over (partition by run_id, kind) as share
from counted
where (kind = 'score' and bin is not null) or (kind = 'label' and category is not null)
