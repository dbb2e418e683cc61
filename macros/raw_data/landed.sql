{#- A table of the rows that were landed from raw files. The model's SQL reads the raw table, `raw.<table>`, which
    stands for one batch of files at a time; each batch is landed in one transaction with the rows that were rejected
    and the record of its files. What was landed stays: --full-refresh is refused, as by append_only. -#}
{% materialization landed, adapter='duckdb' %}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set existing_relation = load_cached_relation(this) -%}
    {%- set source = (raw_sources() | selectattr('name', 'equalto', this.identifier) | list)[0] -%}
    {%- set batches = landing_batches(source.name) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {%- if existing_relation is none -%}
        {%- do make_lake_table(target_relation, model) -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
    {%- for batch in batches -%}
        {%- set landing = batch.landings[0] if batch.landings else next_landing() -%}
        {%- do read_from(source, relation_of(source, batch)) -%}
        {%- for file in batch.files if file.change == 'replaced' -%}
            {%- do take_back(target_relation, source.name, file.file) -%}
        {%- endfor -%}
        {%- call statement('main', auto_begin=true) -%}
            insert into {{ target_relation }} ({{ model.columns.keys() | join(', ') }})
            select {{ model.columns.keys() | reject('equalto', 'landed_in') | join(', ') }}, {{ landing }}
            from ({{ compiled_code }}) as accepted
        {%- endcall -%}
        {%- do record_landing(source.name, landing, batch) -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {%- if batches -%}
        {%- do run_query('select digest_new_files()') -%}
        {%- if batches | rejectattr('landings') | list -%}
            {%- do log_landing(source.name) -%}
        {%- endif -%}
        {%- do read_nothing(source) -%}
        {%- do run_query('drop table if exists raw.grown_' ~ source.name) -%}
    {%- else -%}
        {%- call noop_statement('main', 'NOTHING NEW') -%}{%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- Plan of the landing, kept in the working set from the start of the build to the landing. -#}
{% macro keep_landing_plan(batches) -%}
    {%- do run_query('create schema if not exists raw') -%}
    {%- do run_query('create or replace table raw.landing_plan as select ' ~ string_literal(tojson(batches)) ~ ' as batches') -%}
    {%- for source in raw_sources() -%}
        {%- do read_nothing(source) -%}
    {%- endfor -%}
{%- endmacro %}


{% macro landing_batches(table) -%}
    {{ return(fromjson(run_query('select batches from raw.landing_plan').columns[0].values()[0]).get(table, [])) }}
{%- endmacro %}


{% macro read_from(source, relation) -%}
    {%- do run_query('create or replace view raw.' ~ source.name ~ ' as ' ~ relation) -%}
{%- endmacro %}


{#- The rows that a file has grown by are found by comparison with what was landed of it: kept, since landing them
    changes the answer. -#}
{% macro relation_of(source, batch) -%}
    {%- if batch.files[0].change not in ['grown', 'restored'] -%}
        {{ return(batch.relation) }}
    {%- endif -%}
    {%- do run_query('create or replace table raw.grown_' ~ source.name ~ ' as ' ~ batch.relation) -%}
    {{ return('select * from raw.grown_' ~ source.name) }}
{%- endmacro %}


{% macro read_nothing(source) -%}
    {%- set types = dict.fromkeys(source.columns, 'text') -%}
    {%- do types.update({'has_loaded_at': 'boolean', 'landed_file': 'text'}) -%}
    {%- do read_from(source, 'select ' ~ typed_nulls(types) ~ ' where false') -%}
{%- endmacro %}


{% macro next_landing() -%}
    {{ return(run_query(
        'select coalesce(max(landing), 0) + 1 from ' ~ operations_table('landed_files')
    ).columns[0].values()[0] | int) }}
{%- endmacro %}


{#- A file that was accepted with another history: its rows are landed anew. -#}
{% macro take_back(relation, source_name, file) -%}
    {%- call statement('take_back', auto_begin=true) -%}
        delete from {{ relation }} where landed_file = {{ string_literal(file) }}
    {%- endcall -%}
    {%- call statement('take_back_rejected') -%}
        delete from {{ operations_table('rejected_rows') }}
        where source = '{{ source_name }}' and landed_file = {{ string_literal(file) }}
    {%- endcall -%}
    {%- do forget_versions(source_name) -%}
{%- endmacro %}


{#- The table of versions is made anew by this build: it holds rows that are taken back. -#}
{% macro forget_versions(source_name) -%}
    {%- for node in graph.nodes.values() if node.config.get('meta', {}).get('versions_of') == source_name -%}
        {%- set relation = load_relation(api.Relation.create(node.database, node.schema, node.alias, type='table')) -%}
        {%- if relation -%}
            {%- do adapter.drop_relation(relation) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- In the transaction of the rows: those that were rejected, and what was landed by day and by file. The files' record
    counts the other two. Rows that are landed again, because a data file was damaged, are recorded already. -#}
{% macro record_landing(table, landing, batch) -%}
    {%- for restored in batch.landings -%}
        {%- call statement('repaired') -%} {{ record_repair('raw.' ~ table, landing=restored) }} {%- endcall -%}
    {%- endfor -%}
    {%- for recorded, query in {
        'rejected_rows': 'landed_rejections', 'landed_days': 'landed_load_days', 'landed_files': 'landed_file_records'
    }.items() if not batch.landings -%}
        {%- call statement('recorded') -%}
            insert into {{ operations_table(recorded) }} by name
            {{ query_of(query, raw_table=table, landing=landing, files=batch.files) }}
        {%- endcall -%}
    {%- endfor -%}
{%- endmacro %}


{% macro log_landing(table) -%}
    {%- set found = run_query(
        'select count(*) as files, sum(row_count) as row_count, sum(rejected_rows) as rejected, sum(late_rows) as late from '
        ~ operations_table('landed_files') ~ " where source = '" ~ table ~ "' and invocation_id = '" ~ invocation_id
        ~ "' and change <> 'vanished'"
    ).rows[0] -%}
    {{ log('  Landed ' ~ table ~ ': ' ~ '{:,}'.format(found['row_count'] | int) ~ ' rows of ' ~ found['files'] | int
        ~ ' files, ' ~ '{:,}'.format(found['rejected'] | int) ~ ' rejected.', info=true) }}
    {%- if found['late'] -%}
        {{ log('  ' ~ '{:,}'.format(found['late'] | int) ~ ' of them say they were loaded before the data cutoff of a snapshot'
            ~ ' that was built without them: a replay of its runs will report the input ' ~ table ~ ' as different.', info=true) }}
    {%- endif -%}
{%- endmacro %}
