-- What became of each figure that a run expected of itself: AUC and Brier score of all customers, precision and recall
-- of those from a label on. One row per run, metric and scope; see python_scoring/uncertainty/expectation.py.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set labels = contract.get('labels', []) | map(attribute='name') | list -%}
{%- set is_probability = contract.get('score_type') == 'probability' %}

with measured as (
    select * from {{ product_ref('outcomes') }}
    where compared_with = model_version and {{ 'true' if is_probability else 'false' }}
),

figures as (
    {%- for metric in ['auc', 'brier'] %}
    select
        run_id,
        '{{ metric }}' as metric,
        'all customers' as scope,
        {{ metric }} as realised
    from measured

    union all
    {% endfor %}
    {%- for label in labels[1:] %}
    {%- set scope = label if loop.last else label ~ ' or higher' %}
    {%- set is_chosen = 'list_position([' ~ label_names(contract) | trim ~ '], label) > ' ~ loop.index %}
    select
        run_id,
        unnest(['precision', 'recall']) as metric,
        {{ string_literal(scope) }} as scope,
        unnest([
            count_if(outcome > 0 and {{ is_chosen }}) / nullif(count_if({{ is_chosen }}), 0),
            count_if(outcome > 0 and {{ is_chosen }}) / nullif(count_if(outcome > 0), 0)
        ]) as realised
    from {{ product_ref('ranked_outcomes') }}
    where compared_with = model_version and {{ 'true' if is_probability else 'false' }}
    group by run_id

    union all
    {% endfor %}
    select
        null as run_id,
        null as metric,
        null as scope,
        null as realised
    where false
)

select
    run_id,
    '{{ contract.product }}' as product,
    metric,
    scope,
    round(realised, 6) as realised
from figures
where realised is not null
