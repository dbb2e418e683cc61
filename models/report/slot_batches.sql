-- The newest measured run of each slot: the served one where there is one.
with measured as (
    select
        measures.*,
        states.as_of,
        states.status,
        states.is_served,
        states.model_version,
        row_number() over (
            partition by states.product, states.as_of
            order by states.is_served desc, states.last_entry desc
        ) as place
    from {{ source('operations', 'output_statistics') }} as measures
    inner join {{ ref('run_states') }} as states on measures.run_id = states.run_id
)

select
    *, -- noqa: AM04
    row_number() over (partition by product order by as_of desc) as newest
from measured
where place = 1
