-- Changes counted: who stayed, came or left and why, and from where to where.
{%- set contract = contract_of(product_at_hand()) -%}
{%- for run in runs_with_former(contract.product) %}
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
from (
    with grouped as (
        select * from {{ product_ref('batch_changes', run_id=run.run_id) }}
        where run_id = {{ literal(run.run_id) }}
    ),

    moved as (
        select distinct
            customer_id,
            is_scored
        from grouped
        where was_scored <> is_scored
    ),

    {% for moment, as_of, feature_version in [
        ('now', run.as_of, run.feature_version), ('then', run.former_as_of, run.former_feature_version)
    ] %}
    known_{{ moment }} as (
        select
            moved.customer_id,
            snapshots.tenure_days,
            ({{ contract.eligible_population.condition }}) as is_eligible
        from moved
        inner join {{ ref('feature_snapshots') }} as snapshots on moved.customer_id = snapshots.customer_id
        where
            snapshots.as_of = {{ literal(as_of, 'timestamp') }}
            and snapshots.feature_version = {{ literal(feature_version) }}
            -- Of those who left, the former day says nothing.
            {{ 'and moved.is_scored' if moment == 'then' }}
    ){{ ',' if not loop.last }}

    {% endfor %}
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
) as explained
group by 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
{{ 'union all' if not loop.last }}
{%- endfor %}
