-- Which exposures depend on which product, directly or downstream, and how much.
{{ consumers_of_products() }}
