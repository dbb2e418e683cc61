-- Scores of challengers from attempts that are not recorded yet.
with challengers as (
    select * from {{ product_source('challengers') }}
),

attempts as (
    select * from {{ product_ref('measured_challengers') }}
    where status = 'scored'
),

known as (
    select
        run_id,
        model_version
    from {{ source('operations', 'challenger_records') }}
    where product = '{{ contract_of(product_at_hand()).product }}' and status = 'scored'
)

select
    challengers.run_id,
    attempts.product,
    challengers.customer_id,
    attempts.as_of,
    cast(attempts.as_of as date) as prediction_date,
    challengers.score,
    challengers.label,
    challengers.model_version,
    challengers.feature_version,
    challengers.artifact_sha256
from challengers
inner join attempts
    on challengers.run_id = attempts.run_id and challengers.model_version = attempts.model_version
anti join known
    on challengers.run_id = known.run_id and challengers.model_version = known.model_version
