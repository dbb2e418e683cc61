-- Failures that a log records: publications to the serving database, gaps in the access log, and replays that differ.
-- A later success of the same product, log or run resolves them.
with attempts as (
    select
        product,
        'serving_failed' as cause,
        cast(null as timestamp) as as_of,
        entry,
        recorded_at as happened_at,
        outcome = 'failed' as is_failure,
        outcome = 'served' as is_success,
        product as subject,
        'The serving database could not be brought up to date: ' || message as message
    from {{ source('operations', 'serving_log') }}

    union all

    select
        'all' as product,
        'access_log_gap' as cause,
        cast(null as timestamp) as as_of,
        entry,
        recorded_at as happened_at,
        outcome = 'incomplete' as is_failure,
        outcome = 'complete' as is_success,
        'all' as subject,
        'It is not known who read what from ' || cast(date_trunc('second', gap_from) as text) || ' to '
        || cast(date_trunc('second', gap_until) as text) || ' UTC: ' || message || '.' as message
    from {{ source('operations', 'access_log_loads') }}

    union all

    select
        product,
        'replay_mismatch' as cause,
        as_of,
        entry,
        replayed_at as happened_at,
        outcome = 'differs' as is_failure,
        outcome = 'identical' as is_success,
        run_id as subject,
        'A replay differs from what was recorded. ' || message as message
    from {{ source('operations', 'replay_log') }}
),

compared as (
    select
        *,
        max(case when is_success then entry end) over (partition by cause, subject) as newest_success
    from attempts
)

select
    product,
    cause,
    as_of,
    entry as watermark,
    happened_at,
    message,
    false as is_mitigated,
    coalesce(newest_success > entry, false) as is_resolved
from compared
where is_failure
