-- Reason of a failed attempt: the first error in the product's own folder, or else in the shared models.
with errors as (
    select
        *,
        -- A test says in its description what its failure means.
        name || ': ' || case when status = 'fail' and description <> '' then description else message end as reason
    from {{ source('invocation', 'run_results') }}
    where status in ('error', 'fail', 'runtime error')
),

products as (
    select distinct product from {{ ref('run_attempts') }}
)

select
    products.product,
    coalesce(
        min_by(errors.reason, errors.result_number) filter (where errors.product = products.product),
        min_by(errors.reason, errors.result_number) filter (where errors.product is null),
        'the build ended before the run had an outcome'
    ) as reason
from products
left join errors on products.product = errors.product or errors.product is null
group by products.product
