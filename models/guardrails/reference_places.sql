-- The place of each bin's middle among the customers of the training, from 0 to 1: its ridit (Bross, Biometrics 14,
-- 1958).
select
    model_version,
    subject,
    bin,
    cast(sum(share) over (
        partition by model_version, subject
        order by bin
    ) - share / 2 as decimal(18, 9)) as mean_place
from (
    select
        model_version,
        subject,
        bin,
        cast(share as decimal(18, 12)) as share
    from {{ product_ref('reference_features') }}
    where category is null
) as exact
