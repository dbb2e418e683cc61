-- Recipients of notifications about a product: its owner and the owners of its consumers. An incident of no single
-- product goes to the owners of all.
with contracts as (
    select * from {{ ref('prediction_contracts') }}
)

select
    product,
    sla_owner as recipient
from contracts

union distinct

select
    product,
    owner as recipient
from {{ ref('product_consumers') }}

union distinct

select
    'all' as product,
    sla_owner as recipient
from contracts
