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


{% macro validate_checks(contract, place) -%}
    {%- set defaults = var('default_checks') -%}
    {%- for name, rule in contract.checks.items() -%}
        {%- if name not in defaults -%}
            {%- do exceptions.raise_compiler_error(
                place ~ '.checks.' ~ name ~ ' is not a check; expected one of ' ~ (defaults | sort | join(', ')) ~ '.'
            ) -%}
        {%- endif -%}
        {%- do validate_rule(rule, place ~ '.checks.' ~ name) -%}
        {%- for scope, own_rule in rule.get('scopes', {}).items() -%}
            {%- do validate_rule(own_rule, place ~ '.checks.' ~ name ~ '.scopes.' ~ scope) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for name, setting in contract.get('check_settings', {}).items() -%}
        {%- if name not in var('default_check_settings') or 'value' not in setting or not setting.get('reason') -%}
            {%- do exceptions.raise_compiler_error(
                place ~ '.check_settings.' ~ name ~ ' needs a value and a reason, and must be one of '
                ~ (var('default_check_settings') | sort | join(', ')) ~ '.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro validate_rule(rule, place) -%}
    {%- set limits = ['warn_above', 'block_above', 'warn_below', 'block_below'] -%}
    {%- set given = [] -%}
    {%- for key, value in rule.items() -%}
        {%- if key in limits and value is number -%}
            {%- do given.append(key.split('_')[1]) -%}
        {%- elif key not in ['applies', 'reason', 'scopes'] -%}
            {%- do exceptions.raise_compiler_error(
                place ~ '.' ~ key ~ ': expected a number under ' ~ (limits | join(', ')) ~ ', or applies, reason, scopes.'
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if not rule.get('reason') or (rule.get('applies', true) and given | unique | list | length != 1) -%}
        {%- do exceptions.raise_compiler_error(
            place ~ ' needs a reason, and limits either above or below (or applies: false).'
        ) -%}
    {%- endif -%}
{%- endmacro %}
