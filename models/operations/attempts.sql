-- Attempts at slots: what the ledger records of runs, and builds that ended before there was a plan because the raw
-- data could not be used. Such a build was an attempt of each product at the slot that was then the newest with
-- complete data.
with entries as (
    select
        product,
        as_of,
        run_id,
        status,
        reason,
        recorded_at,
        entry as place,
        1 as place_within,
        entry
    from {{ source('operations', 'run_ledger') }}

    union all

    select
        contracts.product,
        {{ slot_at_or_before(
            add_hours('failures.recorded_at', '-contracts.availability_lag_hours'), 'contracts.cadence',
            'contracts.anchor_days'
        ) }} as as_of,
        cast(null as text) as run_id,
        'failed' as status,
        failures.message as reason,
        failures.recorded_at,
        -- The next entry of the ledger came after it.
        failures.ledger_entry as place,
        0 as place_within,
        failures.entry
    from {{ source('operations', 'source_failures') }} as failures
    inner join {{ ref('prediction_contracts') }} as contracts
        on contracts.product = coalesce(failures.product, contracts.product)
    where coalesce(failures.cause, 'source_broken') = 'source_broken'
)

select
    product,
    as_of,
    run_id,
    status,
    reason,
    recorded_at,
    row_number() over (order by place, place_within, entry, product) as attempt,
    row_number() over (partition by product order by place desc, place_within desc, entry desc) = 1 as is_last
from entries
