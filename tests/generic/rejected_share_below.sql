{#- Fails where more than the given share of a source's rows is rejected, of all rows or of those that were landed
    last: then the source is broken, and features built from what is left would be wrong. Sits above the features,
    and so stops them. A hundred rows at least are judged by themselves. -#}
{% test rejected_share_below(model, maximum) %}
with files as (
    select * from {{ operations_table('landed_files') if execute else model }}
    where source = '{{ model.identifier }}' and row_count > 0
),

customers as (
    select customer_id from {{ model.incorporate(path={'identifier': 'customers'}) }}
),

rejected as (
    select * from {{ operations_table('rejected_rows') if execute else model }}
    where
        source = '{{ model.identifier }}'
        and (not is_landed or customer_id not in (select customer_id from customers))
),

last_files as (
    select landing
    from files
    where invocation_id = (select max_by(invocation_id, landing) from files)
),

parts as (
    select
        'all rows' as part,
        sum(row_count) as row_count,
        (select count(*) from rejected) as rejected_rows
    from files

    union all

    select
        'rows landed last' as part,
        sum(row_count) as row_count,
        (select count(*) from rejected where landed_in in (select landing from last_files)) as rejected_rows
    from files
    where landing in (select landing from last_files)
    having sum(row_count) >= 100
)

select * from parts
where rejected_rows > {{ maximum }} * row_count
{% endtest %}
