{#- Contracts stand in the YAML beside each mart, under config.meta.prediction; nothing repeats them. What they may
    say is declared in python_scoring/contracts/contract.py. -#}

{#- All contracts, valid ones: stops with everything that is wrong in any of them. -#}
{% macro all_contracts() -%}
    {%- set contracts = declared_contracts() -%}
    {%- do check_contracts(contracts) -%}
    {%- do check_shared_lag(contracts | map(attribute='contract') | list) -%}
    {{ return(contracts | map(attribute='contract') | sort(attribute='product') | list) }}
{%- endmacro %}


{#- As the latest version of each mart has it, with its file. -#}
{% macro declared_contracts() -%}
    {%- set contracts = [] -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.resource_type == 'model' and node.config.meta.get('prediction') and node.version == node.latest_version -%}
        {%- set contract = dict(
            node.config.meta.prediction, output=node.alias, version=node.version, description=node.description,
            explanations=explanations_of(node.config.meta.prediction)
        ) -%}
        {%- do contracts.append({
            'file': (node.patch_path or node.original_file_path).split('://')[-1],
            'declared': node.config.meta.prediction,
            'contract': contract
        }) -%}
    {%- endfor -%}
    {{ return(contracts) }}
{%- endmacro %}


{% macro check_contracts(contracts) -%}
    {%- set declared = [] -%}
    {%- for each in contracts -%}
        {%- do declared.append({'file': each.file, 'contract': each.declared}) -%}
    {%- endfor -%}
    {%- set variables = {} -%}
    {%- for name in ['usage_contexts', 'action_policies', 'default_checks', 'default_check_settings'] -%}
        {%- do variables.update({name: var(name) | list}) -%}
    {%- endfor -%}
    {%- set findings = run_query(
        'select contract_findings(' ~ string_literal(tojson(declared)) ~ ', ' ~ string_literal(tojson(variables)) ~ ')'
    ).columns[0].values()[0] -%}
    {%- if findings -%}
        {%- do exceptions.raise_compiler_error(findings) -%}
    {%- endif -%}
{%- endmacro %}


{% macro check_shared_lag(contracts) -%}
    {%- set lags = {} -%}
    {%- for contract in contracts -%}
        {%- do lags.update({contract.schedule.availability_lag_hours: contract.product}) -%}
    {%- endfor -%}
    {%- if lags | length > 1 -%}
        {%- do exceptions.raise_compiler_error(
            'schedule.availability_lag_hours differs between products: ' ~ lags
            ~ '. Products share feature snapshots, so give all contracts the same lag.'
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro contract_of(product) -%}
    {#- While dbt parses, and for queries that stand for every product. -#}
    {%- if not execute or product is none -%}
        {{ return({
            'product': none, 'valid_range': {'minimum': 0, 'maximum': 1}, 'horizon_days': 0,
            'schedule': {'availability_lag_hours': 0}, 'freshness': {},
            'eligible_population': {'condition': 'true'}
        }) }}
    {%- endif -%}
    {%- for each in declared_contracts() if each.contract.product == product -%}
        {{ return(each.contract) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        'No contract for the product ' ~ product ~ ': give its mart a config.meta.prediction.'
    ) -%}
{%- endmacro %}
