{#- Customer by customer: what a run says against what its former batch said. -#}

{% macro batch_changes(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}' and former_run_id is not null
),

candidates as (
    select * from {{ ref('candidates_' ~ product) }}
),

published as (
    {{ published_before(product) }}
),

before as (
    select
        runs.run_id,
        published.customer_id,
        published.score,
        published.label
    from published
    inner join runs
        on published.prediction_date = cast(runs.former_as_of as date) and published.run_id = runs.former_run_id

    union all

    select
        runs.run_id,
        candidates.customer_id,
        candidates.score,
        candidates.label
    from candidates
    inner join runs on candidates.run_id = runs.former_run_id
),

after as (
    select
        candidates.run_id,
        candidates.customer_id,
        candidates.score,
        candidates.label
    from candidates
    inner join runs on candidates.run_id = runs.run_id
)

select
    coalesce(before.run_id, after.run_id) as run_id,
    coalesce(before.customer_id, after.customer_id) as customer_id,
    before.customer_id is not null as was_scored,
    after.customer_id is not null as is_scored,
    before.score as score_before,
    after.score as score_after,
    before.label as label_before,
    after.label as label_after
from before
full outer join after
    on before.run_id = after.run_id and before.customer_id = after.customer_id
{%- endmacro %}


{% macro published_before(product) -%}
    {%- set published = source('published', 'predictions_' ~ product) -%}
    {%- if execute and is_built(published) -%}
    select run_id, prediction_date, customer_id, score, label
    from {{ published }}
    {%- else -%}
    select
        cast(null as text) as run_id, cast(null as date) as prediction_date,
        cast(null as text) as customer_id, cast(null as double) as score, cast(null as text) as label
    where false
    {%- endif -%}
{%- endmacro %}
