-- Since when each product is in service: since its first publication that consumers could use. A slot of the past is
-- no promise.
select
    ledger.product,
    min(ledger.recorded_at) as since
from {{ source('operations', 'run_ledger') }} as ledger
inner join {{ ref('prediction_contracts') }} as contracts on ledger.product = contracts.product
where
    ledger.status in ('published', 'released')
    and ledger.recorded_at <= ledger.as_of + to_hours(contracts.max_age_hours)
group by ledger.product
