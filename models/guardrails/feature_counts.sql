-- Customers of each run by feature and its bin or category, next to all customers and to those who have a value.
select
    run_id,
    subject,
    bin,
    category,
    customers,
    bin is null and category is null as is_missing,
    sum(customers) over (partition by run_id, subject) as of_all,
    sum(case when bin is not null or category is not null then customers end)
        over (partition by run_id, subject) as of_present
from {{ product_ref('distributions') }}
where kind = 'feature'
