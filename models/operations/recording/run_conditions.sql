-- Failed, crashed and quarantined runs, unusable sources and damaged files. A run of the same slot or a later one that
-- is published afterwards mitigates them, and resolves them if it is published in time.
with drifted as (
    select distinct run_id from {{ source('operations', 'output_checks') }}
    where
        outcome = 'failed'
        and severity = 'block'
        and list_contains({{ var('drift_checks') }}, check_name)
),

failed_runs as (
    select
        ledger.product,
        case
            when ledger.status = 'failed' then 'run_failed'
            when ledger.status = 'crashed' then 'run_crashed'
            when drifted.run_id is not null then 'blocking_drift'
            else 'run_quarantined'
        end as cause,
        ledger.as_of,
        ledger.entry as watermark,
        ledger.recorded_at as happened_at,
        ledger.entry as ledger_entry,
        'The run as of ' || {{ plain_date('ledger.as_of') }} || case ledger.status
            when 'failed' then ' failed: '
            when 'crashed' then ' crashed: '
            else ' was quarantined: '
        end || ledger.reason as message
    from {{ source('operations', 'run_ledger') }} as ledger
    left join drifted on ledger.run_id = drifted.run_id
    -- A postponed run waits for an earlier slot, which has a condition of its own.
    where ledger.status in ('failed', 'crashed', 'quarantined') and ledger.reason not like 'postponed:%'

    union all

    select
        contracts.product,
        coalesce(failures.cause, 'source_broken') as cause,
        failures.as_of,
        failures.entry as watermark,
        failures.recorded_at as happened_at,
        failures.ledger_entry,
        failures.message
    from {{ source('operations', 'source_failures') }} as failures
    inner join {{ ref('prediction_contracts') }} as contracts
        on contracts.product = coalesce(failures.product, contracts.product)
),

later_runs as (
    select
        failed_runs.product,
        failed_runs.cause,
        failed_runs.watermark,
        bool_or(recoveries.is_in_time) as is_any_in_time
    from failed_runs
    inner join {{ ref('service_recoveries') }} as recoveries
        on
            failed_runs.product = recoveries.product
            and failed_runs.ledger_entry < recoveries.entry
            and coalesce(failed_runs.as_of, recoveries.as_of) <= recoveries.as_of
    group by failed_runs.product, failed_runs.cause, failed_runs.watermark
)

select
    failed_runs.product,
    failed_runs.cause,
    failed_runs.as_of,
    failed_runs.watermark,
    failed_runs.happened_at,
    failed_runs.message,
    later_runs.product is not null as is_mitigated,
    coalesce(later_runs.is_any_in_time, false) as is_resolved
from failed_runs
left join later_runs
    on
        failed_runs.product = later_runs.product
        and failed_runs.cause = later_runs.cause
        and failed_runs.watermark = later_runs.watermark
