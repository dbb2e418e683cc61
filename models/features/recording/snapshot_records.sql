-- The row of snapshot_manifest for each snapshot that this build has appended.
-- depends_on: {{ ref('customers_to_compute') }}, {{ ref('feature_snapshots') }}, {{ ref('snapshot_plan') }}
-- depends_on: {{ source('operations', 'landed_files') }}
{% for plan in planned_snapshots() if not plan.is_repair %}
select
    as_of,
    data_cutoff,
    feature_version,
    {{ rows_digest(snapshot_row_text(feature_names())) }} as feature_snapshot_id,
    count(*) as customers,
    {{ recorded_at() }} as built_at,
    '{{ invocation_id }}' as invocation_id,
    {{ code_version() }} as code_version,
    {{ literal(feature_definitions().definitions_sha256) }} as definitions_sha256,
    (select coalesce(max(landing), 0) from {{ source('operations', 'landed_files') }}) as newest_landing,
    {{ plan.base_as_of or 'cast(null as timestamp)' }} as base_as_of,
    (
        select count(*) from {{ ref('customers_to_compute') }}
        where as_of = {{ plan.as_of }}
    ) as customers_computed
from {{ ref('feature_snapshots') }}
where as_of = {{ plan.as_of }} and data_cutoff = {{ plan.data_cutoff }} and feature_version = '{{ feature_version() }}'
group by as_of, data_cutoff, feature_version
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({'as_of': 'timestamp'}) }}
where false
{% endfor %}
