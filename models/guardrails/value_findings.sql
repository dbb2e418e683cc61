-- Values: is each record what the contract says a record is?
{%- set contract = contract_of(product_at_hand()) -%}
{%- set valid_range = contract.valid_range.minimum ~ ' to ' ~ contract.valid_range.maximum %}

with statistics as (
    select * from {{ product_ref('statistics') }}
),

found as (
    select
        run_id,
        unnest([
            {
                'check_name': 'score_not_null', 'scope': 'score', 'value': nulls, 'not_evaluated': null,
                'message': nulls || ' of ' || rows_scored || ' scores are missing.'
            },
            {
                'check_name': 'score_finite', 'scope': 'score', 'value': not_finite, 'not_evaluated': null,
                'message': not_finite || ' of ' || rows_scored || ' scores are not numbers or are infinite.'
            },
            {
                'check_name': 'score_in_range', 'scope': 'score', 'value': out_of_range, 'not_evaluated': null,
                'message': out_of_range || ' of ' || rows_scored
                || ' scores lie outside the valid range {{ valid_range }}.'
            },
            {
                'check_name': 'bounds_enclose_score', 'scope': 'score', 'value': bounds_wrong,
                'not_evaluated': case when rows_with_bounds = 0 then 'the model states no bounds' end,
                'message': bounds_wrong || ' of ' || rows_with_bounds
                || ' scores lie outside their own bounds, or lack one of them or the level.'
            },
            {
                'check_name': 'label_known', 'scope': 'label', 'value': unknown_labels, 'not_evaluated': null,
                'message': unknown_labels || ' of ' || rows_scored || ' labels are not in the contract.'
            },
            {
                'check_name': 'customer_unique', 'scope': 'customer_id', 'value': duplicates, 'not_evaluated': null,
                'message': duplicates || ' predictions are of customers who were scored already.'
            }
        ]) as finding
    from statistics

    union all

    select
        run_id,
        finding
    from {{ product_ref('provenance_findings') }}
)

select {{ finding_columns() }}
from found
