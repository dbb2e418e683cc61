{#- A table that is only ever appended to. Built in one transaction with its hooks, so that a reader
    sees a run whole or not at all. It refuses --full-refresh: history is never rebuilt. Config `sorted_by` names the
    columns that its files are sorted by. Meta `appends_for` names the model without whose rows there is nothing to
    append: the query is then not run. -#}
{% materialization append_only, default %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- if flags.FULL_REFRESH and existing_relation -%}
        {{ log(this ~ ' is append-only: --full-refresh is refused, its rows stay.', info=true) }}
    {%- endif -%}
    {%- set columns = model.columns.keys() | join(', ') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if config.get('made_of') -%}
        {#- In the working set: a transaction writes into one database. -#}
        {%- do make_product_tables(config.get('made_of')) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}

    {{ get_assert_columns_equivalent(compiled_code) }}
    {%- if existing_relation is none -%}
        {%- do make_lake_table(target_relation, model) -%}
    {%- else -%}
        {%- do add_new_columns(existing_relation, model.columns.values()) -%}
    {%- endif -%}

    {%- set occasion = config.get('meta', {}).get('appends_for') -%}
    {%- set is_due = not occasion or run_query('select 1 from ' ~ relation_of_model(occasion) ~ ' limit 1').rows | length > 0 -%}
    {%- if not is_due -%}
        {%- call noop_statement('main', 'NOTHING DUE') -%}{%- endcall -%}
    {%- else -%}
    {%- if existing_relation is not none and config.get('sorted_by') -%}
        {%- do sort_from_now_on(target_relation, config.get('sorted_by')) -%}
    {%- endif -%}
    {%- call statement('main') -%}
        insert into {{ target_relation }} ({{ columns }})
        select {{ columns }} from (
            {{ compiled_code }}
        ) as new_rows
    {%- endcall -%}
    {%- endif -%}

    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {%- if is_due -%}
        {%- do run_query('select digest_new_files()') -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- An empty table, in a transaction that the caller commits. DuckLake has no statistics of a table that was never
    written to, and looks for them column by column whenever a query names the table: ten times the time of one that
    has some. A row that comes and goes within the transaction leaves statistics, and no trace else. -#}
{% macro make_lake_table(relation, resource) -%}
    {%- set statements = ['create table ' ~ relation ~ ' (' ~ column_definitions(resource) ~ ')'] -%}
    {%- if resource.config.partitioned_by -%}
        {%- do statements.append('alter table ' ~ relation ~ ' set partitioned by (' ~ resource.config.partitioned_by | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- if resource.config.sorted_by -%}
        {%- do statements.append(sorted_statement(relation, resource.config.sorted_by)) -%}
    {%- endif -%}
    {%- do statements.append('insert into ' ~ relation ~ ' (' ~ resource.columns.keys() | first ~ ') values (null)') -%}
    {%- do statements.append('delete from ' ~ relation) -%}
    {%- for sql in statements -%}
        {%- call statement('make_lake_table') -%} {{ sql }} {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


{#- Files are sorted from now on, so that a query of one customer reads one row group of each. DuckLake keeps it with the
    table; one that a former version of the project made gets it here. -#}
{% macro sort_from_now_on(relation, sorted_by) -%}
    {%- set catalog = '__ducklake_metadata_' ~ relation.database -%}
    {%- if not run_query(
        'select 1 from ' ~ catalog ~ '.ducklake_sort_info as sorting'
        ~ ' inner join ' ~ catalog ~ '.ducklake_table as tables on sorting.table_id = tables.table_id'
        ~ ' inner join ' ~ catalog ~ '.ducklake_schema as schemas on tables.schema_id = schemas.schema_id'
        ~ " where schemas.schema_name = '" ~ relation.schema ~ "' and tables.table_name = '" ~ relation.identifier
        ~ "' and sorting.end_snapshot is null and tables.end_snapshot is null and schemas.end_snapshot is null"
    ).rows -%}
        {%- call statement('sort_from_now_on') -%} {{ sorted_statement(relation, sorted_by) }} {%- endcall -%}
    {%- endif -%}
{%- endmacro %}


{% macro sorted_statement(relation, sorted_by) -%}
    alter table {{ relation }} set sorted by ({{ sorted_by | join(', ') }})
{%- endmacro %}


{#- What is written to the schema of predictions: half as large as by DuckLake's default, in groups of a quarter of the
    rows, of which the lookup of a customer reads one. -#}
{% macro compress_predictions() -%}
    {%- for row in run_query(
        'select distinct schemas.schema_name from __ducklake_metadata_lake.ducklake_schema as schemas'
        ~ " where schemas.schema_name = 'predictions' and schemas.end_snapshot is null and schemas.schema_id not in ("
        ~ "select scope_id from __ducklake_metadata_lake.ducklake_metadata where key = 'parquet_compression' and scope = 'schema')"
    ).rows -%}
        {%- for option, value in [('parquet_row_group_size', 30720), ('parquet_compression', 'zstd')] -%}
            {%- do run_query("call lake.set_option('" ~ option ~ "', '" ~ value ~ "', schema => '" ~ row['schema_name'] ~ "')") -%}
        {%- endfor -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
{%- endmacro %}


{% macro add_new_columns(relation, columns) -%}
    {%- set existing = run_query('select * from ' ~ relation ~ ' limit 0').column_names -%}
    {%- for column in columns if column.name not in existing -%}
        {%- do run_query('alter table ' ~ relation ~ ' add column ' ~ column.name ~ ' ' ~ api.Column.translate_type(column.data_type)) -%}
    {%- endfor -%}
{%- endmacro %}


{#- A table that a former version of the project made, and that nothing reads any more. -#}
{% macro drop_former_table(schema, identifier) -%}
    {%- set relation = adapter.get_relation('lake', schema, identifier) if execute else none -%}
    {%- if relation -%} drop table {{ relation }} {%- endif -%}
{%- endmacro %}


{#- Append-only tables that are built: models of that materialization, and sources whose meta says so. -#}
{% macro append_only_tables() -%}
    {%- set declared = graph.nodes.values() | selectattr('config.materialized', 'equalto', 'append_only') | list
        + graph.sources.values() | selectattr('config.meta.append_only', 'defined') | list -%}
    {%- set built = run_query(
        "select schema_name || '.' || table_name as name from duckdb_tables() where database_name = 'lake'"
    ).columns[0].values() -%}
    {%- set found = [] -%}
    {%- for table in declared | sort(attribute='unique_id') -%}
        {%- set relation = api.Relation.create(table.database, table.schema, table.identifier or table.alias) -%}
        {%- if relation.schema ~ '.' ~ relation.identifier in built -%}
            {%- do found.append(relation) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
