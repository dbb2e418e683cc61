-- Both distributions behind each finding that sampling can explain, with the customers each was counted over: what
-- significant_findings draws from. Bins stand in their order; a share of customers has two bins, with it and without.
with distributions as (
    select * from {{ product_ref('compared_samples') }}
),

shares as (
    select * from {{ product_ref('share_samples') }}
)

{%- for kind, measure in [
    ('score', 'psi'), ('score', 'jensen_shannon'), ('score', 'kolmogorov_smirnov'), ('score', 'mean_shift'),
    ('score', 'quantile_shift'), ('feature', 'psi')
] %}

select
    '{{ kind }}_{{ measure }}' as check_name,
    '{{ measure }}' as measure,
    run_id,
    scope,
    cast(customers as bigint) as customers,
    cast(base_customers as bigint) as base_customers,
    bin_shares,
    base_bin_shares,
    tenths,
    upper_edges
from distributions
where kind = '{{ kind }}'

union all
{%- endfor %}

select
    check_name,
    case check_name
        when 'feed_activity' then 'drop'
        when 'feature_filled' then 'rise'
        when 'feature_nulls' then 'rise'
        when 'feature_zeros' then 'rise'
        when 'feature_extremes' then 'level'
        else 'share'
    end as measure,
    run_id,
    scope,
    cast(customers as bigint) as customers,
    cast(base_customers as bigint) as base_customers,
    [share, 1 - share] as bin_shares,
    [base_share, 1 - base_share] as base_bin_shares,
    [0, 1] as tenths,
    cast([null, null] as double[]) as upper_edges
from shares
