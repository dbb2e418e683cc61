-- Findings with their limits, where a limit is reached only beyond what chance explains: a distance between samples is
-- never zero. A limit of zero or less tolerates no distance, whatever chance explains.
{%- set contract = contract_of(product_at_hand()) -%}
{%- set of_warning = check_setting(contract, 'chance_of_warning') -%}
{%- set of_block = check_setting(contract, 'chance_of_block') %}

with limited as (
    select * from {{ product_ref('limited_findings') }}
),

corrected as (
    select * from {{ product_ref('chances') }}
)

select
    limited.run_id,
    limited.check_name,
    limited.scope,
    limited.value,
    limited.not_evaluated,
    limited.warn_limit,
    limited.block_limit,
    limited.has_no_limit,
    limited.warns and (
        coalesce(corrected.corrected_chance, 0) <= {{ of_warning }} or coalesce(limited.warn_limit <= 0, false)
    ) as warns,
    limited.blocks and (
        coalesce(corrected.corrected_chance, 0) <= {{ of_block }} or coalesce(limited.block_limit <= 0, false)
    ) as blocks,
    case
        when
            corrected.corrected_chance > {{ of_warning }}
            and coalesce(least(limited.warn_limit, limited.block_limit) > 0, true)
            then
                limited.message || ' Beyond its limit, but no finding: among ' || corrected.customers
                || ' customers chance does as much in ' || {{ percent('corrected.corrected_chance') }} || ' of runs.'
        else limited.message
    end as message
from limited
left join corrected
    on
        limited.run_id = corrected.run_id
        and limited.check_name = corrected.check_name
        and limited.scope = corrected.scope
