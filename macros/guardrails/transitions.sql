{#- The changes counted: who stayed, came or left and why, and from where to where. -#}

{% macro batch_transitions(product) -%}
{%- set contract = contract_of(product) -%}
{%- set bins = reference_bins(product) -%}
with runs as (
    select * from {{ ref('due_runs') }}
    where product = '{{ product }}' and former_run_id is not null
),

-- One pass: customers who stayed are counted, the few who came or left are kept by name.
grouped as (
    select
        changes.run_id,
        changes.is_scored,
        changes.label_before,
        changes.label_after,
        {{ score_tenth(usable_score('changes.score_before'), bins, 'runs.model_version') }} as tenth_before,
        {{ score_tenth(usable_score('changes.score_after'), bins, 'runs.model_version') }} as tenth_after,
        coalesce({{ usable_score('changes.score_before') }} = {{ usable_score('changes.score_after') }}, false) as is_unchanged,
        {{ is_jump(contract) }} as is_jump,
        case when not (changes.was_scored and changes.is_scored) then changes.customer_id end as moved_customer,
        count(*) as customers
    from {{ ref('changes_' ~ product) }} as changes
    inner join runs on changes.run_id = runs.run_id
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

snapshots as (
    select
        as_of,
        feature_version,
        customer_id,
        tenure_days,
        {{ eligible_population(product) }} as is_eligible
    from {{ ref('feature_snapshots') }}
    where
        as_of in (select runs.as_of from runs union select runs.former_as_of from runs)
        and customer_id in (select grouped.moved_customer from grouped)
),

explained as (
    select
        grouped.*,
        case
            when grouped.moved_customer is null then 'stayed'
            when
                grouped.is_scored
                and snapshots_then.customer_id is null
                and snapshots_now.tenure_days <= {{ elapsed_days('runs.former_as_of', 'runs.as_of') }}
                then 'new_sign_up'
            when grouped.is_scored and not snapshots_then.is_eligible then 'became_eligible'
            when grouped.is_scored then 'entered_unexplained'
            when not snapshots_now.is_eligible then 'no_longer_eligible'
            else 'left_unexplained'
        end as membership
    from grouped
    inner join runs on grouped.run_id = runs.run_id
    left join snapshots as snapshots_now
        on
            runs.as_of = snapshots_now.as_of
            and runs.feature_version = snapshots_now.feature_version
            and grouped.moved_customer = snapshots_now.customer_id
    left join snapshots as snapshots_then
        on
            runs.former_as_of = snapshots_then.as_of
            and runs.former_feature_version = snapshots_then.feature_version
            and grouped.moved_customer = snapshots_then.customer_id
)

select
    run_id,
    membership,
    label_before,
    label_after,
    tenth_before,
    tenth_after,
    is_unchanged,
    is_jump,
    cast(sum(customers) as bigint) as customers
from explained
group by
    run_id, membership, label_before, label_after, tenth_before, tenth_after, is_unchanged, is_jump
{%- endmacro %}


{% macro is_jump(contract) -%}
    coalesce(
        round(abs({{ usable_score('changes.score_after') }} - {{ usable_score('changes.score_before') }}), 6)
        > {{ check_setting(contract, 'score_jump') }},
        false
    )
{%- endmacro %}
