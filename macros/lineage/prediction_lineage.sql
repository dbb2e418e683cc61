{#- Everything that stands behind one prediction. -#}

{% macro products_with_contract() -%}
    {{ return(all_contracts() | map(attribute='product') | list if execute else []) }}
{%- endmacro %}


{#- The view names no product, so dbt cannot know that it reads these tables, and may come before them. -#}
{% macro make_prediction_tables() -%}
    {%- for product in products_with_contract() -%}
        {%- for table in ['predictions_', 'quarantine_'] -%}
            {%- set relation = relation_of_model(table ~ product) -%}
            {%- if not is_built(relation) -%}
                {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == table ~ product -%}
                    {%- do run_query('create schema if not exists ' ~ relation.without_identifier()) -%}
                    {%- do make_lake_table(relation, node) -%}
                    {%- do adapter.cache_added(relation.incorporate(type='table')) -%}
                {%- endfor -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}


{#- Columns that prediction_lineage takes from its parts unchanged. -#}
{% macro lineage_columns() -%}
    {{ return({
        'predictions': [
            'prediction_id', 'customer_id', 'product', 'run_id', 'as_of', 'prediction_date', 'predicted_at', 'score',
            'score_lower', 'score_upper', 'interval_level', 'label', 'reason_codes', 'output_schema_version'
        ],
        'manifest': [
            'model_version', 'artifact_path', 'artifact_sha256', 'training_run_id', 'training_as_of', 'training_config_sha256',
            'training_data_sha256', 'trained_at', 'feature_version', 'definitions_sha256', 'data_cutoff', 'feature_snapshot_id',
            'contract_json', 'engine', 'libraries', 'lake_snapshot_id', 'invocation_id', 'code_version'
        ],
        'definitions': ['feature_definitions'],
        'snapshots': ['feature_values'],
        'inputs': ['inputs'],
        'checks': ['checks_passed', 'checks']
    }) }}
{%- endmacro %}


{% macro feature_names() -%}
    {{ return(feature_columns() | map(attribute='name') | list) }}
{%- endmacro %}
