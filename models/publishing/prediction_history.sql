-- Every prediction of a product that was ever published, and what became of its run.
{%- set product = contract_of(product_at_hand()).product -%}
{%- set mart = served_output(this.identifier) %}

with runs as (
    select * from {{ ref('run_states') }}
    where product = '{{ product }}'
),

predictions as (
    select * from {{ product_source('predictions') }}
)

select
    predictions.prediction_id,
    predictions.run_id,
    predictions.product,
    predictions.customer_id,
    predictions.as_of,
    predictions.prediction_date,
    predictions.predicted_at,
    predictions.score,
    predictions.score_lower,
    predictions.score_upper,
    predictions.interval_level,
    predictions.label,
    predictions.reason_codes,
    predictions.model_version,
    predictions.training_run_id,
    predictions.feature_version,
    predictions.feature_snapshot_id,
    {{ string_literal(mart.output_schema_version) }} as output_schema_version,
    not runs.is_served as is_withdrawn,
    runs.is_superseded,
    {{ literal(mart.deprecated_on, 'date') }} as deprecated_on
from predictions
inner join runs on predictions.run_id = runs.run_id
