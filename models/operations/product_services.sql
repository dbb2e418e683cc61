-- Whether each product is in commissioning or in service, and since when: since a person commissioned it, or since its
-- first publication that consumers could use, whichever came first. A slot of the past is no promise.
with contracts as (
    select * from {{ ref('prediction_contracts') }}
),

publications as (
    select
        ledger.product,
        min(ledger.recorded_at) as since
    from {{ source('operations', 'run_ledger') }} as ledger
    inner join contracts on ledger.product = contracts.product
    where
        ledger.status in ('published', 'released')
        and ledger.recorded_at <= ledger.as_of + to_hours(contracts.max_age_hours)
    group by ledger.product
),

decisions as (
    select
        product,
        min(commissioned_at) as since,
        min_by(commissioned_by, entry) as commissioned_by,
        min_by(reason, entry) as reason
    from {{ source('operations', 'commissionings') }}
    group by product
),

dated as (
    select
        contracts.product,
        decisions.commissioned_by,
        decisions.reason,
        least(decisions.since, publications.since) as in_service_since,
        coalesce(decisions.since <= coalesce(publications.since, decisions.since), false) as is_by_person
    from contracts
    left join decisions on contracts.product = decisions.product
    left join publications on contracts.product = publications.product
)

select
    product,
    in_service_since,
    case when in_service_since is null then 'in commissioning' else 'in service' end as state,
    case when is_by_person then commissioned_by end as commissioned_by,
    case
        when is_by_person then reason
        when in_service_since is not null then 'The first publication that consumers could use.'
    end as reason
from dated
