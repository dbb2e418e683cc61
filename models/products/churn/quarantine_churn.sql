-- depends_on: {{ ref('candidates_churn') }}
{{ config(
    materialized='append_only',
    partitioned_by=['prediction_date', 'model_version'],
    sorted_by=['customer_id'],
    post_hook="{{ record_outcome('churn', 'quarantined') }}"
) }}

select {{ columns_of('quarantine') }}
from {{ product_ref('prediction_records') }}
where outcome = 'quarantined'
