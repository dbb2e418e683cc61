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
    from ({{ entries }}) as entries
{%- endmacro %}


{% macro record_plan() -%}
    {%- if execute -%}
        {%- do log_plan(this) -%}
        {%- do start_attempts(this, products_of(selected_models(), 'candidates_')) -%}
    {%- endif -%}
{%- endmacro %}


{% macro log_plan(plan) -%}
    {%- do run_query(
        'insert into ' ~ operations_table('plan_log') ~ ' select product, as_of, data_cutoff, model_version, run_id, is_due, '
        ~ 'reason, planned_at, invocation_id from ' ~ plan
    ) -%}
{%- endmacro %}


{% macro start_attempts(plan, products) -%}
    {%- if products -%}
        {%- set entries -%}
            select
                run_id, product, as_of, 'started' as status, reason, model_version, feature_version,
                cast(null as text) as feature_snapshot_id, cast(null as bigint) as rows_scored,
                cast(null as bigint) as rows_published, '{{ invocation_id }}' as invocation_id, revision,
                cast(null as text) as artifact_sha256, cast(null as text) as training_config_sha256,
                cast(null as text) as recorded_by
            from ({{ open_runs(plan, products) }}) as open_runs
        {%- endset -%}
        {%- do run_query(ledger_insert(entries)) -%}
    {%- endif -%}
{%- endmacro %}


{% macro open_runs(plan, products) -%}
    select plan.*
    from {{ plan }} as plan
    where
        plan.is_due
        and plan.product in ('{{ products | join("', '") }}')
        and plan.run_id not in (
            select ledger.run_id from {{ operations_table('run_ledger') }} as ledger
            where ledger.status in ('published', 'quarantined')
        )
{%- endmacro %}


{#- `dbt retry` goes on after the plan, and dbt does not say beforehand with what: the runs that it could not complete
    become attempts of this invocation, and what the retried one did counts among its results. -#}
{% macro resume_plan(results) -%}
    {%- set names = results | map(attribute='node.name') | map('string') | list -%}
    {%- set products = products_of(names, 'predictions_') -%}
    {%- if products and 'scoring_plan' not in names -%}
        {%- set plan = relation_of_model('scoring_plan') -%}
        {%- do start_attempts(plan, products) -%}
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


{% macro record_outcome(product, status) -%}
    {%- set verdicts = {'published': "'published'", 'quarantined': "'quarantined', 'postponed'"}[status] -%}
    {#- Rendered in any case: dbt learns from it what this depends on. -#}
    {%- set statements = outcome_statements(product, status) -%}
    {%- if execute and run_query(
        'select count(*) from ' ~ product_ref('gate') ~ ' where outcome in (' ~ verdicts ~ ')'
    ).columns[0].values()[0] -%}
        {{ statements }}
    {%- endif -%}
{%- endmacro %}


{% macro outcome_statements(product, status) -%}
    insert into {{ operations_table('output_checks') }}
    select checks.*
    from {{ product_ref('checks') }} as checks
    inner join {{ runs_without_outcome(product, status) }} as runs on checks.run_id = runs.run_id;
    {{ record_measurements(product, status) }}
    {{ record_run_manifest(product, status) }}
    {%- set outcomes -%}
        select
            runs.run_id, runs.product, runs.as_of, '{{ status }}' as status, runs.outcome_reason as reason,
            runs.model_version, runs.feature_version, runs.feature_snapshot_id, runs.rows_scored,
            {{ 'stored.stored_rows' if status == 'published' else '0' }} as rows_published,
            '{{ invocation_id }}' as invocation_id, runs.revision, runs.artifact_sha256, runs.training_config_sha256,
            cast(null as text) as recorded_by
        from {{ runs_without_outcome(product, status) }} as runs
        inner join ({{ stored_rows(product, status) }}) as stored on runs.run_id = stored.run_id
        {%- if status == 'quarantined' %}
        union all
        select
            run_id, product, as_of, 'failed' as status, outcome_reason as reason,
            model_version, feature_version, feature_snapshot_id, rows_scored, 0 as rows_published,
            '{{ invocation_id }}' as invocation_id, revision, artifact_sha256, training_config_sha256, cast(null as text) as recorded_by
        from {{ runs_without_outcome(product, 'postponed') }} as postponed
        {%- endif %}
    {%- endset -%}
    {{ ledger_insert(outcomes) }}
{%- endmacro %}


{% macro runs_without_outcome(product, verdict) -%}
    (
        select gate.*
        from {{ product_ref('gate') }} as gate
        where
            gate.outcome = '{{ verdict }}'
            and gate.run_id not in (
                select ledger.run_id from {{ source('operations', 'run_ledger') }} as ledger
                where ledger.status in ('published', 'quarantined')
            )
    )
{%- endmacro %}


{% macro stored_rows(product, verdict) -%}
    select
        gate.run_id,
        case
            when count(stored.run_id) = gate.rows_scored then gate.rows_scored
            else {{ raise_in_sql("'" ~ this.identifier ~ " holds ' || count(stored.run_id) || ' rows of the run ' || gate.run_id || ' instead of ' || gate.rows_scored") }}
        end as stored_rows
    from {{ runs_without_outcome(product, verdict) }} as gate
    left join {{ this }} as stored
        on gate.run_id = stored.run_id and stored.prediction_date = cast(gate.as_of as date)
    group by gate.run_id, gate.rows_scored
{%- endmacro %}


{% macro raise_in_sql(message) -%}
    error({{ message }})
{%- endmacro %}
