-- What outcomes say of the names of segments, before any limit: by how many standard errors the order that a claim of
-- the contract states is turned. The same rule for a training stands in python_scoring/training/claims.py.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set fewest = check_setting(contract, 'minimum_customers') %}

with amounts as (
    select
        run_id,
        as_of,
        label as segment,
        outcome as revenue,
        cast(case when outcome > 0 then 1 else 0 end as decimal(18, 6)) as purchases
    from {{ product_ref('ranked_outcomes') }}
    where compared_with = model_version
),

segments as (
    select
        run_id,
        as_of,
        segment,
        count(*) as customers,
        cast(sum(purchases) as double) / count(*) as purchases_mean,
        cast(sum(revenue) as double) / count(*) as revenue_mean,
        cast(sum(cast(power(cast(purchases as double), 2) as decimal(38, 12))) as double) / count(*)
        - power(cast(sum(purchases) as double) / count(*), 2) as purchases_variance,
        cast(sum(cast(power(cast(revenue as double), 2) as decimal(38, 12))) as double) / count(*)
        - power(cast(sum(revenue) as double) / count(*), 2) as revenue_variance
    from amounts
    group by run_id, as_of, segment
),

runs as (
    select distinct
        run_id,
        as_of
    from segments
),

claims as (
    select
        claim ->> 'segment' as segment,
        claim ->> 'above' as above,
        claim ->> 'measure' as measure
    from (
        select unnest(cast({{ string_literal(tojson((contract.get('segments') or {}).get('claims', []))) }} as json[])) as claim
    ) as listed
),

compared as (
    select
        claims.*,
        runs.run_id,
        runs.as_of,
        least(coalesce(higher.customers, 0), coalesce(lower.customers, 0)) as fewest_customers,
        case claims.measure when 'purchases' then higher.purchases_mean else higher.revenue_mean end as higher_mean,
        case claims.measure when 'purchases' then lower.purchases_mean else lower.revenue_mean end as lower_mean,
        sqrt(greatest(case claims.measure
            when 'purchases'
                then higher.purchases_variance / higher.customers + lower.purchases_variance / lower.customers
            else higher.revenue_variance / higher.customers + lower.revenue_variance / lower.customers
        end, 0)) as standard_error
    from runs
    cross join claims
    left join segments as higher
        on runs.run_id = higher.run_id and claims.segment = higher.segment
    left join segments as lower
        on runs.run_id = lower.run_id and claims.above = lower.segment
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
