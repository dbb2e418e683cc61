-- State of each run by the ledger: its last entry, and whether consumers are served it.
with ledger as (
    select * from {{ source('operations', 'run_ledger') }}
),

last_entries as (
    select
        run_id,
        max(entry) as last_entry,
        max(case when status in ('published', 'released', 'withdrawn') then entry end) as serving_entry,
        min(case when status = 'started' then recorded_at end) as first_started_at,
        sum(case when status = 'started' then 1 else 0 end) as attempts
    from ledger
    group by run_id
),

states as (
    select
        last_entry.run_id,
        last_entry.product,
        last_entry.as_of,
        last_entry.model_version,
        last_entry.feature_version,
        last_entry.status,
        last_entry.reason,
        last_entry.recorded_at,
        last_entries.last_entry,
        last_entries.attempts,
        last_entries.first_started_at,
        last_entries.serving_entry,
        coalesce(last_entry.revision, 0) as revision,
        coalesce(serving_entry.status in ('published', 'released'), false) as is_served
    from last_entries
    inner join ledger as last_entry
        on last_entries.run_id = last_entry.run_id and last_entries.last_entry = last_entry.entry
    left join ledger as serving_entry
        on last_entries.run_id = serving_entry.run_id and last_entries.serving_entry = serving_entry.entry
)

select
    *,
    is_served
    and row_number() over (partition by product, is_served order by as_of desc, serving_entry desc) = 1 as is_current,
    is_served
    and row_number() over (partition by product, as_of order by is_served desc, serving_entry desc)
    > 1 as is_superseded,
    row_number() over (partition by product order by last_entry desc) = 1 as is_last_attempt
from states
