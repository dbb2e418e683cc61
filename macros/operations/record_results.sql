{% macro record_results(results) -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- do resume_plan(results) -%}
        {%- set has_attempts = run_query(
            'select count(*) from ' ~ operations_table('run_ledger') ~ " where invocation_id = '" ~ invocation_id ~ "'"
        ).columns[0].values()[0] > 0 -%}
        {%- if has_attempts -%}
            {%- do record_attempts(results) -%}
        {%- endif -%}
        {%- do record_access() -%}
        {%- set has_reviews = reviews_were_loaded(results) -%}
        {%- if has_attempts or has_reviews or env_var('SERVING_DSN', '') -%}
            {%- do record_operations(is_repeated=not has_reviews) -%}
        {%- endif -%}
        {%- do serve_predictions() -%}
        {%- if has_attempts -%}
            {%- do emit_lineage() -%}
        {%- endif -%}
        {%- do maintain_lake_when_due(results) -%}
        {%- if has_attempts -%}
            {%- do print_summary() -%}
        {%- else -%}
            {%- do print_idleness(results) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- The steps of each attempt, and the failure of those that have no outcome: by the views due_steps and due_failures. -#}
{% macro record_attempts(results) -%}
    {%- do keep_results(results) -%}
    {%- do run_query(insert_into('step_log', relation_of_model('due_steps'))) -%}
    {%- do run_query(ledger_insert(relation_of_model('due_failures'))) -%}
    {%- for attempt in run_query(
        'select product, as_of, status, reason from ' ~ relation_of_model('run_attempts') ~ ' order by product, as_of'
    ).rows -%}
        {{ log('  ' ~ attempt['product'] ~ ' as of ' ~ attempt['as_of'] ~ ' ' ~ attempt['status'] ~ ': ' ~ attempt['reason'], info=true) }}
    {%- endfor -%}
{%- endmacro %}


{#- dbt's results of this invocation as the rows of a table, which the views read. Those of an invocation that is retried
    count for it (resume_plan). -#}
{% macro keep_results(results) -%}
    {%- set rows = [] -%}
    {%- for result in results -%}
        {%- set file = result.node.original_file_path -%}
        {%- set timing = {} -%}
        {%- for part in result.timing if part.name == 'execute' -%}
            {%- do timing.update({'started_at': part.started_at, 'finished_at': part.completed_at}) -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ [
            "'" ~ invocation_id ~ "'", loop.index, string_literal(result.node.name),
            literal(file.split('/')[2] if file.startswith('models/products/') else none),
            string_literal(result.status), string_literal((result.node.description or '') | trim),
            string_literal(error_line(result.message)), instant_or_null(timing.get('started_at')),
            instant_or_null(timing.get('finished_at')), result.execution_time
        ] | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- set kept = results_table() -%}
    {%- set names = results | map(attribute='node.name') | map('string') | join("', '") -%}
    {%- do run_query('delete from ' ~ kept ~ " where invocation_id <> '" ~ invocation_id ~ "' or name in ('" ~ names ~ "')") -%}
    {%- do run_query('insert into ' ~ kept ~ ' values ' ~ rows | join(', ')) -%}
{%- endmacro %}


{% macro results_table() -%}
    {%- for source in graph.get('sources', {}).values() if source.source_name == 'invocation' -%}
        {{ return(api.Relation.create(database=source.database, schema=source.schema, identifier=source.identifier)) }}
    {%- endfor -%}
{%- endmacro %}


{#- The columns are declared with the source. -#}
{% macro make_results_table() -%}
    {%- for source in graph.get('sources', {}).values()
        if source.source_name == 'invocation' and not is_built(results_table()) -%}
        {#- A transaction writes to one database: this one ends before anything else is written. -#}
        {%- do adapter.commit() -%}
        {%- do run_query('create schema if not exists ' ~ results_table().without_identifier()) -%}
        {%- do run_query('create table if not exists ' ~ results_table() ~ ' (' ~ column_definitions(source) ~ ')') -%}
        {%- do adapter.commit() -%}
    {%- endfor -%}
{%- endmacro %}


{#- dbt says of a loaded seed how many rows it has: INSERT 3. -#}
{% macro reviews_were_loaded(results) -%}
    {%- set loaded = results | selectattr('node.name', 'equalto', 'incident_reviews') | first | default(none, true) -%}
    {{ return(loaded is not none and loaded.status == 'success' and not (loaded.message or '').endswith(' 0')) }}
{%- endmacro %}


{#- The line of dbt's message that names the error: of a traceback the last one of such a line, since libraries put
    advice below it; without one, what dbt says below its heading, or else the last line. -#}
{% macro error_line(message) -%}
    {%- set lines = [] -%}
    {%- set errors = [] -%}
    {%- for line in ((message or 'no message') | string | trim).split('\n') if line | trim -%}
        {%- do lines.append(line | trim) -%}
        {%- if modules.re.match('[\\w. ]*(Error|Exception|Timeout): ?\\S', line | trim) -%}
            {%- do errors.append(line | trim) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set is_headed = lines | length > 1 and modules.re.match('\\w+ Error in \\w+ ', lines[0]) -%}
    {%- set line = errors[-1] if errors else lines[1] if is_headed else lines[-1] -%}
    {{ return(line.replace('python_scoring.errors.', '')) }}
{%- endmacro %}


{% macro instant_or_null(instant) -%}
    {{ return(timestamp_literal(instant.replace(tzinfo=none)) if instant else 'null') }}
{%- endmacro %}
