{#- What each consumer may read, in which version and for what: config.meta.access of its exposure. -#}

{% macro entitlements_of_consumers() -%}
    {%- set rows = [] -%}
    {%- if execute -%}
        {#- Whether a use is intended is asked of valid contracts. -#}
        {%- do all_contracts() -%}
    {%- endif -%}
    {%- for exposure in graph.get('exposures', {}).values() | sort(attribute='name') if execute -%}
        {%- set maturity = exposure.maturity.value if exposure.maturity.value is defined else exposure.maturity -%}
        {%- for entitlement in entitlements_of(exposure) -%}
            {%- do rows.append(dict(
                entitlement, consumer=exposure.name, owner=owner_of(exposure), criticality=criticality_of(exposure),
                maturity=maturity
            )) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}


{#- One for each output, version and usage context; stops where the exposure asks for what nobody offers. -#}
{% macro entitlements_of(exposure) -%}
    {%- set place = exposure.original_file_path ~ ': the exposure ' ~ exposure.name -%}
    {%- set access = exposure.config.meta.get('access') or {} -%}
    {%- do validate_exposure(exposure, access, place) -%}
    {%- set outputs = served_outputs() -%}
    {%- set entitlements = [] -%}
    {%- for wanted in access.get('outputs', []) -%}
        {%- for version in wanted.versions -%}
            {%- set offered = outputs | selectattr('output', 'equalto', wanted.output) | selectattr('version', 'equalto', version) | first -%}
            {%- do validate_entitlement(wanted, version, offered, exposure, place) -%}
            {%- for context in wanted.usage_contexts -%}
                {%- do entitlements.append({
                    'role': access.get('role', exposure.name),
                    'output': wanted.output,
                    'version': version,
                    'product': offered.product,
                    'usage_context': context,
                    'columns_withheld': wanted.get('columns_withheld', []),
                    'valid_until': wanted.get('valid_until') or access.get('valid_until')
                }) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(entitlements) }}
{%- endmacro %}


{% macro owner_of(exposure) -%}
    {{ return(exposure.owner.get('name') or exposure.owner.get('email')) }}
{%- endmacro %}


{% macro validate_exposure(exposure, access, place) -%}
    {%- if not owner_of(exposure) -%}
        {%- do exceptions.raise_compiler_error(place ~ ' has no owner; give owner.name, the team that answers for it.') -%}
    {%- endif -%}
    {%- if not exposure.maturity -%}
        {%- do exceptions.raise_compiler_error(place ~ ' has no maturity; expected low, medium or high: how settled it is.') -%}
    {%- endif -%}
    {%- for unique_id in exposure.depends_on.nodes -%}
        {%- set node = graph.nodes.get(unique_id, {}) -%}
        {%- if node.get('version') is none or node.config.access != 'public' -%}
            {%- do exceptions.raise_compiler_error(
                place ~ ' depends on ' ~ unique_id.split('.')[2] ~ ', which is not a public, versioned output. '
                ~ "Consumers read the marts, with the version named: ref('churn_predictions', v=1)."
            ) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for key in access if key not in ['role', 'valid_until', 'outputs'] -%}
        {%- do exceptions.raise_compiler_error(place ~ ': access.' ~ key ~ ' is unknown; expected role, valid_until, outputs.') -%}
    {%- endfor -%}
    {%- do validate_day(access.get('valid_until'), place ~ ': access.valid_until') -%}
{%- endmacro %}


{% macro validate_entitlement(wanted, version, offered, exposure, place) -%}
    {%- set named = place ~ ': access to ' ~ wanted.output ~ ' version ' ~ version -%}
    {%- for key in wanted if key not in ['output', 'versions', 'usage_contexts', 'columns_withheld', 'valid_until'] -%}
        {%- do exceptions.raise_compiler_error(
            named ~ ': ' ~ key ~ ' is unknown; expected output, versions, usage_contexts, columns_withheld, valid_until.'
        ) -%}
    {%- endfor -%}
    {%- if not offered -%}
        {%- do exceptions.raise_compiler_error(
            named ~ ' is not served. Served are: ' ~ served_outputs() | map(attribute='relation') | join(', ') ~ '.'
        ) -%}
    {%- endif -%}
    {%- if offered.unique_id not in exposure.depends_on.nodes -%}
        {%- do exceptions.raise_compiler_error(
            named ~ " is not among what it depends on; add ref('" ~ wanted.output ~ "', v=" ~ version ~ ') to depends_on.'
        ) -%}
    {%- endif -%}
    {%- if not wanted.usage_contexts -%}
        {%- do exceptions.raise_compiler_error(named ~ ' names no usage_contexts: what for?') -%}
    {%- endif -%}
    {%- set intended = contract_of(offered.product).intended_use -%}
    {%- for context in wanted.usage_contexts if context not in intended -%}
        {%- do exceptions.raise_compiler_error(
            named ~ ' for ' ~ context ~ ' is not intended by the contract of ' ~ offered.product
            ~ '; intended_use is ' ~ intended | join(', ') ~ '.'
        ) -%}
    {%- endfor -%}
    {%- for column in wanted.get('columns_withheld', [])
        if column not in offered.columns | map(attribute='name') or column == 'customer_id' -%}
        {%- do exceptions.raise_compiler_error(
            named ~ ': columns_withheld names ' ~ column ~ ', which is the key or no column of it.'
        ) -%}
    {%- endfor -%}
    {%- do validate_day(wanted.get('valid_until'), named ~ ': valid_until') -%}
{%- endmacro %}


{% macro validate_day(day, place) -%}
    {%- if day and not modules.re.match('^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$', day | string) -%}
        {%- do exceptions.raise_compiler_error(place ~ " is '" ~ day ~ "'; expected a day such as 2027-12-31.") -%}
    {%- endif -%}
{%- endmacro %}
