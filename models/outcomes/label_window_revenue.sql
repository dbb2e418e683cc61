-- Revenue net of returns in the label window of each snapshot; no row for a customer without an order.
select
    as_of,
    customer_id,
    sum(amount) as revenue
from {{ product_ref('label_window_orders') }}
group by as_of, customer_id
