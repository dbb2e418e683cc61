{#- A challenger's scores against the champion's, customer by customer and as distributions. -#}

{% macro challenger_measures(product) -%}
{%- set is_ranked = contract_of(product).get('score_type') != 'segment' -%}
with runs as (
    select * from {{ ref('due_runs') }}
),

challengers as (
    select * from {{ ref('challengers_' ~ product) }}
),

attempts as (
    select
        run_id,
        model_version,
        max(feature_version) as feature_version,
        max(artifact_sha256) as artifact_sha256,
        max(failure) as failure,
        count(customer_id) as customers_scored
    from challengers
    group by run_id, model_version
),

both_scored as (
    select
        challengers.run_id,
        challengers.model_version,
        challengers.customer_id,
        {{ usable_score('champion.score') }} as champion_score,
        {{ usable_score('challengers.score') }} as challenger_score,
        coalesce(champion.label, '') = coalesce(challengers.label, '') as is_same_label
    from challengers
    inner join {{ ref('candidates_' ~ product) }} as champion
        on challengers.run_id = champion.run_id and challengers.customer_id = champion.customer_id
),

ranked as (
    {{ ranked_scores('both_scored') }}
),

agreement as (
    select
        run_id,
        model_version,
        count(*) as customers,
        {{ exact_ratio('count_if(is_same_label)', 'count(*)', 'double') }} as label_agreement,
        {{ rank_correlation('champion_rank', 'challenger_rank', 'one') if is_ranked else 'cast(null as double)' }} as rank_agreement,
        {{ exact_ratio(
            'count_if(is_champion_top and is_challenger_top)', 'count_if(is_champion_top)', 'double'
        ) if is_ranked else 'cast(null as double)' }} as top_decile_in_common,
        {{ exact_ratio('sum(challenger_score - champion_score)', 'count(*)', 'double') }} as mean_difference
    from ranked
    group by run_id, model_version
),

compared as (
    {{ scores_side_by_side('ranked') }}
),

shifts as (
    select * from ({{ distances('compared') }}) as distances
)

select
    attempts.run_id,
    runs.product,
    runs.as_of,
    runs.model_version as champion_version,
    attempts.model_version,
    attempts.feature_version,
    attempts.artifact_sha256,
    case when attempts.failure is null then 'scored' else 'failed' end as status,
    attempts.failure as reason,
    attempts.customers_scored,
    case when attempts.failure is null then agreement.customers end as customers,
    case when attempts.failure is null then agreement.label_agreement end as label_agreement,
    case when attempts.failure is null then agreement.rank_agreement end as rank_agreement,
    case when attempts.failure is null then agreement.top_decile_in_common end as top_decile_in_common,
    case when attempts.failure is null then agreement.mean_difference end as mean_difference,
    case when attempts.failure is null then shifts.psi end as psi,
    case when attempts.failure is null then shifts.kolmogorov_smirnov end as kolmogorov_smirnov
from attempts
inner join runs on attempts.run_id = runs.run_id
left join agreement
    on attempts.run_id = agreement.run_id and attempts.model_version = agreement.model_version
left join shifts
    on attempts.run_id = shifts.run_id and attempts.model_version = shifts.scope
{%- endmacro %}


{#- Ranks are doubled, so that those of equal scores, which share their mean, stay whole numbers. -#}
{% macro ranked_scores(both_scored) -%}
    select
        *,
        1 as one,
        {%- for who in ['champion', 'challenger'] %}
        2 * rank() over (partition by run_id, model_version order by {{ who }}_score) + count(*) over (
            partition by run_id, model_version, {{ who }}_score
        ) as {{ who }}_rank,
        10 * row_number() over (
            partition by run_id, model_version
            order by {{ who }}_score desc, customer_id asc
        ) < count(*) over (partition by run_id, model_version) + 10 as is_{{ who }}_top
        {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from {{ both_scored }}
    where champion_score is not null and challenger_score is not null
{%- endmacro %}


{#- Both distributions over every score that occurs, in tenths of the champion's customers. -#}
{% macro scores_side_by_side(ranked) -%}
    select
        run_id,
        model_version as scope,
        'score' as subject,
        score as bin,
        least(cast(floor(10 * (champion_until - champion_here) / total) as integer), 9) as tenth,
        cast(cast(challenger_here as double) / total as decimal(28, 15)) as share,
        cast(cast(champion_here as double) / total as decimal(28, 15)) as base_share
    from (
        select
            *,
            sum(champion_here) over (partition by run_id, model_version order by score) as champion_until,
            sum(champion_here) over (partition by run_id, model_version) as total
        from (
            select
                run_id,
                model_version,
                score,
                sum(is_champion) as champion_here,
                sum(1 - is_champion) as challenger_here
            from (
                select run_id, model_version, champion_score as score, 1 as is_champion from {{ ranked }}
                union all
                select run_id, model_version, challenger_score as score, 0 as is_champion from {{ ranked }}
            ) as stacked
            group by run_id, model_version, score
        ) as counted
    ) as cumulated
{%- endmacro %}
