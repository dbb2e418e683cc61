-- Digest of each feature's definition, once for each digest of all definitions.
-- depends_on: {{ ref('feature_snapshots') }}
{% set definitions = feature_definitions() if execute and flags.WHICH in ['build', 'run'] else {'features': []} %}

with features as (
    {% for feature in definitions.features %}
    select
        {{ loop.index }} as position,
        '{{ feature.name }}' as feature,
        '{{ feature.sha256 }}' as definition_sha256
    {{ 'union all' if not loop.last }}
    {% else %}
    select {{ typed_nulls({'position': 'integer', 'feature': 'text', 'definition_sha256': 'text'}) }}
    where false
    {% endfor %}
)

select
    {{ literal(definitions.definitions_sha256) }} as definitions_sha256,
    '{{ feature_version() }}' as feature_version,
    position,
    feature,
    definition_sha256,
    {{ recorded_at() }} as recorded_at,
    {{ code_version() }} as code_version
from features
where not exists (
    select 1 from {{ source('operations', 'feature_definitions') }} as known
    where known.definitions_sha256 = {{ literal(definitions.definitions_sha256) }}
)
