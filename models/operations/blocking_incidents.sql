-- Open incidents of high severity, which keep consumers from acting on a product, in sentences.
select
    product,
    string_agg(
        'The incident ' || incident_id || ' of high severity is open: ' || message, ' ' order by incident_id
    ) as reason
from {{ ref('incidents') }}
where severity = 'high' and status in ('open', 'acknowledged')
group by product
