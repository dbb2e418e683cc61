-- How often and how far each feature is a reason, in each product's newest served batch.
{{ config(pre_hook="{{ make_prediction_tables() }}") }}

with customers as (
    select
        *,
        count(*) over (partition by run_id) as customers_read,
        from_json(reason_codes, '[{"feature": "VARCHAR", "contribution": "DOUBLE"}]') as listed
    from {{ ref('sampled_reasons') }}
),

reasons as (
    select
        run_id,
        product,
        as_of,
        newest,
        customers_read,
        -- Six decimals each: a sum does not depend on its order.
        cast(unnest(listed)['contribution'] as decimal(18, 6)) as contribution,
        generate_subscripts(listed, 1) as place,
        unnest(listed)['feature'] as feature
    from customers
)

select
    run_id,
    product,
    as_of,
    newest,
    feature,
    customers_read as customers,
    cast(sum(greatest(contribution, 0)) as double) as raised_by,
    cast(sum(least(contribution, 0)) as double) as lowered_by,
    count_if(place = 1) as first_reasons,
    count_if(contribution > 0) as raised,
    count_if(contribution < 0) as lowered
from reasons
group by run_id, product, as_of, newest, feature, customers_read
