-- Customers per label and per bin of a feature: of this build's runs, and of those recorded before.
select
    run_id,
    kind,
    subject,
    bin,
    category,
    customers
from {{ product_ref('distributions') }}
where kind in ('label', 'feature')

union all

select
    recorded.run_id,
    recorded.kind,
    recorded.subject,
    recorded.bin,
    recorded.category,
    recorded.customers
from {{ source('operations', 'output_distributions') }} as recorded
semi join {{ product_ref('trend_batches') }} as batches on recorded.run_id = batches.batch_run_id
anti join {{ product_ref('statistics') }} as built on recorded.run_id = built.run_id
where
    recorded.product = '{{ contract_of(product_at_hand()).product }}'
    and recorded.kind in ('label', 'feature')
