-- Provenance of each due run: its snapshot, and whether its version was published before with another model.
{%- set product = contract_of(product_at_hand()).product %}

with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

manifest as (
    select * from {{ source('operations', 'snapshot_manifest') }}
),

-- The models that were published before, or that an earlier slot of this build is scored with.
seen as (
    select
        run_id,
        as_of,
        model_version,
        artifact_sha256,
        training_config_sha256,
        true as is_published
    from {{ source('operations', 'run_ledger') }}
    where product = '{{ product }}' and status in ('published', 'released') and artifact_sha256 is not null

    union all

    select
        run_id,
        as_of,
        model_version,
        artifact_sha256,
        training_config_sha256,
        false as is_published
    from runs
),

-- Other bytes under the same version are another model.
registered as (
    select
        runs.run_id,
        count(seen.run_id) as times_seen,
        count(*) filter (
            where seen.artifact_sha256 <> runs.artifact_sha256
            or seen.training_config_sha256 <> runs.training_config_sha256
        ) as different
    from runs
    left join seen
        on runs.model_version = seen.model_version and (seen.is_published or runs.as_of > seen.as_of)
    group by runs.run_id
)

select
    registered.run_id,
    registered.times_seen,
    registered.different,
    case
        when runs.training_run_id is null or runs.artifact_sha256 is null then 'the registered model'
        when manifest.feature_snapshot_id is null then 'the feature snapshot'
        when runs.output_schema_version is null then 'the output schema version'
    end as lacks
from registered
inner join runs on registered.run_id = runs.run_id
left join manifest
    on
        runs.as_of = manifest.as_of
        and runs.data_cutoff = manifest.data_cutoff
        and runs.feature_version = manifest.feature_version
