-- Series of denied reads by one role: an attempt, or an entitlement that is wrong. Over once the series is.
{%- set limit = var('denied_access') %}

with denied as (
    select * from {{ source('operations', 'access_log') }}
    where
        not allowed
        and logged_at > {{ current_utc_timestamp() }} + to_hours(-{{ limit.within_hours }})
),

contracts as (
    select * from {{ ref('prediction_contracts') }}
),

series as (
    select
        denied.role,
        coalesce(contracts.product, 'all') as product,
        count(*) as denials,
        epoch_us(max(denied.logged_at)) as watermark,
        max(denied.logged_at) as happened_at
    from denied
    left join contracts on left(denied.output, length(contracts.product) + 1) = contracts.product || '_'
    group by coalesce(contracts.product, 'all'), denied.role
    having count(*) >= {{ limit.denials }}
)

select
    product,
    'access_denied' as cause,
    cast(null as timestamp) as as_of,
    max(watermark) as watermark,
    max(happened_at) as happened_at,
    string_agg(
        'The role ' || role || ' was denied ' || denials || ' times within {{ limit.within_hours }} hours.',
        ' ' order by role
    ) as message,
    false as is_mitigated,
    false as is_resolved
from series
group by product
