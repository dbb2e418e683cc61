{#- Contracts stand in the YAML beside each mart, under config.meta.prediction; exposures say who reads what. Before
    dbt does anything, the plugin validates both (python_scoring/contracts/validation.py). -#}

{#- The validated objects as JSON: `contracts` by product, `consumers` by name, and `entitlements`. They are read once
    per invocation and kept in the graph. -#}
{% macro validated_project() -%}
    {%- if 'validated_project' not in graph -%}
        {%- do graph.update({
            'validated_project': fromjson(run_query('select validated_project()').columns[0].values()[0])
        }) -%}
    {%- endif -%}
    {{ return(graph.validated_project) }}
{%- endmacro %}


{#- All contracts, sorted by product. -#}
{% macro all_contracts() -%}
    {{ return(validated_project().contracts.values() | list) }}
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
    {%- set contracts = validated_project().contracts -%}
    {%- if product not in contracts -%}
        {%- do exceptions.raise_compiler_error(
            'No contract for the product ' ~ product ~ ': give its mart a config.meta.prediction.'
        ) -%}
    {%- endif -%}
    {{ return(contracts[product]) }}
{%- endmacro %}


{#- A number that several checks use. The contracts of unit tests have only their own settings. -#}
{% macro check_setting(contract, name) -%}
    {%- set settings = dict(var('default_check_settings'), **contract.get('check_settings', {})) -%}
    {{ return(settings[name].value) }}
{%- endmacro %}
