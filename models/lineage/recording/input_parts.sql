-- Rows and digests of what each data cutoff counts: whole days, from what was recorded as they were landed, and the
-- day of the cutoff. The days of a file that was accepted with another history count from that landing on.
with cutoffs as (
    select distinct data_cutoff from {{ ref('traced_snapshots') }}
),

replaced as (
    select
        source,
        file,
        max(landing) as landing
    from {{ source('operations', 'landed_files') }}
    where change = 'replaced'
    group by source, file
)

select
    cutoffs.data_cutoff,
    landed.source,
    landed.row_count,
    landed.last_loaded_at,
    landed.first_sum,
    landed.second_sum
from cutoffs
inner join {{ source('operations', 'landed_days') }} as landed on cast(cutoffs.data_cutoff as date) > landed.load_day
left join replaced on landed.source = replaced.source and landed.file = replaced.file
where landed.landing >= coalesce(replaced.landing, 0)

union all

select
    data_cutoff,
    source,
    count(*) as row_count,
    max(loaded_at) as last_loaded_at,
    {{ md5_sum('row_text', 1) }} as first_sum,
    {{ md5_sum('row_text', 2) }} as second_sum
from {{ ref('cutoff_day_rows') }}
group by data_cutoff, source
