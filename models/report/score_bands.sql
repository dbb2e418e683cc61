-- Customers by decile of the training scores, of each product's two newest batches. An empty bin of a run has no row in
-- the distributions: the edge of a decile is the largest in any run of the model.
with scores as (
    select
        distributions.run_id,
        distributions.tenth,
        distributions.customers,
        batches.as_of,
        batches.newest,
        max(distributions.upper_edge) over (
            partition by batches.product, batches.model_version, distributions.tenth
        ) as upper_edge
    from {{ source('operations', 'output_distributions') }} as distributions
    inner join {{ ref('slot_batches') }} as batches on distributions.run_id = batches.run_id
    where distributions.kind = 'score' and distributions.tenth is not null
)

select
    run_id,
    as_of,
    newest,
    tenth,
    cast(sum(customers) as bigint) as customers,
    any_value(upper_edge) as upper_edge
from scores
where newest <= 2
group by run_id, as_of, newest, tenth
