-- Distances between two distributions that are given as shares per bin: `compared` is the relation.
with compared as (
    select * from {{ product_ref(compared | default('compared_scores')) }}
),

by_tenth as (
    select
        run_id,
        scope,
        subject,
        tenth,
        sum(share) as share,
        sum(base_share) as base_share
    from compared
    group by run_id, scope, subject, tenth
),

tenths_compared as (
    select
        run_id,
        scope,
        subject,
        cast(sum({{ psi_term('share', 'base_share') }}) as double) as psi,
        sqrt(cast(greatest(
            sum({{ jensen_shannon_term('cast(share as double)', 'cast(base_share as double)') }}), 0
        ) as double)) as jensen_shannon
    from by_tenth
    group by run_id, scope, subject
),

cumulated as (
    select
        run_id,
        scope,
        subject,
        abs(sum(share - base_share) over (
            partition by run_id, scope, subject
            order by bin
        )) as gap
    from compared
),

largest_gaps as (
    select
        run_id,
        scope,
        subject,
        cast(max(gap) as double) as kolmogorov_smirnov
    from cumulated
    group by run_id, scope, subject
)

select
    tenths_compared.run_id,
    tenths_compared.scope,
    tenths_compared.subject,
    tenths_compared.psi,
    tenths_compared.jensen_shannon,
    largest_gaps.kolmogorov_smirnov
from tenths_compared
inner join largest_gaps
    on
        tenths_compared.run_id = largest_gaps.run_id
        and tenths_compared.scope = largest_gaps.scope
        and tenths_compared.subject = largest_gaps.subject
