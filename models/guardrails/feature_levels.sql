-- Mean place of each feature among the customers of the training, in each batch of a trend.
select
    batches.run_id,
    batches.as_of,
    counted.subject as feature,
    cast(sum(counted.customers * places.mean_place) as double) / sum(counted.customers) as mean_place,
    sum(counted.customers) as customers
from {{ product_ref('trend_batches') }} as batches
inner join {{ product_ref('recorded_counts') }} as counted on batches.batch_run_id = counted.run_id
inner join {{ product_ref('reference_places') }} as places
    on
        batches.model_version = places.model_version
        and counted.subject = places.subject
        and counted.bin = places.bin
where counted.kind = 'feature'
group by batches.run_id, batches.as_of, counted.subject
