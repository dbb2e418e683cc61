-- Population against the former batch: who came and went, and is the snapshot a new one?
{%- set contract = contract_of(product_at_hand()) %}

with population as (
    select
        *,
        {{ missing_baseline_reason(contract) }} as no_former_batch
    from {{ product_ref('population_counts') }}
)

select
    run_id,
    unnest([
        {
            'check_name': 'population_change', 'scope': 'former batch', 'not_evaluated': no_former_batch,
            'value': abs(customers_scored / of_former - 1),
            'message': customers_scored || ' customers were scored, and ' || former_customers
            || ' in the former batch, of ' || {{ plain_date('former_as_of') }} || '.'
        },
        {
            'check_name': 'customers_entered', 'scope': 'former batch', 'not_evaluated': no_former_batch,
            'value': entered / of_former,
            'message': entered || ' customers are new since the former batch: ' || new_sign_ups || ' signed up, '
            || became_eligible || ' became eligible, ' || entered_unexplained || ' are unexplained.'
        },
        {
            'check_name': 'customers_left', 'scope': 'former batch', 'not_evaluated': no_former_batch,
            'value': gone / of_former,
            'message': gone || ' customers of the former batch are no longer scored: ' || no_longer_eligible
            || ' are no longer eligible, ' || left_unexplained || ' are unexplained.'
        },
        {
            'check_name': 'entered_unexplained', 'scope': 'former batch', 'not_evaluated': no_former_batch,
            'value': entered_unexplained / of_former,
            'message': entered_unexplained || ' customers appeared who neither signed up nor became eligible '
            || 'since the former batch; they may have been loaded late.'
        },
        {
            'check_name': 'left_unexplained', 'scope': 'former batch', 'not_evaluated': no_former_batch,
            'value': left_unexplained / of_former,
            'message': left_unexplained || ' customers of the former batch are no longer in the feature snapshot, '
            || 'or were not scored though they are eligible.'
        },
        {
            'check_name': 'snapshot_renewed', 'scope': 'former batch', 'not_evaluated': no_former_batch,
            'value': case when feature_snapshot_id = former_snapshot_id then 0 else 1 end,
            'message': case
                when feature_snapshot_id = former_snapshot_id
                    then
                        'The features are the very same as in the former batch, of '
                        || {{ plain_date('former_as_of') }} || ': stale features were fed again.'
                else 'The features are not those of the former batch.'
            end
        }
    ]) as finding
from population
