-- What outcomes say of the names of segments, before any limit: by how many standard errors the order that a claim of
-- the contract states is turned. The same rule for a training stands in python_scoring/training/claims.py.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set fewest = check_setting(contract, 'minimum_customers') %}
{%- set claims = (contract.get('segments') or {}).get('claims', []) %}

with segments as (
    select * from {{ product_ref('segment_outcomes') }}
),

claims as (
    select
        claim ->> 'segment' as segment,
        claim ->> 'above' as above,
        claim ->> 'measure' as measure
    from (select unnest(cast({{ string_literal(tojson(claims)) }} as json[])) as claim) as listed
),

compared as (
    select
        claims.*,
        runs.run_id,
        runs.as_of,
        higher.mean as higher_mean,
        lower.mean as lower_mean,
        least(coalesce(higher.customers, 0), coalesce(lower.customers, 0)) as fewest_customers,
        sqrt(greatest(higher.variance / higher.customers + lower.variance / lower.customers, 0)) as standard_error
    from (
        select distinct
            run_id,
            as_of
        from segments
    ) as runs
    cross join claims
    left join segments as higher
        on runs.run_id = higher.run_id and claims.segment = higher.segment and claims.measure = higher.measure
    left join segments as lower
        on runs.run_id = lower.run_id and claims.above = lower.segment and claims.measure = lower.measure
),

found as (
    select
        run_id,
        {
            'check_name': 'outcome_claims', 'scope': segment || ' above ' || above,
            'value': round((lower_mean - higher_mean) / nullif(standard_error, 0), 6),
            'not_evaluated': case
                when fewest_customers < {{ fewest }}
                    then 'one of both segments has fewer than {{ fewest }} customers whose outcome is known'
                when standard_error = 0 then 'every customer of both segments had the same outcome'
            end,
            'message': 'Of the segments of ' || {{ plain_date('as_of') }} || ', ' || segment || ' had ' || measure
            || ' of ' || {{ plain_number('higher_mean') }} || ' on average, and ' || above || ' '
            || {{ plain_number('lower_mean') }} || '; the names claim that ' || segment || ' has more.'
        } as finding
    from compared
)

select {{ finding_columns() }}
from found
