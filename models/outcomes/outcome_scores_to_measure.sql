-- Scores of the runs whose outcomes are complete: of the champion over all of its customers, and of it and a challenger
-- over the customers whom both scored, so that the comparison is fair.
{%- set runs = runs_to_measure(contract_of(product_at_hand()).product) %}

with predictions as (
    select * from {{ product_source('predictions') }}
    where {{ is_of_runs(runs) }}
),

challengers as (
    select * from {{ product_source('challenger_scores') }}
    where {{ is_of_runs(runs | selectattr('has_challengers') | list) }}
),

scored_by_both as (
    select
        champion.run_id,
        champion.as_of,
        champion.customer_id,
        champion.model_version as champion_version,
        challenger.model_version as challenger_version,
        {{ usable_score('champion.score') }} as champion_score,
        {{ usable_score('challenger.score') }} as challenger_score
    from challengers as challenger
    inner join predictions as champion
        on challenger.run_id = champion.run_id and challenger.customer_id = champion.customer_id
)

select
    run_id,
    model_version,
    model_version as compared_with,
    as_of,
    customer_id,
    label,
    cast(score as decimal(18, 6)) as score,
    cast(score_lower as decimal(18, 6)) as score_lower,
    cast(score_upper as decimal(18, 6)) as score_upper,
    interval_level
from predictions
{%- for scorer, other in [('champion', 'challenger'), ('challenger', 'champion')] %}

union all

select
    run_id,
    {{ scorer }}_version as model_version,
    {{ other }}_version as compared_with,
    as_of,
    customer_id,
    cast(null as text) as label,
    {{ scorer }}_score as score,
    cast(null as decimal(18, 6)) as score_lower,
    cast(null as decimal(18, 6)) as score_upper,
    cast(null as double) as interval_level
from scored_by_both
where champion_score is not null and challenger_score is not null
{%- endfor %}
