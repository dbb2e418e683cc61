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
        {%- for query in records_of_batch(source, target_relation, batch, landing) -%}
            {%- call statement('recorded') -%} {{ query }} {%- endcall -%}
        {%- endfor -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
    {%- if batches -%}
        {%- do run_query('select digest_new_files()') -%}
        {%- if batches | rejectattr('landings') | list -%}
            {%- do log_landing(source.name) -%}
        {%- endif -%}
        {%- do read_from(source, no_raw_rows(source)) -%}
        {%- do run_query('drop table if exists raw.grown_' ~ source.name) -%}
    {%- else -%}
        {%- call noop_statement('main', 'NOTHING NEW') -%}{%- endcall -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#- Rows that are landed again, because a data file was damaged, are recorded already. -#}
{% macro records_of_batch(source, relation, batch, landing) -%}
    {%- set queries = [] -%}
    {%- for restored in batch.landings -%}
        {%- do queries.append(record_repair('raw.' ~ source.name, landing=restored)) -%}
    {%- endfor -%}
    {%- if not queries -%}
        {%- do queries.extend([
            rejected_rows_of(source, relation, landing), landed_days_of(source, landing),
            landed_files_of(source, relation, batch.files, landing)
        ]) -%}
    {%- endif -%}
    {{ return(queries) }}
{%- endmacro %}


{#- What this build lands, kept in the working set from the start of the build to the landing. -#}
{% macro keep_landing_plan(batches) -%}
    {%- do run_query('create schema if not exists raw') -%}
    {%- do run_query('create or replace table raw.landing_plan as select ' ~ string_literal(tojson(batches)) ~ ' as batches') -%}
    {%- for source in raw_sources() -%}
        {%- do read_from(source, no_raw_rows(source)) -%}
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


{% macro no_raw_rows(source) -%}
    select {% for name in source.columns %}cast(null as text) as {{ name }}, {% endfor -%}
    true as has_loaded_at, cast(null as text) as landed_file where false
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
{%- endmacro %}


{#- Rows that no feature may be built from, and those whose customer is not known yet, which were landed all the
    same: a later file may bring the customer. -#}
{% macro rejected_rows_of(source, landed, landing) -%}
    {%- set key = source.columns.keys() | first -%}
    insert into {{ operations_table('rejected_rows') }} ({{ operations_columns('rejected_rows') | join(', ') }})
    select
        '{{ source.name }}' as source, {{ key }} as key, customer_id, rejection_reason as reason, row_json,
        row_text as source_text, loaded_at, false as is_landed, landed_file, {{ landing }} as landed_in
    from {{ relation_of_model('checked_' ~ source.name) }}
    where rejection_reason is not null
    {%- if source.name != 'customers' %}
    union all
    select
        '{{ source.name }}', {{ key }}, customer_id, 'customer is unknown', {{ json_record(source.columns.keys() | list) }},
        null, loaded_at, true, landed_file, landed_in
    from {{ landed }}
    where
        landed_in = {{ landing }}
        and customer_id not in (select customer_id from {{ landed.incorporate(path={'identifier': 'customers'}) }})
    {%- endif %}
{%- endmacro %}


{% macro landed_days_of(source, landing) -%}
    insert into {{ operations_table('landed_days') }} ({{ operations_columns('landed_days') | join(', ') }})
    select
        {{ landing }} as landing, '{{ source.name }}' as source, landed_file as file,
        cast(loaded_at as date) as load_day, count(*) as row_count,
        min(loaded_at) as first_loaded_at, max(loaded_at) as last_loaded_at,
        {{ md5_sum('row_text', 1) }} as first_sum,
        {{ md5_sum('row_text', 2) }} as second_sum
    from {{ relation_of_model('checked_' ~ source.name) }}
    group by landed_file, load_day
{%- endmacro %}


{% macro landed_files_of(source, landed, files, landing) -%}
    {%- set query -%}
        with files as (
            {{ file_states(files) }}
        ),

        days as (
            select
                file, sum(row_count) as row_count, min(first_loaded_at) as first_loaded_at,
                max(last_loaded_at) as last_loaded_at, {{ input_digest('sum(first_sum)', 'sum(second_sum)') }} as content_digest
            from {{ operations_table('landed_days') }}
            where landing = {{ landing }}
            group by file
        ),

        rejected as (
            select
                file, sum(rejected_rows) as rejected_rows,
                cast(to_json(map_from_entries(list((reason, rejected_rows) order by reason))) as text) as rejected_by_reason
            from (
                select landed_file as file, reason, count(*) as rejected_rows
                from {{ operations_table('rejected_rows') }}
                where landed_in = {{ landing }}
                group by landed_file, reason
            ) as reasons
            group by file
        ),

        late as (
            {{ late_rows_of(source, landed, landing) }}
        )

        select
            {{ landing }} as landing, '{{ source.name }}' as source, files.*, coalesce(days.row_count, 0) as row_count,
            coalesce(rejected.rejected_rows, 0) as rejected_rows, rejected.rejected_by_reason,
            coalesce(late.late_rows, 0) as late_rows, days.first_loaded_at, days.last_loaded_at, days.content_digest
        from files
        left join days on files.file = days.file
        left join rejected on files.file = rejected.file
        left join late on files.file = late.file
    {%- endset -%}
    {{ landed_files_insert(query) }}
{%- endmacro %}


{#- Rows that came after a snapshot was built, and say that they were loaded before its data cutoff: a rerun of its runs
    would find them. The first landing of a table is none: earlier versions built snapshots without landing. -#}
{% macro late_rows_of(source, landed, landing) -%}
    select landed_file as file, count(*) as late_rows
    from {{ landed }}
    where
        landed_in = {{ landing }}
        and loaded_at < (select max(data_cutoff) from {{ operations_table('snapshot_manifest') }})
        and exists (
            select 1 from {{ operations_table('landed_files') }} as former
            where former.source = '{{ source.name }}' and former.landing < {{ landing }}
        )
    group by landed_file
{%- endmacro %}


{% macro file_states(files) -%}
    {%- for file in files %}
    select
        {{ literal(file.file) }} as file, {{ literal(file.change) }} as change,
        {{ literal(file.size_bytes, 'bigint') }} as size_bytes,
        {{ literal(file.modified_at, 'timestamp') }} as modified_at, {{ literal(file.tail_digest) }} as tail_digest,
        {{ literal(file.has_loaded_at, 'boolean') }} as has_loaded_at
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- What a query does not say of a file is null. -#}
{% macro landed_files_insert(query) -%}
    insert into {{ operations_table('landed_files') }} by name
    select
        *,
        {{ recorded_at() }} as landed_at, '{{ invocation_id }}' as invocation_id, {{ code_version() }} as code_version
    from ({{ query }}) as files
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
