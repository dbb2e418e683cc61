-- Labels: how many customers have each, against the former batch or, without one, the training.
with compared as (
    select * from {{ product_ref('compared_labels') }}
),

found as (
    select
        run_id,
        unnest([
            {
                'check_name': 'label_share', 'scope': label, 'value': abs(share - base_share),
                'not_evaluated': case when no_former_batch is not null then no_reference end,
                'message': {{ percent('share') }} || ' of the customers are ' || label || ', and ' || in_base || ' '
                || {{ percent('base_share') }} || ' were.'
            },
            {
                'check_name': 'label_present', 'scope': label, 'value': share * customers_scored,
                'not_evaluated': case
                    when base_share * customers_scored < 5
                        then 'so few customers were ' || label || ' ' || in_base || ' that none may be by chance'
                end,
                'message': case
                    when share = 0
                        then
                            'No customer is ' || label || ', and ' || in_base || ' '
                            || {{ percent('base_share') }} || ' were.'
                    else {{ percent('share') }} || ' of the customers are ' || label || '.'
                end
            }
        ]) as finding
    from compared
)

select {{ finding_columns() }}
from found
