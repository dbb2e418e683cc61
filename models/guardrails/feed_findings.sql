-- Feeds: did as many customers do something as on the same weekday before, and was every day landed? An hour, a shop or
-- a share of customers that a feed lost changes no distribution much.
{%- set contract = contract_of(product_at_hand()) %}

select
    run_id,
    'feed_activity' as check_name,
    activity as scope,
    cast(
        1 - (active / cast(customers as double)) / nullif(base_active / cast(base_customers as double), 0) as double
    ) as value,
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

union all

select
    run_id,
    'feed_gaps' as check_name,
    source as scope,
    cast(gaps as double) as value,
    case
        when known_days < 28 then 'only ' || known_days || ' days of loads are known, and four weeks say what is usual'
        when usual < 20 then 'fewer than 20 rows are loaded on a usual day, and a day without any may be chance'
    end as not_evaluated,
    case
        when gaps = 0
            then
                'On each of the last ' || looked_at_days || ' days a tenth of the usual rows of ' || source
                || ' were loaded, or more.'
        else
            'On ' || gaps || ' of the last ' || looked_at_days || ' days less than a tenth of the usual rows of '
            || source || ' were loaded, first on ' || {{ plain_date('first_gap') }} || ' and last on '
            || {{ plain_date('last_gap') }} || '.'
    end as message
from {{ product_ref('feed_gaps') }}
