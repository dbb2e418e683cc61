-- depends_on: {{ ref('candidates_segmentation') }}
{{ config(
    materialized='append_only',
    partitioned_by=['prediction_date', 'model_version'],
    sorted_by=['customer_id'],
    post_hook="{{ record_outcome('segmentation', 'published') }}"
) }}

select {{ columns_of('predictions') }}
from {{ product_ref('prediction_records') }}
where outcome = 'published'
