-- Point-in-time customers: one row per planned as-of and customer, in the version that counts there by
-- macros/features/as_of.sql.
with plan as (
    select * from {{ ref('snapshot_plan') }}
),

customers as (
    select * from {{ ref('stg_customers') }}
),

versions as (
    select
        plan.as_of,
        plan.data_cutoff,
        plan.feature_version,
        plan.base_as_of,
        customers.customer_id,
        {{ last_version(['signed_up_at', 'country'], 'customers') }} as version
    from customers
    inner join plan on {{ is_known('customers.loaded_at', 'plan.data_cutoff') }}
    group by plan.as_of, plan.data_cutoff, plan.feature_version, plan.base_as_of, customers.customer_id
)

select
    as_of,
    data_cutoff,
    feature_version,
    base_as_of,
    customer_id,
    version['signed_up_at'] as signed_up_at,
    version['country'] as country
from versions
where {{ has_happened("version['signed_up_at']", 'as_of') }}
