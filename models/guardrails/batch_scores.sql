-- Scores of each due run that has a former batch, and of that batch, in tenths of the model's training scores.
{%- set product = contract_of(product_at_hand()).product -%}
{%- set bins = reference_bins(product) -%}
{%- set published = product_source('predictions') -%}
{%- for run in runs_with_former(product, run_id | default(none)) %}
{%- set edges = tenth_edges(bins.get(run.model_version, {})) -%}
{%- set sides = [('now', run.run_id), ('before', run.former_run_id)] %}
{%- for side, batch_id in sides %}
select
    {{ literal(run.run_id) }} as run_id,
    '{{ side }}' as batch,
    customer_id,
    score,
    {% if edges is none -%}
    cast(null as integer)
    {%- else -%}
    case when score is not null then {{ bin_number('score', edges) }} end
    {%- endif %} as tenth,
    label
from (
    select
        customer_id,
        {{ usable_score('score') }} as score,
        label
    {%- if side == 'before' and not run.is_former_due and execute and is_built(published) %}
    from {{ published }}
    where
        prediction_date = cast({{ literal(run.former_as_of, 'timestamp') }} as date)
        and run_id = {{ literal(batch_id) }}
    {%- else %}
    from {{ product_source('candidates') }}
    where run_id = {{ literal(batch_id) }}
    {%- endif %}
) as usable
{{ 'union all' if not loop.last }}
{%- endfor %}
{{ 'union all' if not loop.last }}
{%- endfor %}
