-- The row of landed_files for each file of a landing, with the numbers of rows that were read, rejected and late.
-- Variables: `raw_table`, `landing` and `files`.
with files as (
    select * from {{ ref('listed_files') }}
),

days as (
    select
        file,
        sum(row_count) as row_count,
        min(first_loaded_at) as first_loaded_at,
        max(last_loaded_at) as last_loaded_at,
        {{ input_digest('sum(first_sum)', 'sum(second_sum)') }} as content_digest
    from {{ source('operations', 'landed_days') }}
    where landing = {{ landing | default(0) }}
    group by file
),

reasons as (
    select
        landed_file as file,
        reason,
        count(*) as rejected_rows
    from {{ source('operations', 'rejected_rows') }}
    where landed_in = {{ landing | default(0) }}
    group by landed_file, reason
),

rejected as (
    select
        file,
        cast(
            to_json(map_from_entries(list((reason, rejected_rows) order by reason))) as text
        ) as rejected_by_reason,
        sum(rejected_rows) as rejected_rows
    from reasons
    group by file
),

late as (
    select * from {{ ref('landed_late_rows') }}
)

select
    files.*, -- noqa: AM04
    rejected.rejected_by_reason,
    days.first_loaded_at,
    days.last_loaded_at,
    days.content_digest,
    coalesce(days.row_count, 0) as row_count,
    coalesce(rejected.rejected_rows, 0) as rejected_rows,
    coalesce(late.late_rows, 0) as late_rows
from files
left join days on files.file = days.file
left join rejected on files.file = rejected.file
left join late on files.file = late.file
