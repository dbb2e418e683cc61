{#- Customer by customer: what a run says against what its former batch said. -#}

{% macro batch_changes(run, product, bins) -%}
{%- set edges = tenth_edges(bins.get(run.model_version, {})) -%}
with before as (
    {{ scores_in_tenths(former_batch(run, product), edges) }}
),

after as (
    {{ scores_in_tenths(candidates_of(run.run_id, product), edges) }}
)

select
    coalesce(before.customer_id, after.customer_id) as customer_id,
    before.customer_id is not null as was_scored,
    after.customer_id is not null as is_scored,
    before.score as score_before,
    after.score as score_after,
    before.tenth as tenth_before,
    after.tenth as tenth_after,
    before.label as label_before,
    after.label as label_after,
    coalesce(before.score = after.score, false) as is_unchanged,
    {{ is_jump('before.score', 'after.score', contract_of(product)) }} as is_jump
from before
full outer join after on before.customer_id = after.customer_id
{%- endmacro %}


{% macro scores_in_tenths(records, edges) -%}
    select
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
        from ({{ records }}) as records
    ) as usable
{%- endmacro %}


{% macro candidates_of(run_id, product) -%}
    select customer_id, score, label from {{ ref('candidates_' ~ product) }}
    where run_id = {{ literal(run_id) }}
{%- endmacro %}


{#- Of this build, or published before it. -#}
{% macro former_batch(run, product) -%}
    {%- set published = source('published', 'predictions_' ~ product) -%}
    {%- if run.is_former_due or not (execute and is_built(published)) -%}
    {{ candidates_of(run.former_run_id, product) }}
    {%- else -%}
    select customer_id, score, label from {{ published }}
    where
        prediction_date = cast({{ literal(run.former_as_of, 'timestamp') }} as date)
        and run_id = {{ literal(run.former_run_id) }}
    {%- endif -%}
{%- endmacro %}


{% macro is_jump(score_before, score_after, contract) -%}
    coalesce(abs({{ score_after }} - {{ score_before }}) > {{ check_setting(contract, 'score_jump') }}, false)
{%- endmacro %}
