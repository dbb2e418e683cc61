{% macro ledger_insert(entries) -%}
    {%- set ledger = operations_table('run_ledger') -%}
    {%- set columns -%}
        run_id, product, as_of, status, reason, model_version, feature_version, feature_snapshot_id, rows_scored,
        rows_published, invocation_id, revision, artifact_sha256, training_config_sha256, recorded_by
    {%- endset -%}
    insert into {{ ledger }} (entry, recorded_at, code_version, {{ columns }})
    select
        (select coalesce(max(entry), 0) from {{ ledger }})
        + row_number() over (order by product, as_of, run_id),
        {{ recorded_at() }}, {{ code_version() }}, {{ columns }}
    from {{ entries }} as entries
{%- endmacro %}


{% macro record_plan() -%}
    {%- if execute -%}
        {%- do log_plan(this) -%}
        {%- do start_attempts(products_of(selected_models(), 'candidates_')) -%}
    {%- endif -%}
{%- endmacro %}


{% macro log_plan(plan) -%}
    {%- do run_query(insert_into('plan_log', plan)) -%}
{%- endmacro %}


{% macro start_attempts(products) -%}
    {%- if products -%}
        {%- do run_query(ledger_insert(query_of('started_runs', products=products))) -%}
    {%- endif -%}
{%- endmacro %}


{#- `dbt retry` goes on after the plan, and dbt does not say beforehand with what: the runs that it could not complete
    become attempts of this invocation, and what the retried one did counts among its results. -#}
{% macro resume_plan(results) -%}
    {%- set names = results | map(attribute='node.name') | map('string') | list -%}
    {%- set products = products_of(names, 'predictions_') -%}
    {%- if products and 'scoring_plan' not in names -%}
        {%- set plan = relation_of_model('scoring_plan') -%}
        {%- do start_attempts(products) -%}
        {#- A transaction writes to one database. -#}
        {%- do adapter.commit() -%}
        {%- do run_query(
            'update ' ~ results_table() ~ " set invocation_id = '" ~ invocation_id
            ~ "' where invocation_id in (select invocation_id from " ~ plan ~ ')'
        ) -%}
        {%- do run_query('update ' ~ plan ~ " set invocation_id = '" ~ invocation_id ~ "'") -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{%- endmacro %}


{% macro selected_models() -%}
    {%- set names = [] -%}
    {%- for unique_id in selected_resources if unique_id.startswith('model.') -%}
        {%- do names.append(unique_id.split('.')[2]) -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}


{% macro products_of(names, prefix) -%}
    {%- set products = [] -%}
    {%- for name in names | sort if name.startswith(prefix) -%}
        {%- do products.append(name[(prefix | length):]) -%}
    {%- endfor -%}
    {{ return(products) }}
{%- endmacro %}


{% macro announce_plan() -%}
    {%- if execute -%}
        {%- set plan = run_query('select product, as_of, model_version, is_due, reason from ' ~ this ~ ' order by 1, 2').rows -%}
        {%- for row in plan -%}
            {{ log('  ' ~ row['product'] ~ ' as of ' ~ row['as_of'] ~ ': ' ~ row['reason']
                ~ (', with model ' ~ row['model_version'] if row['is_due'] else ''), info=true) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- In the transaction of the rows: the outcome of each run with this verdict, and what it was judged by. -#}
{% macro record_outcome(product, status) -%}
    {%- set gate = product_ref('gate') -%}
    {%- set verdicts = {'published': "'published'", 'quarantined': "'quarantined', 'postponed'"}[status] -%}
    {%- if not execute -%}
        {#- dbt learns from it what the queries read. -#}
        {%- for name in ['prediction_contracts', 'model_registry', 'feature_catalogue'] -%}
            {%- do ref(name) -%}
        {%- endfor -%}
    {%- elif run_query('select count(*) from ' ~ gate ~ ' where outcome in (' ~ verdicts ~ ')').columns[0].values()[0] -%}
        {%- set unrecorded = product_ref('unrecorded_runs') -%}
        {%- for table, query in {
            'output_checks': 'checks', 'output_statistics': 'statistics', 'output_distributions': 'distributions',
            'label_migrations': 'run_label_migrations', 'score_jumps': 'score_jumps',
            'expected_performance': 'expected_performance', 'run_manifest': 'run_manifests'
        }.items() %}
    {{ insert_into(
        table, product_ref(query), 'run_id in (select run_id from ' ~ unrecorded ~ " as runs where outcome = '" ~ status ~ "')"
    ) }};
        {%- endfor %}
    {{ ledger_insert(product_ref('run_outcomes', status=status)) }}
    {%- endif -%}
{%- endmacro %}


{% macro raise_in_sql(message) -%}
    error({{ message }})
{%- endmacro %}
