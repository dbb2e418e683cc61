-- Features: are the customers like those that the model has learned from?
with states as (
    select
        *,
        coalesce(
            not_evaluated,
            case when coalesce(of_present, 0) = 0 then 'no customer has a value of ' || feature end
        ) as no_value
    from {{ product_ref('feature_states') }}
),

found as (
    select
        run_id,
        is_category,
        unnest([
            {
                'check_name': 'feature_psi', 'scope': feature, 'value': psi, 'not_evaluated': no_value,
                'message': 'The customers ' || case
                    when psi < 0.1 then 'are as in training'
                    when psi < 0.25 then 'differ a little from training'
                    else 'are not like those that the model was trained on'
                end || ' in ' || feature || ': ' || {{ percent('share') }} || ' have ' || case
                    when is_category then category
                    when lower_edge is null and upper_edge is null then 'its one value'
                    when lower_edge is null then 'up to ' || {{ plain_number('upper_edge') }}
                    when upper_edge is null then 'more than ' || {{ plain_number('lower_edge') }}
                    else
                        'more than ' || {{ plain_number('lower_edge') }} || ' and up to '
                        || {{ plain_number('upper_edge') }}
                end || ', and in training ' || {{ percent('base_share') }} || ' had (population stability index '
                || {{ plain_number('psi', 3) }} || ').'
            },
            {
                'check_name': 'feature_nulls', 'scope': feature,
                'value': greatest(missing_share - reference_missing, 0),
                'not_evaluated': not_evaluated,
                'message': {{ percent('missing_share') }} || ' of the customers have no ' || feature
                || '; in training it was ' || {{ percent('reference_missing') }} || '.'
            },
            {
                'check_name': 'feature_filled', 'scope': feature,
                'value': greatest(reference_missing - missing_share, 0),
                'not_evaluated': not_evaluated,
                'message': {{ percent('(1 - missing_share)') }} || ' of the customers have a value of ' || feature
                || '; in training ' || {{ percent('(1 - reference_missing)') }} || ' had.'
            },
            {
                'check_name': 'feature_categories', 'scope': feature, 'value': unseen / cast(of_present as double),
                'not_evaluated': no_value,
                'message': unseen || ' customers have a ' || feature || ' that no customer had in training.'
            }
        ]) as finding
    from states
),

without_category as (
    select
        run_id,
        any_value(model_version) as model_version
    from states
    group by run_id
    having coalesce(not bool_or(is_category), true)
)

select {{ finding_columns() }}
from found
where coalesce(is_category, false) or finding['check_name'] <> 'feature_categories'

union all

select
    run_id,
    'feature_categories' as check_name,
    'every feature' as scope,
    cast(null as double) as value,
    'the model ' || model_version || ' uses no category, or its card holds no reference distribution' as not_evaluated,
    'No feature is a category.' as message
from without_category
