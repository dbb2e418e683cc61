{#- Values: is each record what the contract says a record is, and made by what is pinned? -#}

{% macro value_findings(product) -%}
{%- set contract = contract_of(product) -%}
with statistics as (
    select * from {{ ref('statistics_' ~ product) }}
),

runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}'
),

ledger as (
    select * from {{ source('operations', 'run_ledger') }}
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
    from ledger
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
),

recorded as (
    select
        statistics.*,
        registered.times_seen,
        registered.different,
        case
            when runs.training_run_id is null or runs.artifact_sha256 is null then 'the registered model'
            when manifest.feature_snapshot_id is null then 'the feature snapshot'
            when runs.output_schema_version is null then 'the output schema version'
        end as lacks
    from statistics
    inner join runs on statistics.run_id = runs.run_id
    inner join registered on statistics.run_id = registered.run_id
    left join manifest
        on
            runs.as_of = manifest.as_of
            and runs.data_cutoff = manifest.data_cutoff
            and runs.feature_version = manifest.feature_version
)

{{ finding('recorded', 'score_not_null', 'score', 'nulls', "nulls || ' of ' || rows_scored || ' scores are missing.'") }}
union all
{{ finding(
    'recorded', 'score_finite', 'score', 'not_finite',
    "not_finite || ' of ' || rows_scored || ' scores are not numbers or are infinite.'"
) }}
union all
{{ finding(
    'recorded', 'score_in_range', 'score', 'out_of_range',
    "out_of_range || ' of ' || rows_scored || ' scores lie outside the valid range "
    ~ contract.valid_range.minimum ~ " to " ~ contract.valid_range.maximum ~ ".'"
) }}
union all
{{ finding(
    'recorded', 'bounds_enclose_score', 'score', 'bounds_wrong',
    "bounds_wrong || ' of ' || rows_with_bounds || ' scores lie outside their own bounds, or lack one of them or the level.'",
    "case when rows_with_bounds = 0 then 'the model states no bounds' end"
) }}
union all
{{ finding(
    'recorded', 'label_known', 'label', 'unknown_labels',
    "unknown_labels || ' of ' || rows_scored || ' labels are not in the contract.'"
) }}
union all
{{ finding(
    'recorded', 'customer_unique', 'customer_id', 'duplicates',
    "duplicates || ' predictions are of customers who were scored already.'"
) }}
union all
{{ finding(
    'recorded', 'record_complete', 'record', 'case when lacks is null then incomplete else rows_scored end',
    "case when lacks is null then incomplete || ' of ' || rows_scored || ' records lack the customer or a version.'
    else 'The run lacks ' || lacks || ': its records could not be traced.' end"
) }}
union all
{{ finding(
    'recorded', 'model_as_pinned', 'model_version', 'not_as_pinned',
    "not_as_pinned || ' of ' || rows_scored || ' customers were scored by something other than the pinned model '
    || model_version || ' on feature version ' || feature_version || '.'"
) }}
union all
{{ finding(
    'recorded', 'model_unchanged', 'model_version', 'different',
    "case when different = 0 then 'Model ' || model_version || ' is the one that was published before under this version.'
    else 'Model ' || model_version || ' is not the one that was published before under this version: '
    || 'its artifact or its model.json has changed. Register it under a version of its own, and pin that.' end",
    "case when times_seen = 0 then 'no run of model ' || model_version || ' was published before' end"
) }}
union all
{{ finding(
    'recorded', 'model_change', 'model_version', 'case when former_model_version <> model_version then 1 else 0 end',
    "case when former_model_version <> model_version
    then 'The model changed from ' || former_model_version || ' to ' || model_version
    || ': scores are compared with its own training reference, not with the former batch.'
    else 'The model is the same as in the former batch, ' || model_version || '.' end",
    missing_baseline_reason(contract)
) }}
{%- endmacro %}
