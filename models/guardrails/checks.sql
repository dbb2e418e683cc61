-- The findings of a product's due runs, judged by the limits in its contract.
with limited as (
    select * from {{ product_ref('significant_findings') }}
),

repeated as (
    select * from {{ product_ref('repeated_warnings') }}
),

judged as (
    select
        limited.*,
        repeated.batches,
        case
            when limited.blocks or (limited.warns and repeated.run_id is not null) then 'block'
            when limited.warn_limit is not null then 'warn'
            else 'block'
        end as severity
    from limited
    left join repeated
        on
            limited.run_id = repeated.run_id
            and limited.check_name = repeated.check_name
            and limited.scope = repeated.scope
)

select
    run_id,
    '{{ contract_of(product_at_hand()).product }}' as product,
    check_name,
    scope,
    case when not_evaluated is null then value end as value,
    coalesce(case when blocks then block_limit end, warn_limit, block_limit) as threshold,
    severity,
    case
        when not_evaluated is not null then 'not_evaluated'
        when blocks or warns then 'failed'
        else 'passed'
    end as outcome,
    case
        when not_evaluated is not null then 'Not evaluated: ' || not_evaluated || '.'
        when value is null then 'Nothing could be measured, which counts as failed.'
        when has_no_limit then message || ' There is no limit for this check, which counts as failed.'
        when severity = 'block' and warns and not blocks
            then message || ' A warning for ' || (batches + 1) || ' batches in a row, which blocks.'
        else message
    end as message
from judged
