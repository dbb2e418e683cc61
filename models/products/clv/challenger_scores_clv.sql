{{ config(
    materialized='append_only',
    partitioned_by=['prediction_date', 'model_version'],
    post_hook="{{ record_challengers('clv') }}"
) }}

{{ challenger_scores('clv') }}
