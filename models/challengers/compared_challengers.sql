-- Shares of a challenger's and its champion's customers at every score that occurs, in tenths of the champion's.
with stacked as (
    select
        run_id,
        model_version,
        champion_score as score,
        1 as is_champion
    from {{ product_ref('champion_pairs') }}

    union all

    select
        run_id,
        model_version,
        challenger_score as score,
        0 as is_champion
    from {{ product_ref('champion_pairs') }}
),

counted as (
    select
        run_id,
        model_version,
        score,
        sum(is_champion) as champion_here,
        sum(1 - is_champion) as challenger_here
    from stacked
    group by run_id, model_version, score
),

cumulated as (
    select
        *,
        sum(champion_here) over (partition by run_id, model_version order by score) as champion_until,
        sum(champion_here) over (partition by run_id, model_version) as total
    from counted
)

select
    run_id,
    model_version as scope,
    score as bin,
    'score' as subject,
    cast(cast(challenger_here as double) / total as decimal(28, 15)) as share,
    cast(cast(champion_here as double) / total as decimal(28, 15)) as base_share,
    least(cast(floor(10 * (champion_until - champion_here) / total) as integer), 9) as tenth
from cumulated
