{#- Contracts stand in the YAML beside each mart, under config.meta.prediction; nothing repeats them. -#}

{% macro all_contracts() -%}
    {%- set contracts = {} -%}
    {%- for node in graph.get('nodes', {}).values()
        if node.resource_type == 'model' and node.config.meta.get('prediction') -%}
        {%- set contract = dict(node.config.meta.prediction) -%}
        {%- if node.version == node.latest_version -%}
            {%- do contract.update({
                'output': node.alias, 'version': node.version, 'description': node.description
            }) -%}
            {%- do check_contract(contract, node) -%}
            {%- do contract.update({'explanations': explanations_of(contract)}) -%}
            {%- do contracts.update({contract.product: contract}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do check_shared_lag(contracts.values() | list) -%}
    {%- set ordered = [] -%}
    {%- for product in contracts.keys() | sort -%}
        {%- do ordered.append(contracts[product]) -%}
    {%- endfor -%}
    {{ return(ordered) }}
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
            'product': none, 'valid_range': {'minimum': 0, 'maximum': 1}, 'schedule': {}, 'freshness': {},
            'eligible_population': {'condition': 'true'}
        }) }}
    {%- endif -%}
    {%- for contract in all_contracts() if contract.product == product -%}
        {{ return(contract) }}
    {%- endfor -%}
    {%- do exceptions.raise_compiler_error(
        'No contract for the product ' ~ product ~ ': give its mart a config.meta.prediction.'
    ) -%}
{%- endmacro %}


{% macro check_contract(contract, node) -%}
    {%- set file = (node.patch_path or node.original_file_path).split('://')[-1] -%}
    {%- for key in var('contract_keys') if key not in contract or (key != 'checks' and contract[key] in [none, '', [], {}]) -%}
        {%- do exceptions.raise_compiler_error(
            file ~ ': the contract of ' ~ node.name ~ ' lacks config.meta.prediction.' ~ key ~ '.'
        ) -%}
    {%- endfor -%}
    {%- for context in contract.intended_use if context not in var('usage_contexts') -%}
        {%- do exceptions.raise_compiler_error(
            file ~ ': intended_use names ' ~ context ~ '; expected ' ~ var('usage_contexts') | join(', ')
            ~ ', or a new one under usage_contexts in dbt_project.yml.'
        ) -%}
    {%- endfor -%}
    {%- do validate_checks(contract, file ~ ': config.meta.prediction') -%}
    {%- do validate_sla(contract, file ~ ': config.meta.prediction') -%}
    {%- do validate_explanations(contract, file ~ ': config.meta.prediction') -%}
    {%- do validate_uncertainty(contract.uncertainty, file ~ ': config.meta.prediction.uncertainty') -%}
    {%- if contract.schedule.cadence not in ['daily', 'weekly', 'monthly', 'quarterly'] -%}
        {%- do exceptions.raise_compiler_error(
            file ~ ': cadence ' ~ contract.schedule.cadence
            ~ ' of ' ~ node.name ~ ' is not one of daily, weekly, monthly, quarterly.'
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro validate_uncertainty(uncertainty, place) -%}
    {%- set level = uncertainty.get('interval_level') -%}
    {%- if level is not none and not (level is number and 0 < level < 1) -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.interval_level: ' ~ level ~ ' is not a share between 0 and 1, such as 0.9; leave it out for no bounds.'
        ) -%}
    {%- endif -%}
    {%- set group_size = uncertainty.get('group_size', 1) -%}
    {%- if group_size is not integer or group_size < 1 -%}
        {%- do exceptions.raise_compiler_error(
            place ~ '.group_size: ' ~ group_size ~ ' is not a whole number of customers, such as 25.'
        ) -%}
    {%- endif -%}
{%- endmacro %}
