-- Checks that have warned for as many batches in a row as the contract lets pass, with this one.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set batches_before = check_setting(contract, 'warnings_block_after') - 1 %}

with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ contract.product }}'
),

batches as (
    select
        run_id,
        dense_rank() over (order by as_of) as number,
        row_number() over (partition by as_of order by in_order desc) as place
    from {{ product_ref('batch_order') }}
),

warned as (
    select
        run_id,
        check_name,
        scope
    from {{ source('operations', 'output_checks') }}
    where product = '{{ contract.product }}' and severity = 'warn' and outcome = 'failed'

    union

    select
        run_id,
        check_name,
        scope
    from {{ product_ref('significant_findings') }}
    where warns and not blocks
),

-- Of what builds up over weeks a warning is news every day.
lasting as (
    select * from warned
    where not list_contains({{ var('early_signs') }}, check_name)
)

select
    this_batch.run_id,
    lasting.check_name,
    lasting.scope,
    count(*) as batches
from runs
inner join batches as this_batch on runs.run_id = this_batch.run_id
inner join batches as earlier
    on
        earlier.number between this_batch.number - {{ batches_before }} and this_batch.number - 1
        and earlier.place = 1
inner join lasting on earlier.run_id = lasting.run_id
group by this_batch.run_id, lasting.check_name, lasting.scope
having count(*) = {{ batches_before }}
