-- Changes: customer by customer, is this batch consistent with the former one?
{%- set contract = contract_of(product_at_hand()) %}

with counted as (
    select
        run_id,
        cast(sum(customers) as bigint) as stayed,
        cast(coalesce(sum(customers) filter (where is_jump), 0) as bigint) as jumps,
        cast(coalesce(sum(customers) filter (where is_unchanged), 0) as bigint) as unchanged,
        cast(coalesce(
            sum(customers) filter (where label_before is distinct from label_after), 0
        ) as bigint) as relabelled
    from {{ product_ref('transitions') }}
    where membership = 'stayed'
    group by run_id
),

changes as (
    select
        measured.*,
        {{ missing_baseline_reason(contract) }} as no_former_batch,
        {{ missing_baseline_reason(contract, same_model=true) }} as no_former_scores,
        {%- for column in ['stayed', 'jumps', 'unchanged', 'relabelled'] %}
        counted.{{ column }},
        {%- endfor %}
        agreements.rank_correlation,
        case when counted.stayed is null then 'no customer was in the former batch' end as nobody_stayed
    from {{ product_ref('statistics') }} as measured
    left join counted on measured.run_id = counted.run_id
    left join {{ product_ref('rank_agreements') }} as agreements on measured.run_id = agreements.run_id
),

found as (
    select
        run_id,
        unnest([
            {
                'check_name': 'rank_agreement', 'scope': 'former batch', 'value': rank_correlation,
                'not_evaluated': coalesce(no_former_batch, nobody_stayed, case
                    when rank_correlation is null
                        then
                            'the scores do not differ from each other, '
                            || 'or the model has no training reference to rank them by'
                end),
                'message': 'Customers who were in the former batch are ranked ' || case
                    when rank_correlation < 0 then 'the other way round'
                    when rank_correlation < 0.7 then 'differently'
                    else 'much as before'
                end || ' (rank correlation of the tenths ' || {{ plain_number('rank_correlation', 3) }} || ').'
            },
            {
                'check_name': 'scores_unchanged', 'scope': 'former batch', 'value': unchanged / cast(stayed as double),
                'not_evaluated': coalesce(no_former_scores, nobody_stayed),
                'message': unchanged || ' of ' || stayed
                || ' customers who were in the former batch have the very same score.'
            },
            {
                'check_name': 'score_jumps', 'scope': 'former batch', 'value': jumps / cast(stayed as double),
                'not_evaluated': coalesce(no_former_scores, nobody_stayed),
                'message': jumps || ' of ' || stayed || ' customers moved by more than '
                || '{{ check_setting(contract, 'score_jump') }} since the former batch; '
                || 'lake.operations.score_jumps lists them.'
            },
            {
                'check_name': 'labels_changed', 'scope': 'former batch', 'value': relabelled / cast(stayed as double),
                'not_evaluated': coalesce(no_former_scores, nobody_stayed),
                'message': relabelled || ' of ' || stayed || ' customers have another label than in the former batch.'
            }
        ]) as finding
    from changes
)

select {{ finding_columns() }}
from found
