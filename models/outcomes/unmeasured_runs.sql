-- Served runs whose horizon and availability lag have passed and that were not measured yet.
with challenged as (
    select distinct run_id from {{ source('operations', 'challenger_records') }}
    where status = 'scored'
),

measured as (
    select run_id from {{ source('operations', 'outcome_scores') }}
),

served as (
    select
        states.run_id,
        states.product,
        states.as_of,
        states.model_version,
        {{ add_hours(
            add_days('states.as_of', 'contracts.horizon_days'), 'contracts.availability_lag_hours'
        ) }} as known_at
    from {{ ref('run_states') }} as states
    inner join {{ ref('prediction_contracts') }} as contracts on states.product = contracts.product
    where states.is_served
)

select
    served.*,
    challenged.run_id is not null as has_challengers
from served
left join challenged on served.run_id = challenged.run_id
anti join measured on served.run_id = measured.run_id
where served.known_at <= {{ clock() }}
