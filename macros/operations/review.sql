{#- Decisions of a person on a run: release it from quarantine, withdraw it, have its slot computed
    again. Each appends to the ledger or the requests, deletes nothing, and does nothing twice. -#}

{% macro release_run(run_id=none, reason=none, by=none) -%}
    {%- set run = run_under_review('release_run', run_id, reason, by) -%}
    {%- if run['is_served'] -%}
        {{ log(describe_run(run) ~ ' is served already: nothing to do.', info=true) }}
    {%- elif run['status'] in ['quarantined', 'withdrawn'] -%}
        {%- set predictions = relation_of_model('predictions_' ~ run['product']) -%}
        {%- set columns = columns_of_model('predictions_' ~ run['product']) -%}
        {%- call statement('release', auto_begin=true) -%}
            insert into {{ predictions }} ({{ columns }})
            select {{ columns }} from {{ query_of(
                'released_predictions', run=run, predictions=predictions,
                quarantine=relation_of_model('quarantine_' ~ run['product'])
            ) }} as released;
            {{ ledger_insert(query_of('reviewed_run', reviewed=run['run_id'], decision='released', reason=reason, by=by)) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {{ log(describe_run(run) ~ ' is released: consumers are served it now.', info=true) }}
    {%- else -%}
        {%- do exceptions.raise_compiler_error(
            'release_run: ' ~ describe_run(run) ~ ' is ' ~ run['status'] ~ '. Only a quarantined or a withdrawn run '
            ~ 'can be released; one that failed or crashed is tried again by the next build.'
        ) -%}
    {%- endif -%}
    {%- do serve_review() -%}
{%- endmacro %}


{% macro withdraw_run(run_id=none, reason=none, by=none) -%}
    {%- set run = run_under_review('withdraw_run', run_id, reason, by) -%}
    {%- if run['is_served'] -%}
        {%- call statement('withdraw', auto_begin=true) -%}
            {{ ledger_insert(query_of('reviewed_run', reviewed=run['run_id'], decision='withdrawn', reason=reason, by=by)) }}
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {%- set served = run_query(
            "select as_of from " ~ ref('run_states') ~ " where is_served and product = '" ~ run['product']
            ~ "' order by as_of desc, serving_entry desc limit 1"
        ).rows -%}
        {{ log(
            describe_run(run) ~ ' is withdrawn: consumers are served '
            ~ ('the run as of ' ~ served[0]['as_of'] if served else 'nothing, for no earlier run is left') ~ '.', info=true
        ) }}
    {%- elif run['status'] == 'withdrawn' -%}
        {{ log(describe_run(run) ~ ' is withdrawn already: nothing to do.', info=true) }}
    {%- else -%}
        {%- do exceptions.raise_compiler_error(
            'withdraw_run: ' ~ describe_run(run) ~ ' is ' ~ run['status'] ~ ' and was never served, so it cannot be withdrawn.'
        ) -%}
    {%- endif -%}
    {%- do serve_review() -%}
{%- endmacro %}


{% macro republish(run_id=none, reason=none, by=none) -%}
    {%- set run = run_under_review('republish', run_id, reason, by) -%}
    {%- set requests = operations_table('republish_requests') -%}
    {%- set newest = run_query(
        "select coalesce(max(revision), 0) as revision from " ~ requests ~ " where product = '" ~ run['product']
        ~ "' and as_of = cast('" ~ run['as_of'] ~ "' as timestamp)"
    ).rows[0]['revision'] -%}
    {%- if run['revision'] < newest -%}
        {{ log(
            describe_run(run) ~ ': revision ' ~ newest ~ ' of its slot was asked for already: nothing to do.', info=true
        ) }}
    {%- elif run['is_served'] or run['status'] in ['quarantined', 'withdrawn'] -%}
        {%- call statement('request', auto_begin=true) -%}
            insert into {{ requests }} (product, as_of, revision, replaces_run_id, reason, requested_by, requested_at)
            values (
                '{{ run["product"] }}', cast('{{ run["as_of"] }}' as timestamp), {{ run['revision'] + 1 }},
                '{{ run["run_id"] }}', {{ string_literal(reason) }}, {{ string_literal(by) }}, {{ recorded_at() }}
            )
        {%- endcall -%}
        {%- do adapter.commit() -%}
        {{ log(
            describe_run(run) ~ ': the next build computes its slot again, as revision ' ~ (run['revision'] + 1)
            ~ '; until then consumers are served what they are served now.', info=true
        ) }}
    {%- else -%}
        {%- do exceptions.raise_compiler_error(
            'republish: ' ~ describe_run(run) ~ ' is ' ~ run['status'] ~ ': the next build tries it again by itself.'
        ) -%}
    {%- endif -%}
{%- endmacro %}


{% macro run_under_review(operation, run_id, reason, by) -%}
    {%- for name, value in [('run_id', run_id), ('reason', reason), ('by', by)] if not (value or '') | string | trim -%}
        {%- do exceptions.raise_compiler_error(
            operation ~ ' lacks ' ~ name ~ ". Call: dbt run-operation " ~ operation
            ~ " --args '{run_id: <run_id of lake.operations.run_ledger>, reason: <why>, by: <your name>}'"
        ) -%}
    {%- endfor -%}
    {%- if not is_built(ref('run_states')) -%}
        {%- do exceptions.raise_compiler_error(operation ~ ': nothing was built in this warehouse; set WAREHOUSE, or run dbt build first.') -%}
    {%- endif -%}
    {%- do make_operations_tables() -%}
    {%- do make_operations_views() -%}
    {%- set found = run_query(
        'select run_id, product, as_of, status, is_served, revision, model_version, feature_version from '
        ~ ref('run_states') ~ ' where run_id = ' ~ string_literal(run_id)
    ).rows -%}
    {%- if not found -%}
        {%- do exceptions.raise_compiler_error(
            operation ~ ": there is no run '" ~ run_id ~ "' in lake.operations.run_ledger. " ~ reviewable_runs(operation)
        ) -%}
    {%- endif -%}
    {{ return(found[0]) }}
{%- endmacro %}


{% macro reviewable_runs(operation) -%}
    {%- set condition = "status = 'quarantined'" if operation == 'release_run' else 'is_served' -%}
    {%- set runs = run_query(
        'select run_id, product, as_of from ' ~ ref('run_states') ~ ' where ' ~ condition ~ ' order by last_entry desc limit 5'
    ).rows -%}
    {%- set lines = ['The newest that could be meant:' if runs else 'There is none that could be meant.'] -%}
    {%- for run in runs -%}
        {%- do lines.append('  ' ~ run['run_id'] ~ '  ' ~ run['product'] ~ ' as of ' ~ run['as_of']) -%}
    {%- endfor -%}
    {{ return(lines | join('\n')) }}
{%- endmacro %}


{% macro describe_run(run) -%}
    {{ return('The run ' ~ run['run_id'] ~ ' (' ~ run['product'] ~ ' as of ' ~ run['as_of'] ~ ')') }}
{%- endmacro %}


{% macro node_of_model(name) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name -%}
        {{ return(node) }}
    {%- endfor -%}
{%- endmacro %}


{% macro relation_of_model(name) -%}
    {%- set node = node_of_model(name) -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias)) }}
{%- endmacro %}


{% macro columns_of_model(name) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == name -%}
        {{ return(node.columns.keys() | join(', ')) }}
    {%- endfor -%}
{%- endmacro %}
