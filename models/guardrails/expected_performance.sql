-- AUC, Brier score, precision and recall that the probabilities of each due run expect of themselves, with their
-- intervals: python_scoring/uncertainty/expectation.py. One row per run, metric and scope.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set group_size = contract.get('uncertainty', {}).get('group_size', 1) -%}
{%- set in_order = 'order by score, band, score_lower, score_upper' %}

with runs as (
    select
        run_id,
        max(interval_level) as interval_level,
        struct_pack(
            customers := list(cast(customers as double) {{ in_order }}),
            scores := list(score {{ in_order }}),
            lower := list(score_lower {{ in_order }}),
            upper := list(score_upper {{ in_order }}),
            bands := list(band {{ in_order }}),
            level := max(interval_level),
            group_size := {{ group_size }}
        ) as bins
    from {{ product_ref('scored_bins') }}
    group by run_id
),

expected as (
    select
        run_id,
        interval_level,
        unnest(expected_performance(bins, [{{ label_names(contract) }}])) as figure
    from runs
)

select
    run_id,
    '{{ contract.product }}' as product,
    figure['metric'] as metric,
    figure['scope'] as scope,
    figure['expected'] as expected,
    figure['lower'] as expected_lower,
    figure['upper'] as expected_upper,
    interval_level
from expected
