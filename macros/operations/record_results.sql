{% macro record_results(results) -%}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set by_name = {} -%}
        {%- for result in results -%}
            {%- do by_name.update({result.node.name: result}) -%}
        {%- endfor -%}
        {%- set attempts = attempts_of_this_invocation() -%}
        {%- do record_steps(attempts, by_name, results) -%}
        {%- for attempt in attempts -%}
            {%- if attempt['status'] == 'started' -%}
                {%- do record_failure(attempt, failure_reason(attempt['product'], results)) -%}
            {%- else -%}
                {{ log('  ' ~ attempt['product'] ~ ' as of ' ~ attempt['as_of'] ~ ' ' ~ attempt['status'] ~ ': ' ~ attempt['reason'], info=true) }}
            {%- endif -%}
        {%- endfor -%}
        {%- do record_access() -%}
        {%- set has_reviews = reviews_were_loaded(by_name) -%}
        {%- if attempts or has_reviews or env_var('SERVING_DSN', '') -%}
            {%- do record_operations(is_repeated=not has_reviews) -%}
        {%- endif -%}
        {%- do serve_predictions() -%}
        {%- if attempts -%}
            {%- do emit_lineage() -%}
            {%- do print_summary(results) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#- dbt says of a loaded seed how many rows it has: INSERT 3. -#}
{% macro reviews_were_loaded(by_name) -%}
    {%- set loaded = by_name.get('incident_reviews') -%}
    {{ return(loaded is not none and not (loaded.message or '').endswith(' 0')) }}
{%- endmacro %}


{% macro attempts_of_this_invocation() -%}
    {%- set ledger = operations_table('run_ledger') -%}
    {{ return(run_query(
        "select run_id, product, as_of, status, reason, model_version, feature_version, feature_snapshot_id, revision, rows_scored from "
        ~ ledger
        ~ " where invocation_id = '" ~ invocation_id ~ "' and entry in (select max(entry) from " ~ ledger
        ~ " where invocation_id = '" ~ invocation_id ~ "' group by run_id) order by product, as_of"
    ).rows) }}
{%- endmacro %}


{% macro record_failure(attempt, reason) -%}
    {%- set entry -%}
        select
            '{{ attempt["run_id"] }}' as run_id, '{{ attempt["product"] }}' as product,
            cast('{{ attempt["as_of"] }}' as timestamp) as as_of, 'failed' as status,
            {{ string_literal(reason) }} as reason,
            {{ string_literal(attempt['model_version']) }} as model_version,
            {{ string_literal(attempt['feature_version']) }} as feature_version,
            cast(null as text) as feature_snapshot_id, cast(null as bigint) as rows_scored,
            cast(0 as bigint) as rows_published, '{{ invocation_id }}' as invocation_id,
            {{ attempt['revision'] }} as revision, cast(null as text) as artifact_sha256,
            cast(null as text) as training_config_sha256, cast(null as text) as recorded_by
    {%- endset -%}
    {%- do run_query(ledger_insert(entry)) -%}
    {{ log('  ' ~ attempt['product'] ~ ' as of ' ~ attempt['as_of'] ~ ' failed: ' ~ reason, info=true) }}
{%- endmacro %}


{% macro failure_reason(product, results) -%}
    {%- for own_folder in [true, false] -%}
        {%- for result in results if result.status in ['error', 'fail', 'runtime error'] -%}
            {%- set file = result.node.original_file_path -%}
            {%- set in_own_folder = file.startswith('models/products/' ~ product ~ '/') -%}
            {%- if (in_own_folder if own_folder else not file.startswith('models/products/')) -%}
                {%- set described = result.status == 'fail' and result.node.description -%}
                {{ return(result.node.name ~ ': ' ~ (result.node.description | trim if described else last_line(result.message))) }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return('the build ended before the run had an outcome') }}
{%- endmacro %}


{% macro last_line(message) -%}
    {%- set lines = (message or 'no message') | string | trim -%}
    {{ return(lines.split('\n')[-1].replace('python_scoring.errors.', '') | trim) }}
{%- endmacro %}


{% macro record_steps(attempts, by_name, results) -%}
    {%- set rows = [] -%}
    {%- for attempt in attempts -%}
        {%- do rows.extend(step_rows(attempt, by_name, results)) -%}
    {%- endfor -%}
    {%- if rows -%}
        {%- do run_query('insert into ' ~ operations_table('step_log') ~ ' values ' ~ rows | join(', ')) -%}
    {%- endif -%}
{%- endmacro %}


{% macro step_rows(attempt, by_name, results) -%}
    {%- set product = attempt['product'] -%}
    {%- set persisted = 'quarantine_' if attempt['status'] == 'quarantined' else 'predictions_' -%}
    {%- set steps = [
        ('load_feature_snapshot', 'feature_snapshots'),
        ('apply_pinned_model', 'candidates_' ~ product),
        ('predict', 'candidates_' ~ product),
        ('validate', 'checks_' ~ product),
        ('persist', persisted ~ product)
    ] -%}
    {%- set state = namespace(failed=none) -%}
    {%- set rows = [] -%}
    {%- for step, node_name in steps -%}
        {%- set result = by_name.get(node_name) -%}
        {%- set message = last_line(result.message) if result else 'not part of this invocation' -%}
        {%- set timing = {} -%}
        {%- for part in (result.timing if result else []) if part.name == 'execute' -%}
            {%- do timing.update({'started_at': part.started_at, 'finished_at': part.completed_at}) -%}
        {%- endfor -%}
        {%- if state.failed -%}
            {%- set status = 'skipped' -%}
            {%- set message = 'skipped, because ' ~ state.failed ~ ' did not pass' -%}
            {%- set timing = {} -%}
        {%- elif result and result.status == 'success' -%}
            {%- set status = 'passed' -%}
            {%- set message = none -%}
        {%- elif result and result.status == 'error' and step == 'apply_pinned_model' and 'ScoringError' in message -%}
            {%- set status = 'passed' -%}
            {%- set message = none -%}
        {%- elif result and result.status == 'error' -%}
            {%- set status = 'failed' -%}
            {%- set state.failed = step -%}
        {%- elif result and result.status == 'skipped' -%}
            {%- set status = 'skipped' -%}
            {%- set message = failure_reason(product, results) -%}
            {%- set state.failed = step -%}
        {%- else -%}
            {%- set status = 'skipped' -%}
        {%- endif -%}
        {%- do rows.append(
            "('" ~ attempt['run_id'] ~ "', '" ~ product ~ "', '" ~ invocation_id ~ "', '" ~ step ~ "', " ~ loop.index
            ~ ", '" ~ status ~ "', " ~ instant_or_null(timing.get('started_at')) ~ ", "
            ~ instant_or_null(timing.get('finished_at')) ~ ", " ~ (string_literal(message) if message else 'null') ~ ")"
        ) -%}
    {%- endfor -%}
    {{ return(rows) }}
{%- endmacro %}


{% macro instant_or_null(instant) -%}
    {{ return(timestamp_literal(instant.replace(tzinfo=none)) if instant else 'null') }}
{%- endmacro %}
