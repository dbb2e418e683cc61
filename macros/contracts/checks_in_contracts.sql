{#- What a product's output is held to: the defaults in dbt_project.yml, and over them the contract's
    `checks` and `check_settings`, each with its reason. A check is overridden whole. -#}

{% macro limits_of(contract) -%}
    {%- set limits = [] -%}
    {%- set checks = dict(var('default_checks'), **contract.get('checks', {})) -%}
    {%- for name in checks | sort -%}
        {%- set source = 'contract' if name in contract.get('checks', {}) else 'default' -%}
        {%- do limits.append(limit(name, '*', checks[name], source)) -%}
        {%- for scope, rule in checks[name].get('scopes', {}).items() -%}
            {%- do limits.append(limit(name, scope, rule, source)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(limits) }}
{%- endmacro %}


{% macro limit(check_name, scope, rule, source) -%}
    {%- set is_upper = 'warn_above' in rule or 'block_above' in rule -%}
    {{ return({
        'check_name': check_name,
        'scope': scope,
        'applies': rule.get('applies', true),
        'direction': 'at most' if is_upper else 'at least',
        'warn_limit': rule.get('warn_above') if is_upper else rule.get('warn_below'),
        'block_limit': rule.get('block_above') if is_upper else rule.get('block_below'),
        'reason': rule.reason | trim,
        'source': source
    }) }}
{%- endmacro %}


{% macro check_setting(contract, name) -%}
    {%- set settings = dict(var('default_check_settings'), **contract.get('check_settings', {})) -%}
    {{ return(settings[name].value) }}
{%- endmacro %}
