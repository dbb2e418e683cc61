{#- What consumers read. What its age and the open incidents mean is judged as they read. -#}

{% macro current_predictions(product) -%}
with served as (
    select * from {{ ref('prediction_freshness') }}
    where product = '{{ product }}'
),

predictions as (
    select * from {{ ref('predictions_' ~ product) }}
)

select
    predictions.customer_id,
    predictions.score,
    predictions.score_lower,
    predictions.score_upper,
    predictions.interval_level,
    predictions.label,
    predictions.reason_codes,
    predictions.as_of,
    predictions.predicted_at,
    predictions.model_version,
    predictions.feature_version,
    predictions.output_schema_version,
    predictions.run_id,
    predictions.prediction_id,
    served.age_hours,
    served.fresh_until,
    served.freshness,
    served.served_as,
    served.action_allowed,
    served.action_blocked_reason
from predictions
inner join served
    on predictions.run_id = served.run_id and predictions.prediction_date = cast(served.as_of as date)
{%- endmacro %}


{% macro prediction_history(product) -%}
with runs as (
    select
        run_id,
        is_served,
        row_number() over (partition by as_of order by is_served desc, serving_entry desc) as place
    from {{ ref('run_states') }}
    where product = '{{ product }}'
)

select
    predictions.*,
    not runs.is_served as is_withdrawn,
    runs.is_served and runs.place > 1 as is_superseded
from {{ ref('predictions_' ~ product) }} as predictions
inner join runs on predictions.run_id = runs.run_id
{%- endmacro %}
