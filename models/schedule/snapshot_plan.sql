-- depends_on: {{ ref('prediction_contracts') }}
-- The feature snapshots that are needed and not there yet; products with one as-of share one.
-- Needed is what a due run scores or, for training and replay, what SNAPSHOT_AS_OF asks for.
{% set asked_for = requested_snapshots() if execute else [] %}

with built as (
    select * from {{ source('operations', 'snapshot_manifest') }}
    where
        feature_version = '{{ feature_version() }}'
        and as_of not in (select damaged.as_of from {{ ref('damaged_snapshots') }} as damaged)
),

needed as (
    {% for snapshot in asked_for %}
    select distinct
        {{ timestamp_literal(snapshot.as_of) }} as as_of,
        {{ timestamp_literal(snapshot.data_cutoff) if snapshot.data_cutoff
           else add_hours(timestamp_literal(snapshot.as_of), 'availability_lag_hours') }} as data_cutoff
    from {{ ref('prediction_contracts') }}
    {{ 'union' if not loop.last }}
    {% else %}
    select distinct
        as_of,
        data_cutoff
    from {{ ref('scoring_plan') }}
    where is_due
    union
    select
        as_of,
        data_cutoff
    from {{ ref('damaged_snapshots') }}
    {% endfor %}
),

unbuilt as (
    select needed.*
    from needed
    anti join built on needed.as_of = built.as_of
),

-- Erasures, and files that were accepted with another history, change what former snapshots were made of.
last_upheaval as (
    select max(happened_at) as happened_at
    from (
        select erased_at as happened_at from {{ source('operations', 'erasures') }}
        union all
        select landed_at as happened_at from {{ source('operations', 'landed_files') }}
        where change = 'replaced'
    ) as upheavals
),

bases as (
    select
        unbuilt.as_of,
        max(built.as_of) as base_as_of
    from unbuilt
    inner join built
        on
            unbuilt.as_of > built.as_of
            and unbuilt.as_of <= {{ add_days('built.as_of', var('carried_forward_days')) }}
            and unbuilt.data_cutoff >= built.data_cutoff
    cross join last_upheaval
    where
        built.definitions_sha256 = {{ feature_definitions_sha256() }}
        and built.newest_landing is not null
        and (last_upheaval.happened_at < built.built_at or last_upheaval.happened_at is null)
    group by unbuilt.as_of
)

select
    unbuilt.*,
    '{{ feature_version() }}' as feature_version,
    bases.base_as_of,
    built.data_cutoff as base_cutoff,
    built.newest_landing as base_landing,
    unbuilt.as_of in (select damaged.as_of from {{ ref('damaged_snapshots') }} as damaged) as is_repair
from unbuilt
left join bases on unbuilt.as_of = bases.as_of
left join built on bases.base_as_of = built.as_of
