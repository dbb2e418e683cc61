-- Each challenger of the due runs against its champion, customer by customer and as distributions.
{%- set is_ranked = contract_of(product_at_hand()).get('score_type') != 'segment' %}

with runs as (
    select * from {{ ref('due_runs') }}
),

attempts as (
    select
        run_id,
        model_version,
        max(feature_version) as feature_version,
        max(artifact_sha256) as artifact_sha256,
        max(failure) as failure,
        count(customer_id) as customers_scored
    from {{ product_source('challengers') }}
    group by run_id, model_version
),

agreement as (
    select
        run_id,
        model_version,
        count(*) as customers,
        {{ quotient('count_if(is_same_label)', 'count(*)') }} as label_agreement,
        {{ rank_correlation(
            'champion_rank', 'challenger_rank', 'one'
        ) if is_ranked else 'cast(null as double)' }} as rank_agreement,
        {{ quotient(
            'count_if(is_champion_top and is_challenger_top)', 'count_if(is_champion_top)'
        ) if is_ranked else 'cast(null as double)' }} as top_decile_in_common,
        {{ quotient('sum(challenger_score - champion_score)', 'count(*)') }} as mean_difference
    from {{ product_ref('champion_pairs') }}
    group by run_id, model_version
),

shifts as (
    select
        run_id,
        scope as model_version,
        psi,
        kolmogorov_smirnov
    from {{ product_ref('distances', compared='compared_challengers') }}
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
    {%- for measure in ['customers', 'label_agreement', 'rank_agreement', 'top_decile_in_common', 'mean_difference'] %}
    case when attempts.failure is null then agreement.{{ measure }} end as {{ measure }},
    {%- endfor %}
    case when attempts.failure is null then shifts.psi end as psi,
    case when attempts.failure is null then shifts.kolmogorov_smirnov end as kolmogorov_smirnov
from attempts
inner join runs on attempts.run_id = runs.run_id
left join agreement
    on attempts.run_id = agreement.run_id and attempts.model_version = agreement.model_version
left join shifts
    on attempts.run_id = shifts.run_id and attempts.model_version = shifts.model_version
