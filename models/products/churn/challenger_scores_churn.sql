-- depends_on: {{ ref('due_runs') }} {{ ref('candidates_churn') }} {{ ref('challengers_churn') }}
{{ config(
    materialized='append_only',
    made_of='challenger_scores',
    partitioned_by=['prediction_date', 'model_version'],
    sorted_by=['customer_id'],
    post_hook="{{ record_challengers('churn') }}"
) }}

select {{ columns_of('challenger_scores') }}
from {{ product_ref('challenger_records') }}
