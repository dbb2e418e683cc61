-- Changes between each due run and its former batch, counted in one pass: most customers are counted, the few who
-- came, left or jumped are kept by name.
{%- set contract = contract_of(product_at_hand()) -%}
{%- for run in runs_with_former(contract.product, run_id | default(none)) %}
select
    {{ literal(run.run_id) }} as run_id,
    was_scored,
    is_scored,
    label_before,
    label_after,
    tenth_before,
    tenth_after,
    is_unchanged,
    is_jump,
    case when is_jump or was_scored <> is_scored then customer_id end as customer_id,
    case when is_jump then cast(score_before as double) end as score_before,
    case when is_jump then cast(score_after as double) end as score_after,
    count(*) as customers
from (
    with scores as not materialized (
        select * from {{ product_ref('batch_scores', run_id=run.run_id) }}
    )

    select
        coalesce(former.customer_id, present.customer_id) as customer_id,
        former.customer_id is not null as was_scored,
        present.customer_id is not null as is_scored,
        former.score as score_before,
        present.score as score_after,
        former.tenth as tenth_before,
        present.tenth as tenth_after,
        former.label as label_before,
        present.label as label_after,
        coalesce(former.score = present.score, false) as is_unchanged,
        {{ is_jump('former.score', 'present.score', contract) }} as is_jump
    from (
        select * from scores
        where batch = 'before'
    ) as former
    full outer join (
        select * from scores
        where batch = 'now'
    ) as present on former.customer_id = present.customer_id
) as changes
group by 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
{{ 'union all' if not loop.last }}
{%- endfor %}
