-- Purchases and revenue of the customers of each segment in the horizon of a measured run: mean and variance.
with amounts as (
    {% for measure, amount in [('purchases', 'case when outcome > 0 then 1 else 0 end'), ('revenue', 'outcome')] %}
    select
        run_id,
        as_of,
        label as segment,
        '{{ measure }}' as measure,
        cast({{ amount }} as decimal(18, 6)) as amount
    from {{ product_ref('ranked_outcomes') }}
    where compared_with = model_version
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    run_id,
    as_of,
    segment,
    measure,
    count(*) as customers,
    cast(sum(amount) as double) / count(*) as mean,
    cast(sum(cast(power(cast(amount as double), 2) as decimal(38, 12))) as double) / count(*)
    - power(cast(sum(amount) as double) / count(*), 2) as variance
from amounts
group by run_id, as_of, segment, measure
