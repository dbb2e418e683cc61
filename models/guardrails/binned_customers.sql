-- Customers of each due run in the bins that statistics counted, as rows. Those without a value have no bin.
with binned as (
    select
        run_id,
        unnest(score_bins || feature_bins) as counts
    from {{ product_ref('statistics') }}
),

-- The list begins with those who have no value.
places as (
    select
        run_id,
        counts['kind'] as kind,
        counts['subject'] as subject,
        unnest(counts['customers']) as customers,
        generate_subscripts(counts['customers'], 1) - 1 as place
    from binned
)

select
    run_id,
    kind,
    subject,
    customers,
    nullif(place, 0) - 1 as bin
from places
