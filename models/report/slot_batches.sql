-- The newest measured run of each slot: the served one where there is one.
with measured as (
    select
        statistics.*,
        states.as_of,
        states.status,
        states.is_served,
        states.model_version,
        row_number() over (
            partition by states.product, states.as_of
            order by states.is_served desc, states.last_entry desc
        ) as place
    from {{ source('operations', 'output_statistics') }} as statistics
    inner join {{ ref('run_states') }} as states on statistics.run_id = states.run_id
)

select
    *,
    row_number() over (partition by product order by as_of desc) as newest
from measured
where place = 1
