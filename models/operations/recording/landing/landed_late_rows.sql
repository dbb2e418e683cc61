-- Late rows of a landing by file: they were landed after a snapshot was built, and say that they were loaded before
-- its data cutoff, so that a rerun of its runs would find them. The first landing of a table has none. Variables:
-- `raw_table` and `landing`.
-- depends_on: {{ ref('stg_customers') }}, {{ ref('stg_events') }}, {{ ref('stg_orders') }}
{% set raw_table = raw_table | default('customers') %}

select
    landed_file as file,
    count(*) as late_rows
from {{ relation_of_model('stg_' ~ raw_table) if execute else ref('stg_customers') }}
where
    landed_in = {{ landing | default(0) }}
    and loaded_at < (
        select max(snapshots.data_cutoff) from {{ source('operations', 'snapshot_manifest') }} as snapshots
    )
    and exists (
        select 1 from {{ source('operations', 'landed_files') }} as former
        where former.source = '{{ raw_table }}' and former.landing < {{ landing | default(0) }}
    )
group by landed_file
