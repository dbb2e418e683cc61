-- depends_on: {{ ref('due_runs') }} {{ ref('candidates_clv') }} {{ ref('challengers_clv') }}
{{ config(
    materialized='append_only',
    made_of='challenger_scores',
    partitioned_by=['prediction_date', 'model_version'],
    sorted_by=['customer_id'],
    post_hook="{{ record_challengers('clv') }}"
) }}

select {{ columns_of('challenger_scores') }}
from {{ product_ref('challenger_records') }}
