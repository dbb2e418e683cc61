{#- Files of the lake that are not as they were written: taken out of their tables before anything reads them. Runs of
    which predictions are lost are withdrawn, so that consumers are served the last intact one; snapshots and landed rows
    are made anew by this build. -#}
{% macro set_damaged_files_aside(is_unchanged) -%}
    {%- set found = fromjson(run_query(
        'select damaged_files(' ~ string_literal(tojson(served_partitions())) ~ ', ' ~ (something_is_due(is_unchanged) | lower) ~ ')'
    ).columns[0].values()[0]) -%}
    {%- if found -%}
        {%- if is_built(last_build_table()) -%}
            {#- What is to be made anew is not as the last build left it. -#}
            {%- do run_query('delete from ' ~ last_build_table()) -%}
        {%- endif -%}
        {%- for damage in found -%}
            {%- do record_damage(damage) -%}
        {%- endfor -%}
        {#- In the catalogue, beside DuckLake: no transaction is open. -#}
        {%- do run_query('select set_damaged_aside(' ~ string_literal(tojson(found | map(attribute='file') | list)) ~ ')') -%}
    {%- endif -%}
{%- endmacro %}


{#- Table and first partition of what consumers are served now. -#}
{% macro served_partitions() -%}
    {%- set partitions = [] -%}
    {%- for run in run_query('select product, as_of from ' ~ relation_of_model('run_states') ~ ' where is_current').rows -%}
        {%- do partitions.append(['predictions.predictions_' ~ run['product'], run['as_of'].strftime('%Y-%m-%d')]) -%}
    {%- endfor -%}
    {{ return(partitions) }}
{%- endmacro %}


{#- Whether this build may compute something: what it would read is verified then. Where definitions or relations are not
    those of the last build, the plan may be another one as well. -#}
{% macro something_is_due(is_unchanged) -%}
    {{ return(
        not is_unchanged or requested_snapshots() != []
        or run_query('select 1 from ' ~ present_plan() ~ ' as plan where is_due').rows | length > 0
    ) }}
{%- endmacro %}


{% macro record_damage(damage) -%}
    {%- set runs = runs_of_damage(damage) -%}
    {%- set message = damage.message ~ '. ' ~ way_back(damage, runs) -%}
    {%- call statement('record_damage', auto_begin=true) -%}
        insert into {{ operations_table('damaged_files') }} ({{ operations_columns('damaged_files') | join(', ') }})
        select
            (select coalesce(max(entry), 0) + 1 from {{ operations_table('damaged_files') }}), {{ recorded_at() }},
            'damaged', {{ literal(damage.table_name) }}, {{ literal(damage.file) }}, {{ literal(damage.problem) }},
            {{ literal(damage.slice if damage.kind in ['predictions', 'snapshots'] else none, 'timestamp') }},
            {{ literal(damage.first_landing, 'bigint') }}, {{ literal(damage.last_landing, 'bigint') }},
            '{{ invocation_id }}'
    {%- endcall -%}
    {%- for run in runs if damage.kind == 'predictions' -%}
        {%- call statement('withdraw_damaged') -%}
            {{ ledger_insert(query_of(
                'reviewed_run', reviewed=run['run_id'], decision='withdrawn', reason=message, by='verification of files'
            )) }}
        {%- endcall -%}
    {%- endfor -%}
    {%- for concerned in products_of_damage(damage, runs) -%}
        {%- call statement('record_failure') -%}
            {{ source_failure_insert(message, concerned.cause, concerned.product, concerned.as_of) }}
        {%- endcall -%}
    {%- endfor -%}
    {%- do adapter.commit() -%}
    {{ log('  DAMAGED: ' ~ message, info=true) }}
{%- endmacro %}


{#- Rows of damaged_runs, in the order in which they are named. -#}
{% macro runs_of_damage(damage) -%}
    {%- if damage.kind not in ['predictions', 'snapshots'] -%}
        {{ return([]) }}
    {%- endif -%}
    {{ return(run_query(
        'select * from ' ~ query_of('damaged_runs', kind=damage.kind, product=damage.product, slice=damage.slice)
        ~ ' as runs order by product, run_id'
    ).rows) }}
{%- endmacro %}


{#- Whose incident it is: of predictions and snapshots the products that are served from them, of raw rows all. -#}
{% macro products_of_damage(damage, runs) -%}
    {%- set concerned = [] -%}
    {%- if damage.kind == 'raw' -%}
        {%- for contract in run_query('select product from ' ~ relation_of_model('prediction_contracts') ~ ' order by product').rows -%}
            {%- do concerned.append({'product': contract['product'], 'as_of': none, 'cause': 'data_repaired'}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for run in runs -%}
        {%- do concerned.append({
            'product': run['product'], 'as_of': run['as_of'].isoformat(sep=' '),
            'cause': 'data_damaged' if damage.kind == 'predictions' else 'data_repaired'
        }) -%}
    {%- endfor -%}
    {{ return(concerned) }}
{%- endmacro %}


{% macro way_back(damage, runs) -%}
    {%- if damage.kind == 'predictions' -%}
        {%- set calls = [] -%}
        {%- for run in runs -%}
            {%- do calls.append(
                "dbt run-operation republish --args '{run_id: " ~ run['run_id'] ~ ", reason: file damaged, by: NAME}'"
            ) -%}
        {%- endfor -%}
        {{ return(
            'It was put aside, and consumers are served the last intact run. To compute it again: '
            ~ calls | join('; ') ~ '; then dbt build.' if calls else 'It was put aside; no run of it was served.'
        ) }}
    {%- endif -%}
    {{ return({
        'snapshots': 'It was put aside; this build computes the snapshot again, identical by its digest.',
        'raw': 'It was put aside; this build lands its rows again from RAW_DATA.',
        'derived': 'It was put aside; this build makes the table anew.',
        'unserved': 'It was put aside; nothing of it is served.'
    }[damage.kind]) }}
{%- endmacro %}


{#- Damage to predictions that this invocation found, in sentences; none where there is none. -#}
{% macro damage_of_invocation() -%}
    {{ return(run_query(
        "select string_agg(failures.message, ' ' order by failures.entry) as damage from "
        ~ operations_table('source_failures') ~ ' as failures semi join ' ~ operations_table('damaged_files')
        ~ " as damaged on failures.invocation_id = damaged.invocation_id and contains(failures.message, damaged.file)"
        ~ " and starts_with(damaged.table_name, 'predictions.') where failures.cause = 'data_damaged'"
        ~ " and failures.invocation_id = '" ~ invocation_id ~ "'"
    ).rows[0]['damage']) }}
{%- endmacro %}


{#- An event of damaged_files: rows of a table were made anew. -#}
{% macro record_repair(table_name, as_of=none, landing=none) -%}
    insert into {{ operations_table('damaged_files') }} ({{ operations_columns('damaged_files') | join(', ') }})
    select
        (select coalesce(max(entry), 0) + 1 from {{ operations_table('damaged_files') }}), {{ recorded_at() }},
        'repaired', {{ literal(table_name) }}, null, null, {{ as_of or 'null' }}, {{ landing or 'null' }}, {{ landing or 'null' }},
        '{{ invocation_id }}'
{%- endmacro %}
