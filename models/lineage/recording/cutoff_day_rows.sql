-- Raw rows, rejected ones included, that were loaded on the day of a data cutoff and before it. The cutoffs stand as
-- literals: files without such rows are not read.
-- depends_on: {{ ref('stg_customers') }}, {{ ref('stg_events') }}, {{ ref('stg_orders') }}, {{ ref('snapshot_plan') }}
-- depends_on: {{ source('operations', 'landed_files') }}, {{ source('operations', 'rejected_rows') }}
{% set snapshots = traced if traced is defined else planned_snapshots() | rejectattr('is_repair') %}

{% for cutoff in snapshots | map(attribute='data_cutoff') | unique %}
{% for raw in raw_sources() %}
select
    {{ cutoff }} as data_cutoff,
    '{{ raw.name }}' as source,
    loaded_at,
    coalesce(source_text, {{ raw_row_text(raw) }}) as row_text
from (
    select
        landed.*,
        files.has_loaded_at
    from {{ relation_of_model('stg_' ~ raw.name) }} as landed
    inner join {{ source('operations', 'landed_files') }} as files
        on landed.landed_in = files.landing and landed.landed_file = files.file and files.source = '{{ raw.name }}'
    where landed.loaded_at < {{ cutoff }} and landed.loaded_at >= date_trunc('day', {{ cutoff }})
) as of_day

union all

{% endfor %}
select
    {{ cutoff }} as data_cutoff,
    source,
    loaded_at,
    source_text as row_text
from {{ source('operations', 'rejected_rows') }}
where not is_landed and loaded_at < {{ cutoff }} and loaded_at >= date_trunc('day', {{ cutoff }})
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({'data_cutoff': 'timestamp', 'source': 'text', 'loaded_at': 'timestamp', 'row_text': 'text'}) }}
where false
{% endfor %}
