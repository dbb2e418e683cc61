-- Predictions that consumers read: those of the served run. Freshness and open incidents are judged at read time.
{%- set product = contract_of(product_at_hand()).product -%}
{%- set mart = served_output(this.identifier) %}

with served as (
    select * from {{ ref('prediction_freshness') }}
    where product = '{{ product }}'
),

predictions as (
    select * from {{ product_source('predictions') }}
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
