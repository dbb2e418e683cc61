{{ config(
    materialized='append_only',
    partitioned_by=['prediction_date', 'model_version'],
    post_hook="{{ record_outcome('churn', 'published') }}"
) }}

{{ prediction_records('churn', 'published') }}
