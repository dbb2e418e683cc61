{#- Operation for replay: the inputs of past snapshots as the raw tables are now, into a warehouse of its own where they
    were landed. -#}
{% macro record_inputs_again() -%}
    {%- do make_operations_tables() -%}
    {%- set traced = [] -%}
    {%- for snapshot in requested_snapshots() -%}
        {%- do traced.append({
            'as_of': timestamp_literal(snapshot.as_of) | string, 'data_cutoff': timestamp_literal(snapshot.data_cutoff) | string
        }) -%}
    {%- endfor -%}
    {%- do run_query(insert_into('snapshot_inputs', query_of('input_digests', traced=traced))) -%}
{%- endmacro %}
