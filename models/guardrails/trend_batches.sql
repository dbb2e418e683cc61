-- Batches of the same model up to each due run, itself included, within the contract's trend_within_days.
{%- set contract = contract_of(product_at_hand()) %}

with runs as (
    select * from {{ product_ref('statistics') }}
)

select
    runs.run_id,
    runs.model_version,
    batches.as_of,
    max_by(batches.run_id, batches.in_order) as batch_run_id
from runs
inner join {{ product_ref('batch_order') }} as batches
    on
        runs.model_version = batches.model_version
        and runs.as_of >= batches.as_of
        and runs.as_of <= {{ add_days('batches.as_of', check_setting(contract, 'trend_within_days')) }}
group by runs.run_id, runs.model_version, batches.as_of
