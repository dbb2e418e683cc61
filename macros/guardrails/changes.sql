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


{% macro is_built(relation) -%}
    {{ return(adapter.get_relation(relation.database, relation.schema, relation.identifier) is not none) }}
{%- endmacro %}


{% macro batch_transitions(product) -%}
{%- set contract = contract_of(product) -%}
{%- set bins = reference_bins(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}' and former_run_id is not null
),

changes as (
    select
        changes.*,
        runs.model_version
    from {{ ref('changes_' ~ product) }} as changes
    inner join runs on changes.run_id = runs.run_id
),

snapshots as (
    select
        as_of,
        feature_version,
        customer_id,
        tenure_days,
        {{ eligible_population(product) }} as is_eligible
    from {{ ref('feature_snapshots') }}
),

moved as (
    select
        changes.run_id,
        changes.customer_id,
        case
            when
                changes.is_scored
                and snapshots_then.customer_id is null
                and snapshots_now.tenure_days <= {{ elapsed_days('runs.former_as_of', 'runs.as_of') }}
                then 'new_sign_up'
            when changes.is_scored and not snapshots_then.is_eligible then 'became_eligible'
            when changes.is_scored then 'entered_unexplained'
            when not snapshots_now.is_eligible then 'no_longer_eligible'
            else 'left_unexplained'
        end as membership
    from changes
    inner join runs on changes.run_id = runs.run_id
    left join snapshots as snapshots_now
        on
            runs.as_of = snapshots_now.as_of
            and runs.feature_version = snapshots_now.feature_version
            and changes.customer_id = snapshots_now.customer_id
    left join snapshots as snapshots_then
        on
            runs.former_as_of = snapshots_then.as_of
            and runs.former_feature_version = snapshots_then.feature_version
            and changes.customer_id = snapshots_then.customer_id
    where not (changes.was_scored and changes.is_scored)
),

described as (
    select
        changes.run_id,
        coalesce(moved.membership, 'stayed') as membership,
        changes.label_before,
        changes.label_after,
        {{ score_tenth(usable_score('changes.score_before'), bins, 'changes.model_version') }} as tenth_before,
        {{ score_tenth(usable_score('changes.score_after'), bins, 'changes.model_version') }} as tenth_after,
        coalesce({{ usable_score('changes.score_before') }} = {{ usable_score('changes.score_after') }}, false) as is_unchanged,
        {{ is_jump(contract) }} as is_jump
    from changes
    left join moved on changes.run_id = moved.run_id and changes.customer_id = moved.customer_id
)

select
    *,
    count(*) as customers
from described
group by
    run_id, membership, label_before, label_after, tenth_before, tenth_after, is_unchanged, is_jump
{%- endmacro %}


{% macro is_jump(contract) -%}
    coalesce(abs(
        cast({{ usable_score('changes.score_after') }} as decimal(28, 6))
        - cast({{ usable_score('changes.score_before') }} as decimal(28, 6))
    ) > cast({{ check_setting(contract, 'score_jump') }} as decimal(28, 6)), false)
{%- endmacro %}
