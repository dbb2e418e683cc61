{#- OpenLineage events of this invocation's runs. A receiver that is down is reported, and stops nothing. -#}

{#- A function of the plugin in python_scoring/dbt_plugin.py. -#}
{% macro emit_lineage() -%}
    {%- set problem = run_query("select emit_lineage_events('" ~ invocation_id ~ "')").columns[0].values()[0] -%}
    {%- if problem -%}
        {{ log('  The OpenLineage events of this build could not be sent: ' ~ problem, info=true) }}
    {%- endif -%}
{%- endmacro %}
