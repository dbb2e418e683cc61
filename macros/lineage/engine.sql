{#- Versions and digests that the engine or Python computes. -#}

{#- A function of the plugin in python_scoring/dbt_plugin.py, as library_versions and model_card are. -#}
{% macro feature_definitions() -%}
    {{ return(fromjson(run_query('select feature_definitions()').columns[0].values()[0])) }}
{%- endmacro %}


{#- The digest of the definitions as SQL; null where features are computed in full (RECOMPUTE_FEATURES=all). -#}
{% macro feature_definitions_sha256() -%}
    {%- if execute and flags.WHICH in ['build', 'run'] and env_var('RECOMPUTE_FEATURES', '') != 'all' -%}
        {{ literal(feature_definitions().definitions_sha256) }}
    {%- else -%}
        {{ literal(none) }}
    {%- endif -%}
{%- endmacro %}


{% macro library_versions() -%}
    library_versions()
{%- endmacro %}


{% macro training_data_sha256(artifact_path, training_config_sha256) -%}
    json_extract_string(model_card({{ artifact_path }}, {{ training_config_sha256 }}), '$.training_data.digest')
{%- endmacro %}
