-- Findings with the limit that each is held to: that of its own scope, else that of the check. With `only_warns` a
-- limit that would block warns.
{%- set product = contract_of(product_at_hand()).product %}

with findings as (
    select * from {{ product_ref(findings | default('findings')) }}
),

limits as (
    select * from {{ ref('check_limits') }}
    where product = '{{ product }}'
),

limited as (
    select
        findings.run_id,
        findings.check_name,
        findings.scope,
        findings.message,
        cast(cast(case when isfinite(findings.value) then findings.value end as decimal(28, 6)) as double) as value,
        coalesce(own.direction, general.direction) as direction,
        {%- if only_warns | default(false) %}
        case
            when own.check_name is null then coalesce(general.warn_limit, general.block_limit)
            else coalesce(own.warn_limit, own.block_limit)
        end as warn_limit,
        cast(null as double) as block_limit,
        {%- else %}
        case when own.check_name is null then general.warn_limit else own.warn_limit end as warn_limit,
        case when own.check_name is null then general.block_limit else own.block_limit end as block_limit,
        {%- endif %}
        case
            when coalesce(own.applies, general.applies, true) then findings.not_evaluated
            else 'the contract switches it off: ' || rtrim(coalesce(own.reason, general.reason), '.')
        end as not_evaluated,
        coalesce(own.check_name, general.check_name) is null as has_no_limit
    from findings
    left join limits as general on findings.check_name = general.check_name and general.scope = '*'
    left join limits as own on findings.check_name = own.check_name and findings.scope = own.scope
)

select
    *,
    {{ is_beyond('block_limit') }} as blocks,
    {{ is_beyond('warn_limit') }} as warns
from limited
