{#- The changes counted: who stayed, came or left and why, and from where to where. -#}

{% macro batch_transitions(product) -%}
    {%- set runs = [] -%}
    {%- for run in due_runs_of(product) if run.former_run_id -%}
        {%- do runs.append(run) -%}
    {%- endfor -%}
    {{ for_each_run(runs, transitions_of, [product, reference_bins(product)]) }}
{%- endmacro %}


{% macro transitions_of(run, product, bins) -%}
with changes as (
    {{ batch_changes(run, product, bins) }}
),

-- One pass: most customers are counted, the few who came, left or jumped are kept by name.
grouped as (
    select
        was_scored,
        is_scored,
        label_before,
        label_after,
        tenth_before,
        tenth_after,
        is_unchanged,
        is_jump,
        case when is_jump or was_scored <> is_scored then customer_id end as customer_id,
        case when is_jump then cast(score_before as double) end as score_before,
        case when is_jump then cast(score_after as double) end as score_after,
        count(*) as customers
    from changes
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
),

moved as (
    select distinct
        customer_id,
        is_scored
    from grouped
    where was_scored <> is_scored
),

known_now as (
    {{ moved_in_snapshot(product, run.as_of, run.feature_version) }}
),

-- Of those who left, the former day says nothing.
known_then as (
    {{ moved_in_snapshot(product, run.former_as_of, run.former_feature_version) }} and moved.is_scored
),

explained as (
    select
        grouped.*,
        case
            when grouped.was_scored = grouped.is_scored then 'stayed'
            when
                grouped.is_scored
                and known_then.customer_id is null
                and known_now.tenure_days <= {{ elapsed_days(
                    literal(run.former_as_of, 'timestamp'), literal(run.as_of, 'timestamp')
                ) }}
                then 'new_sign_up'
            when grouped.is_scored and not known_then.is_eligible then 'became_eligible'
            when grouped.is_scored then 'entered_unexplained'
            when not known_now.is_eligible then 'no_longer_eligible'
            else 'left_unexplained'
        end as membership
    from grouped
    left join known_now on grouped.customer_id = known_now.customer_id
    left join known_then on grouped.customer_id = known_then.customer_id
)

select
    {{ literal(run.run_id) }} as run_id,
    membership,
    label_before,
    label_after,
    tenth_before,
    tenth_after,
    is_unchanged,
    is_jump,
    case when is_jump then customer_id end as customer_id,
    score_before,
    score_after,
    cast(sum(customers) as bigint) as customers
from explained
group by 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
{%- endmacro %}


{% macro moved_in_snapshot(product, as_of, feature_version) -%}
    select
        moved.customer_id,
        snapshots.tenure_days,
        {{ eligible_population(product) }} as is_eligible
    from moved
    inner join {{ ref('feature_snapshots') }} as snapshots on moved.customer_id = snapshots.customer_id
    where
        snapshots.as_of = {{ literal(as_of, 'timestamp') }}
        and snapshots.feature_version = {{ literal(feature_version) }}
{%- endmacro %}
