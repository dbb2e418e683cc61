-- Predictions of a run that its release moves out of quarantine; none where they are stored already. Variables: `run`,
-- with run_id and as_of; and the relations of its product, `quarantine` and `predictions`.
{%- set quarantine = quarantine if quarantine is defined else product_source('quarantine') %}
{%- set predictions = predictions if predictions is defined else product_source('predictions') %}
{%- set run = run if run is defined else {'run_id': none, 'as_of': none} %}

with stored as (
    select run_id from {{ predictions }}
    where prediction_date = cast({{ literal(run.as_of, 'timestamp') }} as date)
)

select quarantine.* -- noqa: AM04
from {{ quarantine }} as quarantine
anti join stored on quarantine.run_id = stored.run_id
where
    quarantine.prediction_date = cast({{ literal(run.as_of, 'timestamp') }} as date)
    and quarantine.run_id = {{ literal(run.run_id) }}
