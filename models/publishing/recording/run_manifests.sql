-- All that is needed to compute a run again: model, features, contract, engine and libraries.
with wordings as (
    select
        {{ json_list_of({
            'name': 'name', 'data_type': 'data_type', 'wording': 'wording'
        }, 'position') }} as wordings_json
    from {{ ref('feature_catalogue') }}
)

select
    runs.run_id,
    runs.product,
    runs.as_of,
    runs.data_cutoff,
    runs.model_version,
    registry.artifact_path,
    runs.artifact_sha256,
    runs.training_run_id,
    registry.training_as_of,
    runs.training_config_sha256,
    {{ training_data_sha256('registry.artifact_path', 'registry.training_config_sha256') }} as training_data_sha256,
    cast(registry.trained_at as timestamp) as trained_at,
    runs.feature_version,
    snapshots.definitions_sha256,
    runs.feature_snapshot_id,
    runs.output_schema_version,
    contracts.contract_json,
    wordings.wordings_json,
    lake.engine,
    {{ library_versions() }} as libraries,
    lake.lake_snapshot_id,
    '{{ invocation_id }}' as invocation_id,
    {{ code_version() }} as code_version,
    {{ recorded_at() }} as recorded_at
from {{ product_ref('unrecorded_runs') }} as runs
cross join wordings
cross join {{ ref('lake_state') }} as lake
inner join {{ ref('prediction_contracts') }} as contracts on runs.product = contracts.product
left join {{ ref('model_registry') }} as registry
    on runs.product = registry.product and runs.model_version = registry.model_version
left join {{ source('operations', 'snapshot_manifest') }} as snapshots
    on
        runs.as_of = snapshots.as_of
        and runs.data_cutoff = snapshots.data_cutoff
        and runs.feature_version = snapshots.feature_version
