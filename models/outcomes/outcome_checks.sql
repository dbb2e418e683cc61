-- What the outcomes say against the contract. Always a warning: the run was published long ago, and what is to be
-- decided now is whether to go on with its model.
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
        when warns then 'failed'
        else 'passed'
    end as outcome,
    case when not_evaluated is not null then 'Not evaluated: ' || not_evaluated || '.' else message end as message
from {{ product_ref('limited_findings', findings='outcome_findings', only_warns=true) }}
