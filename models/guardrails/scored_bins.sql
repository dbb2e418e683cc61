-- Customers of each due run by label and thousandth of the score, with the means of their scores and bounds: what a
-- run's expected performance follows from. Only a probability has one, and only where the model states bounds.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set is_probability = contract.get('score_type') == 'probability' %}

with records as (
    {%- for run in due_runs_of(contract.product) or [{}] %}
    select
        run_id,
        {{ usable_score('score') }} as score,
        {{ usable_score('score_lower') }} as score_lower,
        {{ usable_score('score_upper') }} as score_upper,
        interval_level,
        coalesce(list_position([{{ label_names(contract) }}], label), 1) - 1 as band
    from {{ product_source('candidates') }}
    where run_id = {{ literal(run.run_id) }} and {{ 'true' if is_probability else 'false' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    run_id,
    cast(band as integer) as band,
    count(*) as customers,
    cast(sum(score) as double) / count(*) as score,
    cast(sum(score_lower) as double) / count(*) as score_lower,
    cast(sum(score_upper) as double) / count(*) as score_upper,
    max(interval_level) as interval_level
from records
where score is not null and score_lower is not null and score_upper is not null
group by run_id, band, floor(score * 1000)
