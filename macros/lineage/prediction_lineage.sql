{#- Everything that stands behind one prediction. -#}

{#- All predictions of all products: published ones, and those in quarantine that were never released. -#}
{% macro predictions_of_all_products() -%}
    {%- set columns = [
        'prediction_id', 'run_id', 'product', 'customer_id', 'as_of', 'prediction_date', 'predicted_at', 'score',
        'score_lower', 'score_upper', 'interval_level', 'label', 'reason_codes', 'output_schema_version'
    ] | join(', ') -%}
    {%- for product in products_with_contract() %}
    {{ 'union all' if not loop.first }}
    select {{ columns }} from {{ relation_of_model('predictions_' ~ product) }}
    union all
    select {{ columns }} from {{ relation_of_model('quarantine_' ~ product) }}
    where run_id not in (select run_id from {{ source('operations', 'run_ledger') }} where status = 'released')
    {%- else %}
    {{ no_rows({'prediction_id': 'text', 'run_id': 'text'}) }}
    {%- endfor %}
{%- endmacro %}


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


{#- JSON of an item per row of a group. -#}

{% macro lineage_of_inputs() -%}
    select
        as_of,
        data_cutoff,
        feature_version,
        {{ json_list_of({
            'source': 'source', 'rows': 'row_count', 'newest_loaded_at': 'cast(newest_loaded_at as text)',
            'content_digest': 'content_digest', 'lake_snapshot_id': 'lake_snapshot_id'
        }, 'source') }} as inputs
    from {{ source('operations', 'snapshot_inputs') }}
    group by as_of, data_cutoff, feature_version
{%- endmacro %}


{% macro lineage_of_definitions() -%}
    select
        definitions_sha256,
        {{ json_list_of({'feature': 'feature', 'definition_sha256': 'definition_sha256'}, 'position') }} as feature_definitions
    from {{ source('operations', 'feature_definitions') }}
    group by definitions_sha256
{%- endmacro %}


{% macro lineage_of_checks() -%}
    select
        run_id,
        count(case when outcome = 'passed' then 1 end) as checks_passed,
        {{ json_list_of({
            'check_name': 'check_name', 'scope': 'scope', 'severity': 'severity', 'outcome': 'outcome', 'message': 'message'
        }, 'check_name, scope') }} as checks
    from {{ source('operations', 'output_checks') }}
    group by run_id
{%- endmacro %}


{#- Who has read an output while the run was in it: the current one between its publication and the next, a history
    from its publication on. -#}
{% macro lineage_of_readers(run) -%}
    (
        select {{ json_list_of({
            'role': 'role', 'output': 'output', 'version': 'version', 'usage_context': 'usage_context', 'reads': 'reads',
            'last_read_at': 'cast(last_read_at as text)'
        }, 'role, output, version, usage_context') }}
        from (
            select
                reads.role,
                reads.output,
                reads.version,
                reads.usage_context,
                count(*) as reads,
                max(reads.logged_at) as last_read_at
            from {{ source('operations', 'access_log') }} as reads
            inner join {{ ref('served_outputs') }} as outputs
                on reads.output = outputs.output and reads.version = outputs.version
            where
                reads.allowed
                and reads.reason is null  -- else it was only planned
                and outputs.product = {{ run }}.product
                and reads.logged_at >= {{ run }}.served_from
                and (outputs.kind = 'history' or {{ run }}.served_until is null or reads.logged_at < {{ run }}.served_until)
            group by reads.role, reads.output, reads.version, reads.usage_context
        ) as readers
    )
{%- endmacro %}


{#- What the view takes from where, beside what it computes. -#}
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
