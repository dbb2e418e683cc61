-- Reason codes of each product's newest served batch, of so many customers that frequent reasons show. Ids are digests:
-- those up to a limit are a sample, and the same one in every report. Names no product, so that a new one changes
-- nothing here.
-- depends_on: {{ ref('slot_batches') }}
{%- for product in products_with_contract() %}
{{ 'union all' if not loop.first }}
select
    served.run_id,
    served.product,
    served.as_of,
    served.newest,
    predictions.customer_id,
    predictions.reason_codes
from {{ relation_of_model('predictions_' ~ product) }} as predictions
inner join (
    select * from {{ ref('slot_batches') }}
    where product = {{ string_literal(product) }} and is_served
    qualify as_of = max(as_of) over ()
) as served
    on
        predictions.run_id = served.run_id
        and predictions.prediction_date = cast(served.as_of as date)
where
    predictions.reason_codes is not null
    and cast('0x' || predictions.prediction_id[1:8] as ubigint) * served.customers_scored
    <= 4294967296::hugeint * {{ var('reasons_in_report') }}
{%- else %}
select
    {{ typed_nulls({
        'run_id': 'text', 'product': 'text', 'as_of': 'timestamp', 'newest': 'bigint', 'customer_id': 'text',
        'reason_codes': 'text'
    }) }}
where false
{%- endfor %}
