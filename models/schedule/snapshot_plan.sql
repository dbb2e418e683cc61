-- The feature snapshots that are needed and not there yet; products with one as-of share one.
-- Needed is what a due run scores or, for training and replay, what SNAPSHOT_AS_OF asks for.
{% set asked_for = requested_snapshots() if execute else [] %}

-- Only what SNAPSHOT_AS_OF asks for reads the contracts.
with contracts as ( -- noqa: ST03
    select * from {{ ref('prediction_contracts') }}
),

plan as (
    select * from {{ ref('scoring_plan') }}
),

built as (
    select * from {{ source('operations', 'snapshot_manifest') }}
),

needed as (
    {% for snapshot in asked_for %}
    select distinct
        {{ timestamp_literal(snapshot.as_of) }} as as_of,
        {%- if snapshot.data_cutoff %}
        {{ timestamp_literal(snapshot.data_cutoff) }} as data_cutoff
        {%- else %}
        {{ add_hours(timestamp_literal(snapshot.as_of), 'availability_lag_hours') }} as data_cutoff
        {%- endif %}
    from contracts
    {{ 'union' if not loop.last }}
    {% else %}
    select distinct
        as_of,
        data_cutoff
    from plan
    where is_due
    {% endfor %}
)

select
    needed.as_of,
    needed.data_cutoff,
    '{{ feature_version() }}' as feature_version
from needed
left join built
    on
        needed.as_of = built.as_of
        and built.feature_version = '{{ feature_version() }}'
where built.as_of is null
