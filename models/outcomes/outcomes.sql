-- Outcomes of the runs whose horizon has passed and that were not measured before, against their scores.
{%- set contract = contract_of(product_at_hand()) %}

with scored as (
    select
        run_id,
        model_version,
        compared_with,
        any_value(as_of) as as_of,
        count(*) as customers_scored
    from {{ product_ref('outcome_scores_to_measure') }}
    group by run_id, model_version, compared_with
),

figures as (
    select * from {{ product_ref('outcome_figures') }}
),

tenths as (
    select * from {{ product_ref('outcome_tenths') }}
),

coverages as (
    select * from {{ product_ref('outcome_coverages') }}
)

select
    scored.run_id,
    '{{ contract.product }}' as product,
    scored.as_of,
    scored.model_version,
    scored.compared_with,
    scored.customers_scored,
    coalesce(figures.labels_known, 0) as labels_known,
    figures.mean_outcome,
    figures.mean_score,
    {%- for figure in ['auc', 'brier'] %}
    {{ 'figures.' ~ figure if contract.score_type == 'probability' else 'cast(null as double)' }} as {{ figure }},
    {%- endfor %}
    {%- for figure in ['mae', 'bias', 'spearman'] %}
    {{ 'figures.' ~ figure if contract.score_type == 'estimate' else 'cast(null as double)' }} as {{ figure }},
    {%- endfor %}
    {%- if contract.score_type == 'segment' %}
    cast(null as text) as calibration,
    cast(null as double) as calibration_gap,
    cast(null as double) as calibration_margin,
    {%- else %}
    tenths.calibration,
    round(cast(tenths.gap as double) / nullif(cast(figures.total_outcome as double), 0), 6) as calibration_gap,
    round(tenths.chance_gap / nullif(cast(figures.total_outcome as double), 0), 6) as calibration_margin,
    {%- endif %}
    coverages.coverage,
    figures.interval_level
from scored
left join figures
    on
        scored.run_id = figures.run_id
        and scored.model_version = figures.model_version
        and scored.compared_with = figures.compared_with
left join tenths
    on
        scored.run_id = tenths.run_id
        and scored.model_version = tenths.model_version
        and scored.compared_with = tenths.compared_with
left join coverages
    on
        scored.run_id = coverages.run_id
        and scored.model_version = coverages.model_version
        and scored.compared_with = coverages.compared_with
