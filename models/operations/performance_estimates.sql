-- What each served run expected of itself, and what came, once its horizon has passed.
with expected as (
    select * from {{ source('operations', 'expected_performance') }}
),

realised as (
    select * from {{ source('operations', 'realised_performance') }}
),

published as (
    select
        run_id,
        any_value(as_of) as as_of,
        any_value(model_version) as model_version
    from {{ source('operations', 'run_ledger') }}
    where status = 'published'
    group by run_id
)

select
    expected.run_id,
    expected.product,
    published.as_of,
    published.model_version,
    expected.metric,
    expected.scope,
    expected.expected,
    expected.expected_lower,
    expected.expected_upper,
    expected.interval_level,
    realised.realised,
    realised.realised between expected.expected_lower and expected.expected_upper as is_within
from expected
inner join published on expected.run_id = published.run_id
left join realised
    on
        expected.run_id = realised.run_id
        and expected.metric = realised.metric
        and expected.scope = realised.scope
