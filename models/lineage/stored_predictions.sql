-- Predictions of all products: published ones, and those in quarantine that were never released. Names no product, so
-- that a new one changes nothing here.
-- depends_on: {{ source('operations', 'run_ledger') }}
{{ config(materialized='ephemeral') }}
{% set columns = [
    'prediction_id', 'run_id', 'product', 'customer_id', 'as_of', 'prediction_date', 'predicted_at', 'score',
    'score_lower', 'score_upper', 'interval_level', 'label', 'reason_codes', 'output_schema_version'
] | join(', ') %}

{% for product in products_with_contract() %}
select {{ columns }}
from {{ relation_of_model('predictions_' ~ product) }}

union all

select {{ columns }}
from {{ relation_of_model('quarantine_' ~ product) }}
where
    run_id not in (
        select ledger.run_id from {{ source('operations', 'run_ledger') }} as ledger
        where ledger.status = 'released'
    )
{{ 'union all' if not loop.last }}
{% else %}
select {{ typed_nulls({'prediction_id': 'text', 'run_id': 'text'}) }}
where false
{% endfor %}
