{#- What consumers read. What its age and the open incidents mean is judged as they read. -#}

{#- `changed` has, by column, the SQL in which this version differs from the records. -#}
{% macro current_predictions(product, version, changed={}) -%}
{%- set mart = served_output(product ~ '_predictions_v' ~ version) -%}
with served as (
    select * from {{ ref('prediction_freshness') }}
    where product = '{{ product }}'
),

predictions as (
    select * from {{ ref('predictions_' ~ product) }}
)

select
    {%- for column in [
        'customer_id', 'score', 'score_lower', 'score_upper', 'interval_level', 'label', 'reason_codes', 'as_of',
        'predicted_at', 'model_version', 'feature_version'
    ] %}
    {{ changed.get(column, 'predictions.' ~ column) }} as {{ column }},
    {%- endfor %}
    {{ string_literal(mart.output_schema_version) }} as output_schema_version,
    predictions.run_id,
    predictions.prediction_id,
    served.age_hours,
    served.fresh_until,
    served.freshness,
    served.served_as,
    served.action_allowed,
    served.action_blocked_reason,
    {{ literal(mart.deprecated_on, 'date') }} as deprecated_on
from predictions
inner join served
    on predictions.run_id = served.run_id and predictions.prediction_date = cast(served.as_of as date)
{%- endmacro %}


{% macro prediction_history(product, version) -%}
{%- set mart = served_output(product ~ '_prediction_history_v' ~ version) -%}
with runs as (
    select * from {{ ref('run_states') }}
    where product = '{{ product }}'
)

select
    {%- for column in [
        'prediction_id', 'run_id', 'product', 'customer_id', 'as_of', 'prediction_date', 'predicted_at', 'score',
        'score_lower', 'score_upper', 'interval_level', 'label', 'reason_codes', 'model_version', 'training_run_id',
        'feature_version', 'feature_snapshot_id'
    ] %}
    predictions.{{ column }},
    {%- endfor %}
    {{ string_literal(mart.output_schema_version) }} as output_schema_version,
    not runs.is_served as is_withdrawn,
    runs.is_superseded,
    {{ literal(mart.deprecated_on, 'date') }} as deprecated_on
from {{ ref('predictions_' ~ product) }} as predictions
inner join runs on predictions.run_id = runs.run_id
{%- endmacro %}
