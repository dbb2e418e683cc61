-- Where each trend began, and what a batch may lie beyond it: half of the drift to be found, or what chance explains
-- between two batches, z standard errors. One row per run, subject and batch.
{%- set first_batches = 3 -%}
{%- set z = 2.5 %}

with numbered as (
    select
        * exclude (batch_level),
        cast(batch_level as decimal(18, 9)) as batch_level,
        row_number() over (
            partition by run_id, check_name, scope
            order by as_of
        ) as batch_number
    from {{ product_ref('trend_levels') }}
    where batch_level is not null and customers > 0
)

select
    run_id,
    check_name,
    scope,
    as_of,
    batch_level,
    batch_number > {{ first_batches }} as is_compared,
    cast(
        avg(batch_level) filter (where batch_number <= {{ first_batches }}) over subject as decimal(18, 9)
    ) as base_level,
    min(as_of) over subject as base_as_of,
    count(*) over subject as batches,
    as_of = max(as_of) over subject as is_last,
    cast(greatest(
        max(drift) over subject / 2, {{ z }} * max(spread) over subject * sqrt(2.0 / min(customers) over subject)
    ) as decimal(18, 9)) as allowance
from numbered
window subject as (partition by run_id, check_name, scope)
