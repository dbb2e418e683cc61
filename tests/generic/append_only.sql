{#- Fails for every row that was ever deleted from the table or updated in it, as the lake remembers.
    `after` is a node at the end of the graph: a test that also depends on it keeps nothing from being built. -#}
{% test append_only(model, after=none) %}
-- depends_on: {{ after }}
select * from ({{ deleted_rows(model) }}) as deleted_rows
{% endtest %}
