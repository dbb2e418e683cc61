{#- What hooks record of where things come from, in the transaction of the things themselves. -#}

{#- Once for each digest of all definitions. -#}
{% macro record_definitions() -%}
    {%- set definitions = feature_definitions() -%}
    {%- set known = operations_table('feature_definitions') -%}
    insert into {{ known }} ({{ operations_columns('feature_definitions') | join(', ') }})
    select
        {{ literal(definitions.definitions_sha256) }} as definitions_sha256,
        '{{ feature_version() }}' as feature_version,
        features.position,
        features.feature,
        features.definition_sha256,
        {{ recorded_at() }} as recorded_at,
        {{ code_version() }} as code_version
    from (
        {%- for feature in definitions.features %}
        select {{ loop.index }} as position, '{{ feature.name }}' as feature, '{{ feature.sha256 }}' as definition_sha256
        {{ 'union all' if not loop.last }}
        {%- else %}
        {{ no_rows({'position': 'integer', 'feature': 'text', 'definition_sha256': 'text'}) }}
        {%- endfor %}
    ) as features
    where not exists (
        select 1 from {{ known }} as known
        where known.definitions_sha256 = {{ literal(definitions.definitions_sha256) }}
    )
{%- endmacro %}


{% macro record_run_manifest(product, status) -%}
    insert into {{ operations_table('run_manifest') }} ({{ operations_columns('run_manifest') | join(', ') }})
    select
        runs.run_id, runs.product, runs.as_of, runs.data_cutoff, runs.model_version, registry.artifact_path,
        runs.artifact_sha256, runs.training_run_id, registry.training_as_of, runs.training_config_sha256,
        {{ training_data_sha256('registry.artifact_path', 'registry.training_config_sha256') }} as training_data_sha256,
        cast(registry.trained_at as timestamp) as trained_at,
        runs.feature_version, snapshots.definitions_sha256, runs.feature_snapshot_id, runs.output_schema_version,
        contracts.contract_json,
        (
            select {{ json_list_of({'name': 'name', 'data_type': 'data_type', 'wording': 'wording'}, 'position') }}
            from {{ ref('feature_catalogue') }}
        ) as wordings_json,
        {{ engine_version() }} as engine, {{ library_versions() }} as libraries,
        {{ lake_snapshot_id() }} as lake_snapshot_id, '{{ invocation_id }}' as invocation_id, {{ code_version() }} as code_version,
        {{ recorded_at() }} as recorded_at
    from {{ runs_without_outcome(product, status) }} as runs
    inner join {{ ref('prediction_contracts') }} as contracts on runs.product = contracts.product
    left join {{ ref('model_registry') }} as registry
        on runs.product = registry.product and runs.model_version = registry.model_version
    left join {{ source('operations', 'snapshot_manifest') }} as snapshots
        on
            runs.as_of = snapshots.as_of
            and runs.data_cutoff = snapshots.data_cutoff
            and runs.feature_version = snapshots.feature_version;
{%- endmacro %}


{#- What only the engine, or Python, knows. -#}

{#- A function of the plugin in python_scoring/dbt_plugin.py, as library_versions and model_card are. -#}
{% macro feature_definitions() -%}
    {{ return(fromjson(run_query('select feature_definitions()').columns[0].values()[0])) }}
{%- endmacro %}


{#- The digest of the definitions as SQL; null where features are computed in full (RECOMPUTE_FEATURES=all). -#}
{% macro feature_definitions_sha256() -%}
    {%- if execute and flags.WHICH in ['build', 'run'] and env_var('RECOMPUTE_FEATURES', '') != 'all' -%}
        {{ literal(feature_definitions().definitions_sha256) }}
    {%- else -%}
        {{ literal(none) }}
    {%- endif -%}
{%- endmacro %}


{% macro library_versions() -%}
    library_versions()
{%- endmacro %}


{% macro training_data_sha256(artifact_path, training_config_sha256) -%}
    json_extract_string(model_card({{ artifact_path }}, {{ training_config_sha256 }}), '$.training_data.digest')
{%- endmacro %}


{% macro engine_version() -%}
    'DuckDB ' || version() || ', DuckLake ' || (
        select extension_version from duckdb_extensions() where extension_name = 'ducklake'
    )
{%- endmacro %}


{% macro lake_snapshot_id() -%}
    (select max(snapshot_id) from ducklake_snapshots('{{ operations_table("run_manifest").database }}'))
{%- endmacro %}
