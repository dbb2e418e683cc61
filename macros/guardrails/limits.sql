{#- What findings are held against: the limit of their own scope, else that of the check. -#}

{#- It reads the CTEs `findings` and `limits`. Where a check only warns, a limit that would block is one that warns. -#}
{% macro limited_findings(only_warns=false) -%}
    select
        findings.run_id,
        findings.check_name,
        findings.scope,
        cast(cast(case when isfinite(findings.value) then findings.value end as decimal(28, 6)) as double) as value,
        coalesce(own.direction, general.direction) as direction,
        case when own.check_name is null
            then {{ warn_limit_of('general', only_warns) }} else {{ warn_limit_of('own', only_warns) }}
        end as warn_limit,
        {%- if not only_warns %}
        case when own.check_name is null then general.block_limit else own.block_limit end as block_limit,
        {%- endif %}
        case
            when coalesce(own.applies, general.applies, true) then findings.not_evaluated
            else 'the contract switches it off: ' || rtrim(coalesce(own.reason, general.reason), '.')
        end as not_evaluated,
        coalesce(own.check_name, general.check_name) is null as has_no_limit,
        findings.message
    from findings
    left join limits as general on findings.check_name = general.check_name and general.scope = '*'
    left join limits as own on findings.check_name = own.check_name and findings.scope = own.scope
{%- endmacro %}


{% macro warn_limit_of(limits, only_warns) -%}
    {{ 'coalesce(' ~ limits ~ '.warn_limit, ' ~ limits ~ '.block_limit)' if only_warns else limits ~ '.warn_limit' }}
{%- endmacro %}


{% macro is_beyond(limit) -%}
    (
        not_evaluated is null and (
            value is null
            or has_no_limit
            or coalesce(case when direction = 'at most' then value > {{ limit }} else value < {{ limit }} end, false)
        )
    )
{%- endmacro %}
