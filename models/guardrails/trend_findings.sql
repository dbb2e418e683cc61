-- Trends: have scores, labels or features moved in one direction, batch after batch, though none by much?
{%- set contract = contract_of(product_at_hand()) %}

select
    run_id,
    check_name,
    scope,
    cast(allowances as double) as value,
    case
        when batches < {{ check_setting(contract, 'trend_batches') }}
            then
                'the model has scored ' || batches || ' batches within '
                || '{{ check_setting(contract, 'trend_within_days') }} days, and a trend needs '
                || '{{ check_setting(contract, 'trend_batches') }}'
    end as not_evaluated,
    case check_name
        when 'score_trend' then 'The mean score'
        when 'label_trend' then 'The share of customers who are ' || scope
        when 'feature_trend' then 'The mean place of ' || scope || ' among the customers of the training'
    end || ' was ' || {{ plain_number('base_level', 3) }} || ' around ' || {{ plain_date('base_as_of') }} || ' and is '
    || {{ plain_number('batch_level', 3) }} || '; over ' || batches || ' batches it has lain '
    || {{ plain_number('coalesce(allowances, 0)', 1) }} || ' times its allowance beyond it, summed up.' as message
from {{ product_ref('trends') }}
