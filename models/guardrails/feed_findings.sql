-- Feeds: did as many customers do something as on the same weekday before? An hour, a shop or a share of customers that
-- a feed lost changes no distribution much.
{%- set contract = contract_of(product_at_hand()) %}

select
    run_id,
    'feed_activity' as check_name,
    activity as scope,
    cast(1 - (active / cast(customers as double)) / (base_active / cast(base_customers as double)) as double) as value,
    case
        when base_as_of is null then 'there is no snapshot of the same weekday within four weeks before'
        when base_active = 0 then 'no customer was active in it on the same weekday before'
        when customers < {{ check_setting(contract, 'minimum_customers') }}
            then
                'the run has ' || customers || ' customers, and fewer than '
                || '{{ check_setting(contract, 'minimum_customers') }} differ by chance'
    end as not_evaluated,
    {{ percent('active / cast(customers as double)') }} || ' of the customers have ' || activity || '; on '
    || {{ plain_date('base_as_of') }} || ', the same weekday before, it was '
    || {{ percent('base_active / cast(base_customers as double)') }} || '.' as message
from {{ product_ref('feed_activity') }}
