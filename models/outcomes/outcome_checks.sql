-- What the outcomes say against the contract, where it is more than chance makes of so many customers. Always a
-- warning: the run was published long ago, and what is to be decided now is whether to go on with its model.
with limited as (
    select * from {{ product_ref('limited_findings', findings='outcome_findings', only_warns=true) }}
),

judged as (
    select
        limited.*,
        margins.margin,
        limited.warns and coalesce(
            case
                when limited.direction = 'at most' then limited.value > margins.margin
                else limited.value + margins.margin < limited.warn_limit
            end, true
        ) as is_finding
    from limited
    left join {{ product_ref('outcome_margins') }} as margins
        on limited.run_id = margins.run_id and limited.check_name = margins.check_name
)

select
    run_id,
    '{{ contract_of(product_at_hand()).product }}' as product,
    check_name,
    scope,
    case when not_evaluated is null then value end as value,
    warn_limit as threshold,
    'warn' as severity,
    case
        when not_evaluated is not null then 'not_evaluated'
        when is_finding then 'failed'
        else 'passed'
    end as outcome,
    case
        when not_evaluated is not null then 'Not evaluated: ' || not_evaluated || '.'
        when warns and not is_finding
            then
                message || ' Beyond its limit, but no finding: so few customers lie up to '
                || {{ plain_number('margin', 3) }} || ' off by chance.'
        else message
    end as message
from judged
