-- Customers whom both a challenger and its champion scored. Ranks are doubled, so that those of equal scores, which
-- share their mean, stay whole numbers.
with both_scored as (
    select
        challengers.run_id,
        challengers.model_version,
        challengers.customer_id,
        {{ usable_score('champion.score') }} as champion_score,
        {{ usable_score('challengers.score') }} as challenger_score,
        coalesce(champion.label, '') = coalesce(challengers.label, '') as is_same_label
    from {{ product_source('challengers') }} as challengers
    inner join {{ product_source('candidates') }} as champion
        on challengers.run_id = champion.run_id and challengers.customer_id = champion.customer_id
)

select
    *,
    {%- for who in ['champion', 'challenger'] %}
    2 * rank() over (partition by run_id, model_version order by {{ who }}_score) + count(*) over (
        partition by run_id, model_version, {{ who }}_score
    ) as {{ who }}_rank,
    10 * row_number() over (
        partition by run_id, model_version
        order by {{ who }}_score desc, customer_id asc
    ) < count(*) over (partition by run_id, model_version) + 10 as is_{{ who }}_top,
    {%- endfor %}
    1 as one
from both_scored
where champion_score is not null and challenger_score is not null
