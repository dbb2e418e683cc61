{#- Which rows count at an as-of, and in which version.

    A row counts if it happened before the as-of and was loaded before the data cutoff. The cutoff is the as-of plus the
    availability lag of the contract; a slot is due from then on (models/schedule/slots_considered.sql).

    A key that was loaded more than once counts in the version loaded last before the cutoff. Versions with one load time
    are ordered by their values, so that the choice is always the same one.

    The version is chosen first, then its event time is judged. A correction that moves an order behind the as-of, or to
    another customer, therefore replaces the former version. Rows loaded later change nothing: a rerun next year computes
    the same bytes.

    models/features/orders_as_of.sql, events_as_of.sql and customers_as_of.sql apply the rule to each source, and
    models/outcomes/label_window_orders.sql to the label window, whose end takes the place of the as-of. -#}

{% macro is_known(loaded_at, data_cutoff) -%}
    {{ loaded_at }} < {{ data_cutoff }}
{%- endmacro %}


{% macro has_happened(happened_at, as_of) -%}
    {{ happened_at }} < {{ as_of }}
{%- endmacro %}


{#- As a struct: the greatest one is the version loaded last. -#}
{% macro last_version(columns, relation) -%}
    max({{ ordered_record(['loaded_at'] + columns, relation) }})
{%- endmacro %}
