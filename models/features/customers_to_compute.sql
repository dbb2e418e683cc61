-- The customers of each planned as-of whose features are computed from their orders and events: all of them where the
-- plan has no base; else those about whom anything changed since the base, and a thousand by chance, whose features
-- must equal those that would have been carried forward.
{{ config(materialized='table') }}

with customers as (
    select * from {{ ref('customers_as_of') }}
),

former as (
    select
        as_of,
        customer_id
    from {{ ref('former_snapshots') }}
),

changed as (
    select distinct
        as_of,
        customer_id
    from {{ ref('changed_customers') }}
),

judged as (
    select
        customers.as_of,
        customers.customer_id,
        customers.base_as_of is null or former.customer_id is null or changed.customer_id is not null as is_changed
    from customers
    left join former on customers.base_as_of = former.as_of and customers.customer_id = former.customer_id
    left join changed on customers.as_of = changed.as_of and customers.customer_id = changed.customer_id
),

verified as (
    select
        as_of,
        customer_id
    from judged
    where not is_changed
    qualify row_number() over (
        partition by as_of
        order by md5(as_of || '|' || customer_id)
    ) <= {{ var('customers_verified') }}
)

select
    as_of,
    customer_id,
    false as is_verification
from judged
where is_changed

union all

select
    as_of,
    customer_id,
    true as is_verification
from verified
